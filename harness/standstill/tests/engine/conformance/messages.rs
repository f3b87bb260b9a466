//! Channels of tokio.

use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::sync::{Mutex, broadcast, mpsc, oneshot, watch};

use super::table::{Expect, Row};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::hang(
            "two tasks that send before they receive",
            &[
                "peer send mpsc channel of `u8`",
                "peer send mpsc channel of `u8`",
            ],
            full_cycle,
        ),
        Row::clean("two tasks that take turns", turns),
        Row::hang(
            "a receiver that keeps a sender itself",
            &["root recv mpsc channel of `u8`"],
            own_sender,
        ),
        Row::clean("a receiver that hears its senders go", senders_go),
        Row::clean("a sender that hears its receiver go", receiver_goes),
        Row::hang(
            "a send under the lock that the receiver needs",
            &["sink lock Mutex<u8>", "root send mpsc channel of `u8`"],
            send_under_lock,
        ),
        Row::hang(
            "two oneshots, each waited for first",
            &[
                "swap recv oneshot channel of `u8`",
                "swap recv oneshot channel of `u8`",
            ],
            crossed_oneshots,
        ),
        Row::clean("a oneshot whose sender is dropped", dropped_oneshot),
        Row::hang(
            "a watch that nobody changes",
            &["root changed watch channel of `u8`"],
            unchanged_watch,
        ),
        Row::clean("a watch whose sender goes", watch_sender_goes),
        Row::clean("a broadcast receiver that lags", lagging),
        Row::new(
            "a task that still receives when the root has ended",
            Expect::Found("leak", &["consumer recv mpsc channel of `u8`"]),
            orphaned_receiver,
        ),
        Row::clean("blocking ends of a channel", blocking_ends),
        Row::hang(
            "a blocking receiver whose sender is kept",
            &[
                "root join task",
                "blocking_orphan recv mpsc channel of `u8`",
            ],
            blocking_orphan,
        ),
    ]
}

async fn peer(sender: Sender<u8>, mut receiver: Receiver<u8>) {
    for value in 0..2 {
        sender.send(value).await.unwrap();
    }
    for _ in 0..2 {
        receiver.recv().await.unwrap();
    }
}

async fn full_cycle() {
    let (there, from_there) = mpsc::channel(1);
    let (back, from_back) = mpsc::channel(1);
    let one = tokio::spawn(peer(there, from_back));
    let other = tokio::spawn(peer(back, from_there));
    one.await.unwrap();
    other.await.unwrap();
}

async fn turns() {
    let (there, mut from_there) = mpsc::channel(1);
    let (back, mut from_back) = mpsc::channel(1);
    let other = tokio::spawn(async move {
        while let Some(value) = from_there.recv().await {
            back.send(value).await.unwrap();
        }
    });
    for value in 0..3_u8 {
        there.send(value).await.unwrap();
        assert_eq!(from_back.recv().await, Some(value));
    }
    drop(there);
    other.await.unwrap();
}

async fn own_sender() {
    let (sender, mut receiver) = mpsc::channel::<u8>(1);
    receiver.recv().await;
    drop(sender);
}

async fn senders_go() {
    let (sender, mut receiver) = mpsc::channel::<u8>(1);
    for value in 0..2 {
        let sender = sender.clone();
        tokio::spawn(async move { sender.send(value).await.unwrap() });
    }
    drop(sender);
    let mut received = 0;
    while receiver.recv().await.is_some() {
        received += 1;
    }
    assert_eq!(received, 2);
}

async fn receiver_goes() {
    let (sender, receiver) = mpsc::channel::<u8>(1);
    let other = tokio::spawn(async move {
        while sender.send(0).await.is_ok() {}
        sender.closed().await;
    });
    drop(receiver);
    other.await.unwrap();
}

async fn sink(lock: Arc<Mutex<u8>>, mut receiver: Receiver<u8>) {
    while receiver.recv().await.is_some() {
        *lock.lock().await += 1;
    }
}

async fn send_under_lock() {
    let lock = Arc::new(Mutex::new(0));
    let (sender, receiver) = mpsc::channel(1);
    let sink = tokio::spawn(sink(Arc::clone(&lock), receiver));
    {
        let _guard = lock.lock().await;
        for value in 0..3 {
            sender.send(value).await.unwrap();
        }
    }
    drop(sender);
    sink.await.unwrap();
}

async fn swap(mine: oneshot::Sender<u8>, theirs: oneshot::Receiver<u8>) {
    let value = theirs.await.unwrap();
    let _ = mine.send(value);
}

async fn crossed_oneshots() {
    let (first, from_first) = oneshot::channel();
    let (second, from_second) = oneshot::channel();
    let one = tokio::spawn(swap(first, from_second));
    let other = tokio::spawn(swap(second, from_first));
    one.await.unwrap();
    other.await.unwrap();
}

async fn dropped_oneshot() {
    let (sender, receiver) = oneshot::channel::<u8>();
    tokio::spawn(async move { drop(sender) });
    assert!(receiver.await.is_err());
}

async fn unchanged_watch() {
    let (sender, mut receiver) = watch::channel(0_u8);
    let _ = receiver.changed().await;
    drop(sender);
}

async fn watch_sender_goes() {
    let (sender, mut receiver) = watch::channel(0_u8);
    tokio::spawn(async move { sender.send(1).unwrap() });
    while receiver.changed().await.is_ok() {}
    assert_eq!(*receiver.borrow(), 1);
}

async fn lagging() {
    let (sender, mut receiver) = broadcast::channel(2);
    let sends = tokio::spawn(async move {
        for value in 0..5_u8 {
            sender.send(value).unwrap();
        }
    });
    let mut next = 0;
    loop {
        match receiver.recv().await {
            Ok(value) => {
                assert_eq!(value, next);
                next += 1;
            }
            Err(RecvError::Lagged(missed)) => next += u8::try_from(missed).unwrap(),
            Err(RecvError::Closed) => break,
        }
    }
    assert_eq!(next, 5);
    sends.await.unwrap();
}

async fn consumer(mut receiver: Receiver<u8>, _keeps_it_open: Sender<u8>) {
    while receiver.recv().await.is_some() {}
}

async fn orphaned_receiver() {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(consumer(receiver, sender.clone()));
    sender.send(1).await.unwrap();
}

async fn blocking_ends() {
    let (sender, mut receiver) = mpsc::channel(1);
    let producer = tokio::task::spawn_blocking(move || {
        for value in 0..3_u8 {
            sender.blocking_send(value).unwrap();
        }
    });
    let consumer = tokio::task::spawn_blocking(move || {
        let mut sum = 0;
        while let Some(value) = receiver.blocking_recv() {
            sum += value;
        }
        sum
    });
    producer.await.unwrap();
    assert_eq!(consumer.await.unwrap(), 3);
}

fn blocking_consumer(mut receiver: Receiver<u8>) {
    while receiver.blocking_recv().is_some() {}
}

async fn blocking_orphan() {
    let (sender, receiver) = mpsc::channel(1);
    let consumer = tokio::task::spawn_blocking(move || blocking_consumer(receiver));
    sender.send(1).await.unwrap();
    consumer.await.unwrap();
    drop(sender);
}
