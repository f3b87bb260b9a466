use crate::{is_pending, poll};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::broadcast::error::{RecvError, TryRecvError as BroadcastTryRecvError};
use tokio::sync::mpsc::error::{SendError, SendTimeoutError, TryRecvError, TrySendError};
use tokio::sync::oneshot::error::TryRecvError as OneshotTryRecvError;
use tokio::sync::{broadcast, mpsc, oneshot};

#[test]
fn values_arrive_in_order_and_the_channel_ends_with_its_senders() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            for number in 0..4 {
                sender.send(number).await.unwrap();
            }
        });
        let mut all = Vec::new();
        while let Some(number) = receiver.recv().await {
            all.push(number);
        }
        assert_eq!(all, [0, 1, 2, 3]);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        task.await.unwrap();
    });
}

#[test]
fn a_full_channel_holds_senders_back() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        sender.try_send(1).unwrap();
        assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
        assert_eq!((sender.capacity(), sender.max_capacity()), (0, 1));
        let timeout = sender.send_timeout(3, Duration::from_secs(1)).await;
        assert_eq!(timeout, Err(SendTimeoutError::Timeout(3)));
        let mut send = pin!(sender.send(4));
        assert!(is_pending(send.as_mut()));
        assert_eq!(receiver.recv().await, Some(1));
        send.await.unwrap();
        assert_eq!((receiver.len(), receiver.is_empty()), (1, false));
        assert_eq!(receiver.recv().await, Some(4));
    });
}

#[test]
fn a_send_that_is_given_up_sends_nothing() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.send(1).await.unwrap();
        let mut send = Box::pin(sender.send(2));
        assert!(is_pending(send.as_mut()));
        drop(send);
        sender.reserve_many(0).await.unwrap();
        assert_eq!(receiver.recv().await, Some(1));
        assert!(is_pending(pin!(receiver.recv())));
        sender.send(3).await.unwrap();
        assert_eq!(receiver.recv().await, Some(3));
    });
}

#[test]
fn a_closed_channel_drains_and_fails_senders() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(2);
        let permit = sender.reserve().await.unwrap();
        sender.send(1).await.unwrap();
        receiver.close();
        assert!(sender.is_closed() && receiver.is_closed());
        sender.closed().await;
        assert_eq!(sender.send(2).await, Err(SendError(2)));
        assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
        assert_eq!(receiver.recv().await, Some(1));
        assert!(is_pending(pin!(receiver.recv())), "room was reserved before");
        permit.send(4);
        assert_eq!(receiver.recv().await, Some(4));
        assert_eq!(receiver.recv().await, None);
    });
}

#[test]
fn dropping_the_receiver_wakes_whoever_sends() {
    check(|| async {
        let (sender, receiver) = mpsc::channel(1);
        sender.send(1).await.unwrap();
        let blocked = {
            let sender = sender.clone();
            tokio::spawn(async move { sender.send(2).await })
        };
        let closed = tokio::spawn(async move { sender.closed().await });
        drop(receiver);
        assert_eq!(blocked.await.unwrap(), Err(SendError(2)));
        closed.await.unwrap();
    });
}

#[test]
fn reserved_room_comes_back_when_it_is_not_used() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(3);
        let permit = sender.try_reserve().unwrap();
        assert_eq!(sender.capacity(), 2);
        drop(permit);
        assert_eq!(sender.capacity(), 3);

        let mut permits = sender.reserve_many(3).await.unwrap();
        assert_eq!((permits.len(), sender.capacity()), (3, 0));
        permits.next().unwrap().send(1);
        drop(permits.next());
        assert_eq!((permits.len(), sender.capacity()), (1, 1));
        drop(permits);
        assert_eq!(sender.capacity(), 2);
        assert!(matches!(sender.try_reserve_many(3), Err(TrySendError::Full(()))));

        let sender = sender.reserve_owned().await.unwrap().send(2);
        let permit = sender.try_reserve_owned().unwrap();
        let sender = permit.release();
        let permit = sender.clone().try_reserve_owned().unwrap();
        assert!(permit.same_channel_as_sender(&sender));
        let Err(TrySendError::Full(sender)) = sender.try_reserve_owned() else {
            panic!("there is room for three");
        };
        drop((permit, sender));
        let mut all = Vec::new();
        assert_eq!(receiver.recv_many(&mut all, 9).await, 2);
        assert_eq!(receiver.recv_many(&mut all, 9).await, 0);
        assert_eq!(all, [1, 2]);
    });
}

#[test]
fn a_weak_sender_does_not_keep_the_channel_open() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel::<u8>(1);
        let weak = sender.downgrade();
        let again = weak.upgrade().unwrap();
        assert!(again.same_channel(&sender));
        assert_eq!((sender.strong_count(), sender.weak_count()), (2, 1));
        drop((sender, again));
        assert!(weak.upgrade().is_none());
        assert_eq!(receiver.recv().await, None);
        assert_eq!(receiver.sender_strong_count(), 0);
    });
}

#[test]
fn an_unbounded_channel_never_holds_back() {
    check(|| async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let task = {
            let sender = sender.clone();
            tokio::spawn(async move { (0..3).try_for_each(|number| sender.send(number)) })
        };
        let mut all = vec![];
        while all.len() < 3 {
            let limit = 3 - all.len();
            receiver.recv_many(&mut all, limit).await;
        }
        assert_eq!(all, [0, 1, 2]);
        task.await.unwrap().unwrap();
        let weak = sender.downgrade();
        let polled = std::future::poll_fn(|cx| Poll::Ready(receiver.poll_recv(cx))).await;
        assert!(polled.is_pending());
        drop(sender);
        assert!(weak.upgrade().is_none());
        assert_eq!(std::future::poll_fn(|cx| receiver.poll_recv(cx)).await, None);
    });
}

#[test]
fn channels_reach_over_to_threads_that_block() {
    check(|| async {
        let (to, mut from) = mpsc::channel(1);
        let (back, mut answers) = mpsc::unbounded_channel();
        let (last, end) = oneshot::channel();
        let thread = tokio::task::spawn_blocking(move || {
            while let Some(number) = from.blocking_recv() {
                back.send(number * 2).unwrap();
            }
            drop(back);
            end.blocking_recv().unwrap()
        });
        for number in 1..4 {
            to.send(number).await.unwrap();
        }
        drop(to);
        let mut sum = 0;
        while let Some(number) = answers.recv().await {
            sum += number;
        }
        last.send(sum).unwrap();
        assert_eq!(thread.await.unwrap(), 12);
        let (to, mut from) = mpsc::channel(1);
        let thread = tokio::task::spawn_blocking(move || {
            (0..3).try_for_each(|number| to.blocking_send(number))
        });
        while from.recv().await.is_some() {}
        thread.await.unwrap().unwrap();
    });
}

#[test]
fn a_oneshot_carries_one_value_or_the_news_that_there_is_none() {
    check(|| async {
        let (sender, mut receiver) = oneshot::channel();
        assert_eq!(receiver.try_recv(), Err(OneshotTryRecvError::Empty));
        let task = tokio::spawn(async move { sender.send(5) });
        assert_eq!((&mut receiver).await, Ok(5));
        assert!(receiver.is_terminated());
        task.await.unwrap().unwrap();

        let (sender, receiver) = oneshot::channel::<()>();
        drop(sender);
        assert_eq!(receiver.await.unwrap_err().to_string(), "channel closed");

        let (mut sender, receiver) = oneshot::channel();
        assert!(is_pending(pin!(sender.closed())));
        drop(receiver);
        sender.closed().await;
        assert!(sender.is_closed());
        assert_eq!(sender.send(6), Err(6));

        let (mut sender, mut receiver) = oneshot::channel::<u8>();
        receiver.close();
        std::future::poll_fn(|cx| sender.poll_closed(cx)).await;
        assert_eq!(receiver.try_recv(), Err(OneshotTryRecvError::Closed));
    });
}

#[test]
fn every_receiver_of_a_broadcast_sees_everything_since_it_came() {
    check(|| async {
        let (sender, mut one) = broadcast::channel(4);
        assert_eq!(sender.send(1).unwrap(), 1);
        let mut two = sender.subscribe();
        assert_eq!(sender.send(2).unwrap(), 2);
        assert_eq!((one.len(), two.len(), sender.len()), (2, 1, 2));
        assert_eq!((one.recv().await, one.recv().await), (Ok(1), Ok(2)));
        assert_eq!(two.try_recv(), Ok(2));
        assert_eq!(two.try_recv(), Err(BroadcastTryRecvError::Empty));
        let task = tokio::spawn(async move { two.recv().await });
        sender.send(3).unwrap();
        assert_eq!(task.await.unwrap(), Ok(3));
        let mut late = one.resubscribe();
        drop(sender);
        assert_eq!((one.recv().await, one.recv().await), (Ok(3), Err(RecvError::Closed)));
        assert_eq!(late.recv().await, Err(RecvError::Closed));
        assert!(one.is_closed());
    });
}

#[test]
fn a_receiver_that_lags_is_told_so() {
    check(|| async {
        let (sender, mut receiver) = broadcast::channel(2);
        for number in 0..5 {
            sender.send(number).unwrap();
        }
        assert_eq!(receiver.recv().await, Err(RecvError::Lagged(3)));
        assert_eq!((receiver.recv().await, receiver.recv().await), (Ok(3), Ok(4)));
        assert!(is_pending(pin!(receiver.recv())));
        let weak = sender.downgrade();
        assert_eq!((weak.strong_count(), sender.receiver_count()), (1, 1));
        let mut closed = pin!(sender.closed());
        assert!(is_pending(closed.as_mut()));
        drop(receiver);
        closed.await;
        assert!(sender.send(9).is_err());
        assert!(matches!(poll(pin!(sender.closed())), Poll::Ready(())));
    });
}
