use futures_util::SinkExt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::{PollSemaphore, PollSender};

#[test]
fn a_poll_sender_waits_for_room_and_sends_in_order() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut sender = PollSender::new(sender);
        let sends = tokio::spawn(async move {
            for number in 0..4 {
                sender.send(number).await.unwrap();
            }
            sender
        });
        for number in 0..4 {
            assert_eq!(receiver.recv().await, Some(number));
        }
        let mut sender = sends.await.unwrap();
        assert!(!sender.is_closed() && sender.get_ref().is_some());
        drop(receiver);
        let error = sender.send(9).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.into_inner()), ("channel closed", None));
        assert!(sender.is_closed());
        assert_eq!(sender.send_item(9).unwrap_err().into_inner(), Some(9));
    });
}

#[test]
fn room_that_was_found_can_be_given_back() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut sender = PollSender::new(sender);
        poll_fn(|cx| sender.poll_reserve(cx)).await.unwrap();
        let mut other = sender.clone();
        let pending = poll_fn(|cx| Poll::Ready(other.poll_reserve(cx).is_pending())).await;
        assert!(pending && other.abort_send() && !other.abort_send());
        assert!(sender.abort_send());
        poll_fn(|cx| other.poll_reserve(cx)).await.unwrap();
        other.close();
        other.send_item(3).unwrap();
        assert!(other.is_closed());
        assert_eq!(receiver.recv().await, Some(3));
        drop((sender, other));
        assert_eq!(receiver.recv().await, None);
    });
}

#[test]
fn a_poll_semaphore_grants_and_closes() {
    check(|| async {
        let mut permits = PollSemaphore::new(Arc::new(Semaphore::new(1)));
        let permit = poll_fn(|cx| permits.poll_acquire(cx)).await.unwrap();
        let mut other = permits.clone();
        let waits = tokio::spawn(async move {
            let two = poll_fn(|cx| other.poll_acquire_many(cx, 2)).await;
            two.map(|permit| permit.num_permits())
        });
        drop(permit);
        permits.add_permits(1);
        assert_eq!(waits.await.unwrap(), Some(2));
        assert_eq!(permits.available_permits(), 2);
        permits.close();
        assert!(poll_fn(|cx| permits.poll_acquire(cx)).await.is_none());
    });
}
