// What remains after the end of a channel, a guard or a task, and the messages of errors and panics.

use crate::{is_pending, panic_of, poll};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{Mutex, RwLock, Semaphore, broadcast, mpsc, oneshot, watch};
use tokio::task::JoinSet;

#[test]
fn a_panic_gives_back_what_its_task_held_and_poisons_nothing() {
    check(|| async {
        let (mutex, lock) = (Arc::new(Mutex::new(0)), Arc::new(RwLock::new(0)));
        let semaphore = Arc::new(Semaphore::new(1));
        let task = {
            let (mutex, lock) = (Arc::clone(&mutex), Arc::clone(&lock));
            let semaphore = Arc::clone(&semaphore);
            tokio::spawn(async move {
                let _held = (mutex.lock().await, lock.write().await);
                let _permit = semaphore.acquire().await;
                panic!("with all of it");
            })
        };
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!((*mutex.lock().await, *lock.read().await), (0, 0));
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn values_that_nobody_will_receive_are_dropped_with_the_receiver() {
    check(|| async {
        let value = Arc::new(());
        let (bounded, receiver) = mpsc::channel(2);
        let (unbounded, other) = mpsc::unbounded_channel();
        let (reply, answer) = oneshot::channel();
        let (news, heard) = broadcast::channel(2);
        bounded.try_send(Arc::clone(&value)).unwrap();
        unbounded.send(Arc::clone(&value)).unwrap();
        reply.send(Arc::clone(&value)).unwrap();
        news.send(Arc::clone(&value)).unwrap();
        assert_eq!(Arc::strong_count(&value), 5);
        drop((receiver, other, answer, heard));
        assert_eq!(Arc::strong_count(&value), 1);
        let refused = unbounded.send(Arc::clone(&value)).unwrap_err();
        assert!(Arc::ptr_eq(&refused.0, &value));
        assert!(unbounded.is_closed() && bounded.is_closed());
        unbounded.closed().await;
    });
}

#[test]
fn a_closed_unbounded_channel_drains() {
    check(|| async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        sender.send(1).unwrap();
        receiver.close();
        assert_eq!(sender.send(2).unwrap_err().to_string(), "channel closed");
        assert_eq!((receiver.recv().await, receiver.recv().await), (Some(1), None));
        assert_eq!(
            receiver.try_recv().unwrap_err().to_string(),
            "receiving on a closed channel"
        );
    });
}

#[test]
fn a_oneshot_that_is_closed_keeps_what_was_sent_before() {
    check(|| async {
        let (sender, mut receiver) = oneshot::channel();
        assert!(receiver.is_empty() && !receiver.is_terminated());
        sender.send(1).unwrap();
        receiver.close();
        assert!(!receiver.is_empty());
        assert_eq!(receiver.try_recv(), Ok(1));
        let said = receiver.try_recv().unwrap_err().to_string();
        assert_eq!(said, "channel closed");
        let (_sender, mut receiver) = oneshot::channel::<u8>();
        receiver.close();
        assert!((&mut receiver).await.is_err());
        let said = panic_of(|| drop(poll(pin!(&mut receiver))));
        assert_eq!(said, "called after complete");
    });
}

#[test]
fn the_last_value_of_a_watch_is_seen_before_its_end() {
    check(|| async {
        let (sender, mut receiver) = watch::channel(0);
        sender.send(1).unwrap();
        drop(sender);
        receiver.changed().await.unwrap();
        assert_eq!(*receiver.borrow_and_update(), 1);
        let ended = receiver.changed().await.unwrap_err();
        assert_eq!(ended.to_string(), "channel closed");
        assert!(receiver.has_changed().is_err());
        // A value that is already there needs no sender.
        assert_eq!(*receiver.wait_for(|value| *value == 1).await.unwrap(), 1);
        assert!(receiver.wait_for(|value| *value == 2).await.is_err());
        let same = receiver.clone();
        assert!(same.same_channel(&receiver));
    });
}

#[test]
fn a_value_of_a_watch_that_was_seen_or_put_there_quietly_wakes_nobody() {
    check(|| async {
        let (sender, mut receiver) = watch::channel(0);
        let mut late = sender.subscribe();
        assert!(sender.send_if_modified(|value| std::mem::replace(value, 1) == 0));
        assert!(!sender.send_if_modified(|value| std::mem::replace(value, 2) == 0));
        assert_eq!(*receiver.borrow_and_update(), 2);
        assert!(is_pending(pin!(receiver.changed())));
        assert!(poll(pin!(late.changed())).is_ready());
        let said = panic_of(|| sender.send_modify(|_| panic!("half way")));
        assert_eq!(said, "half way");
        assert!(is_pending(pin!(late.changed())));
        assert_eq!(*sender.borrow(), 2);
    });
}

#[test]
fn a_broadcast_drains_for_each_receiver_and_then_ends() {
    check(|| async {
        let sender = broadcast::Sender::new(2);
        assert_eq!(sender.send(0).unwrap_err().0, 0);
        let (mut one, mut two) = (sender.subscribe(), sender.subscribe());
        let other = sender.clone();
        assert!(other.same_channel(&sender) && one.same_channel(&two));
        assert_eq!((sender.strong_count(), sender.weak_count()), (2, 0));
        let weak = sender.downgrade();
        sender.send(1).unwrap();
        drop((sender, other));
        assert!(weak.upgrade().is_none());
        assert_eq!(one.recv().await, Ok(1));
        assert_eq!(one.recv().await.unwrap_err().to_string(), "channel closed");
        let task = tokio::task::spawn_blocking(move || (two.blocking_recv(), two.blocking_recv()));
        assert_eq!(task.await.unwrap(), (Ok(1), Err(broadcast::error::RecvError::Closed)));
        let (sender, mut slow) = broadcast::channel(1);
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        assert_eq!(slow.try_recv().unwrap_err().to_string(), "channel lagged by 1");
        assert!(!slow.is_empty() && !slow.is_closed());
    });
}

#[test]
fn permits_outlive_the_closing_of_their_semaphore() {
    check(|| async {
        let semaphore = Arc::new(Semaphore::new(2));
        let held = semaphore.acquire().await.unwrap();
        let mut waiting = pin!(Arc::clone(&semaphore).acquire_many_owned(2));
        assert!(is_pending(waiting.as_mut()));
        semaphore.close();
        let Poll::Ready(Err(closed)) = poll(waiting) else {
            panic!("it was woken to fail");
        };
        assert_eq!(closed.to_string(), "semaphore closed");
        drop(held);
        assert_eq!(semaphore.available_permits(), 2);
        assert_eq!(semaphore.try_acquire_many(1).unwrap_err().to_string(), "semaphore closed");
        let said = panic_of(|| Semaphore::new(Semaphore::MAX_PERMITS + 1));
        assert!(said.starts_with("a semaphore may not have more than MAX_PERMITS permits"), "{said}");
    });
}

#[test]
fn a_task_that_has_ended_is_past_aborting() {
    check(|| async {
        let mut task = tokio::spawn(async { 1 });
        let abort = task.abort_handle();
        while !task.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        abort.abort();
        task.abort();
        assert_eq!((&mut task).await.unwrap(), 1);
        assert!(abort.is_finished());
        let said = panic_of(|| drop(poll(pin!(&mut task))));
        assert_eq!(said, "JoinHandle polled after completion");
    });
}

#[test]
fn all_of_a_set_are_aborted_and_joined_as_cancelled() {
    check(|| async {
        let mut set = JoinSet::new();
        let ids = [(); 2].map(|()| set.spawn(std::future::pending::<()>()).id());
        set.abort_all();
        let mut cancelled = Vec::new();
        while let Some(ended) = std::future::poll_fn(|cx| set.poll_join_next_with_id(cx)).await {
            cancelled.push(ended.unwrap_err().id());
        }
        assert!(ids.iter().all(|id| cancelled.contains(id)) && cancelled.len() == 2);
        assert!(std::future::poll_fn(|cx| set.poll_join_next(cx)).await.is_none());
        set.spawn(async { panic!("in a set") });
        let joined = tokio::spawn(set.join_all()).await.unwrap_err();
        assert!(joined.is_panic());
    });
}
