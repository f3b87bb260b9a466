use crate::{is_pending, panic_of, poll};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{Mutex, Notify, RwLock, Semaphore, broadcast, mpsc, oneshot, watch};
use tokio::time::timeout;

#[test]
fn a_writer_is_not_passed_by_later_readers() {
    check(|| async {
        let lock = RwLock::new(0);
        let first = lock.read().await;
        let mut writer = Box::pin(lock.write());
        assert!(is_pending(writer.as_mut()));
        let mut reader = pin!(lock.read());
        assert!(is_pending(reader.as_mut()));
        assert!(lock.try_read().is_err());
        drop(first);
        assert!(is_pending(reader.as_mut()));
        drop(writer);
        assert!(poll(reader.as_mut()).is_ready());
    });
}

#[test]
fn a_small_request_does_not_pass_a_large_one() {
    check(|| async {
        let semaphore = Semaphore::new(1);
        let mut large = Box::pin(semaphore.acquire_many(2));
        assert!(is_pending(large.as_mut()));
        let mut small = pin!(semaphore.acquire());
        assert!(is_pending(small.as_mut()));
        drop(large);
        assert!(matches!(poll(small.as_mut()), Poll::Ready(Ok(_))));
    });
}

#[test]
fn a_receive_that_is_given_up_loses_nothing() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        // Room for all values: a slow listener would miss some.
        let (news, mut listener) = broadcast::channel(4);
        let sends = tokio::spawn(async move {
            for number in 0..3 {
                sender.send(number).await.unwrap();
                news.send(number).unwrap();
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        });
        let (mut values, mut heard) = (Vec::new(), Vec::new());
        while values.len() < 3 || heard.len() < 3 {
            tokio::select! {
                Some(value) = receiver.recv() => values.push(value),
                Ok(value) = listener.recv() => heard.push(value),
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
        }
        assert_eq!((values, heard), (vec![0, 1, 2], vec![0, 1, 2]));
        sends.await.unwrap();
    });
}

#[test]
fn a_send_that_is_given_up_sends_nothing() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.send(1).await.unwrap();
        let given_up = timeout(Duration::from_millis(1), sender.send(2)).await;
        assert!(given_up.is_err());
        assert_eq!(receiver.recv().await, Some(1));
        drop(sender);
        assert_eq!(receiver.recv().await, None);
    });
}

#[test]
fn a_notification_that_was_not_heard_is_passed_on() {
    check(|| async {
        let notify = Notify::new();
        let (mut first, mut second) = (Box::pin(notify.notified()), pin!(notify.notified()));
        assert!(is_pending(first.as_mut()) && is_pending(second.as_mut()));
        notify.notify_one();
        drop(first);
        assert!(poll(second.as_mut()).is_ready());
        // From the back of the queue, or from its front.
        let (mut a, mut b) = (pin!(notify.notified()), pin!(notify.notified()));
        assert!(is_pending(a.as_mut()) && is_pending(b.as_mut()));
        notify.notify_last();
        assert!(poll(b.as_mut()).is_ready() && is_pending(a.as_mut()));
        notify.notify_one();
        assert!(poll(a.as_mut()).is_ready());
    });
}

#[test]
fn room_that_was_reserved_is_given_back_with_the_permit() {
    check(|| async {
        let (sender, receiver) = mpsc::channel::<u8>(2);
        let mut many = sender.reserve_many(2).await.unwrap();
        assert_eq!(sender.capacity(), 0);
        drop(many.next());
        assert_eq!((sender.capacity(), many.len()), (1, 1));
        drop(many);
        assert_eq!(sender.capacity(), 2);
        let owned = sender.clone().try_reserve_owned().unwrap();
        assert!(owned.same_channel_as_sender(&sender));
        assert_eq!(owned.release().capacity(), 2);
        // Reserved room can be used even after the channel is closed.
        let permit = sender.reserve().await.unwrap();
        let mut receiver = receiver;
        receiver.close();
        assert!(sender.try_reserve().is_err());
        permit.send(3);
        assert_eq!((receiver.recv().await, receiver.recv().await), (Some(3), None));
    });
}

#[test]
fn a_slow_receiver_is_told_what_it_missed_and_goes_on_with_the_oldest() {
    check(|| async {
        let (sender, mut slow) = broadcast::channel(2);
        for number in 0..5 {
            sender.send(number).unwrap();
        }
        assert_eq!(slow.len(), 5);
        assert_eq!(slow.recv().await, Err(broadcast::error::RecvError::Lagged(3)));
        assert_eq!((slow.recv().await, slow.try_recv()), (Ok(3), Ok(4)));
        assert_eq!(slow.try_recv(), Err(broadcast::error::TryRecvError::Empty));
        drop(sender);
        assert_eq!(slow.recv().await, Err(broadcast::error::RecvError::Closed));
    });
}

#[test]
fn errors_say_what_they_say_in_tokio() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        assert_eq!(receiver.try_recv().unwrap_err().to_string(), "receiving on an empty channel");
        sender.try_send(1).unwrap();
        assert_eq!(sender.try_send(2).unwrap_err().to_string(), "no available capacity");
        receiver.close();
        assert_eq!(sender.try_send(2).unwrap_err().to_string(), "channel closed");
        assert_eq!(sender.send(2).await.unwrap_err().to_string(), "channel closed");
        let timed = sender.send_timeout(2, Duration::from_secs(1)).await;
        assert_eq!(timed.unwrap_err().into_inner(), 2);
        let (reply, mut answer) = oneshot::channel::<u8>();
        assert_eq!(answer.try_recv().unwrap_err().to_string(), "channel empty");
        drop(reply);
        assert_eq!(answer.await.unwrap_err().to_string(), "channel closed");
        let (value, _) = watch::channel(1);
        assert_eq!(value.send(2).unwrap_err().to_string(), "channel closed");
        let mutex = Mutex::new(1);
        let _guard = mutex.lock().await;
        assert_eq!(
            mutex.try_lock().unwrap_err().to_string(),
            "operation would block"
        );
        let semaphore = Semaphore::new(0);
        assert_eq!(semaphore.try_acquire().unwrap_err().to_string(), "no permits available");
        let elapsed = timeout(Duration::from_secs(1), std::future::pending::<()>()).await;
        assert_eq!(elapsed.unwrap_err().to_string(), "deadline has elapsed");
        assert_eq!(panic_of(|| mpsc::channel::<u8>(0)), "mpsc bounded channel requires buffer > 0");
        assert_eq!(panic_of(|| broadcast::channel::<u8>(0)), "broadcast channel capacity cannot be zero");
    });
}

#[test]
fn what_is_closed_wakes_everybody_who_waits() {
    check(|| async {
        let semaphore = Arc::new(Semaphore::new(0));
        let (sender, receiver) = mpsc::channel::<u8>(1);
        sender.send(1).await.unwrap();
        let (sends, closed) = (sender.clone(), sender.clone());
        let waiting = (
            tokio::spawn(Arc::clone(&semaphore).acquire_owned()),
            tokio::spawn(async move { sends.send(2).await }),
            tokio::spawn(async move { closed.closed().await }),
        );
        semaphore.close();
        drop(receiver);
        assert!(waiting.0.await.unwrap().is_err());
        assert_eq!(waiting.1.await.unwrap().unwrap_err().0, 2);
        waiting.2.await.unwrap();
        assert!(sender.is_closed());
    });
}
