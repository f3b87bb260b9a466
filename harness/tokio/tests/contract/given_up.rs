// Operations that a timeout or a `select!` cancels take nothing and leave nothing behind.

use crate::{is_pending, poll};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore, SetOnce};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

#[test]
fn room_that_was_granted_to_a_send_goes_to_the_next() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.try_send(0).unwrap();
        let mut given_up = Box::pin(sender.send(1));
        let mut next = pin!(sender.send(2));
        assert!(is_pending(given_up.as_mut()) && is_pending(next.as_mut()));
        assert_eq!(receiver.recv().await, Some(0));
        drop(given_up);
        assert_eq!(poll(next), Poll::Ready(Ok(())));
        assert_eq!(receiver.recv().await, Some(2));
    });
}

#[test]
fn a_writer_that_gives_up_lets_readers_behind_it_in() {
    check(|| async {
        let lock = Arc::new(RwLock::new(0));
        let reading = lock.read().await;
        let mut writer = Box::pin(Arc::clone(&lock).write_owned());
        assert!(is_pending(writer.as_mut()));
        let mut reader = pin!(lock.read());
        assert!(is_pending(reader.as_mut()));
        drop(writer);
        assert!(poll(reader).is_ready());
        drop(reading);
        // The same for a writer that was already granted the lock.
        let writing = lock.write().await;
        let (mut writer, mut reader) = (Box::pin(lock.write()), pin!(lock.read()));
        assert!(is_pending(writer.as_mut()) && is_pending(reader.as_mut()));
        drop(writing);
        drop(writer);
        assert!(poll(reader).is_ready());
    });
}

#[test]
fn permits_that_were_granted_go_to_the_next() {
    check(|| async {
        let semaphore = Arc::new(Semaphore::new(0));
        let mut given_up = Box::pin(Arc::clone(&semaphore).acquire_many_owned(2));
        let mut next = pin!(semaphore.acquire());
        assert!(is_pending(given_up.as_mut()) && is_pending(next.as_mut()));
        semaphore.add_permits(2);
        assert!(is_pending(next.as_mut()));
        drop(given_up);
        assert!(matches!(poll(next), Poll::Ready(Ok(_))));
        assert_eq!(semaphore.available_permits(), 2);
        assert_eq!(Arc::strong_count(&semaphore), 1);
    });
}

#[test]
fn receiving_from_any_channel_loses_nothing() {
    check(|| async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let (news, mut heard) = broadcast::channel(4);
        let (value, mut seen) = watch::channel(0);
        let (reply, mut answer) = oneshot::channel();
        let mut many = Vec::new();
        {
            let mut gone = (
                Box::pin(receiver.recv_many(&mut many, 2)),
                Box::pin(heard.recv()),
                Box::pin(seen.changed()),
            );
            assert!(is_pending(gone.0.as_mut()) && is_pending(gone.1.as_mut()));
            assert!(is_pending(gone.2.as_mut()) && is_pending(pin!(&mut answer)));
            sender.send(1).unwrap();
            news.send(2).unwrap();
            value.send(3).unwrap();
            reply.send(4).unwrap();
        }
        assert!(many.is_empty());
        assert_eq!(receiver.recv().await, Some(1));
        assert_eq!(heard.recv().await, Ok(2));
        seen.changed().await.unwrap();
        assert_eq!((*seen.borrow(), answer.await), (3, Ok(4)));
    });
}

#[test]
fn a_notification_that_went_to_all_is_not_passed_on() {
    check(|| async {
        let notify = Notify::new();
        let mut given_up = Box::pin(notify.notified());
        assert!(is_pending(given_up.as_mut()));
        notify.notify_waiters();
        drop(given_up);
        assert!(is_pending(pin!(notify.notified())));
        // A notification for the last waiter is passed on to the last of those that remain.
        let mut all = [(); 3].map(|()| Box::pin(notify.notified()));
        for notified in &mut all {
            assert!(is_pending(notified.as_mut()));
        }
        notify.notify_last();
        let [mut first, mut second, third] = all;
        drop(third);
        assert!(is_pending(first.as_mut()) && poll(second.as_mut()).is_ready());
    });
}

#[test]
fn whoever_gave_up_at_a_barrier_still_counts() {
    check(|| async {
        let barrier = Barrier::new(2);
        let mut given_up = Box::pin(barrier.wait());
        assert!(is_pending(given_up.as_mut()));
        drop(given_up);
        assert!(barrier.wait().await.is_leader());
    });
}

#[test]
fn waiting_for_a_cell_can_be_given_up() {
    check(|| async {
        let set = SetOnce::new();
        let mut given_up = Box::pin(set.wait());
        assert!(is_pending(given_up.as_mut()));
        drop(given_up);
        set.set(1).unwrap();
        assert_eq!(*set.wait().await, 1);

        let cell = OnceCell::new();
        let mut filling = pin!(cell.get_or_init(|| async {
            sleep(Duration::from_secs(1)).await;
            2
        }));
        assert!(is_pending(filling.as_mut()));
        let mut given_up = Box::pin(cell.get_or_init(|| async { 3 }));
        assert!(is_pending(given_up.as_mut()));
        drop(given_up);
        assert_eq!(*filling.await, 2);
    });
}

#[test]
fn joining_can_be_given_up_and_taken_up_again() {
    check(|| async {
        let (go, start) = oneshot::channel();
        let mut task = tokio::spawn(start);
        assert!(timeout(Duration::from_millis(1), &mut task).await.is_err());
        let mut set = JoinSet::new();
        set.spawn(async move { task.await.unwrap().unwrap() });
        assert!(timeout(Duration::from_millis(1), set.join_next()).await.is_err());
        assert_eq!(set.len(), 1);
        go.send(7).unwrap();
        assert_eq!(set.join_next().await.unwrap().unwrap(), 7);
    });
}

#[test]
fn a_tick_that_is_given_up_comes_with_the_next() {
    check(|| async {
        let begin = Instant::now();
        let second = Duration::from_secs(1);
        let mut ticks = interval(second);
        ticks.tick().await;
        {
            let mut given_up = pin!(ticks.tick());
            assert!(is_pending(given_up.as_mut()));
        }
        assert_eq!(ticks.tick().await.duration_since(begin).as_secs(), 1);
        assert_eq!(ticks.tick().await.duration_since(begin).as_secs(), 2);
    });
}

#[test]
fn a_task_that_is_aborted_while_it_waits_passes_its_turn_on() {
    check(|| async {
        let mutex = Arc::new(Mutex::new(0));
        let guard = mutex.lock().await;
        let tasks = [(); 2].map(|()| {
            let mutex = Arc::clone(&mutex);
            tokio::spawn(async move { *mutex.lock().await += 1 })
        });
        let [aborted, other] = tasks;
        aborted.abort();
        drop(guard);
        let ran = aborted.await.is_ok();
        other.await.unwrap();
        assert_eq!(*mutex.lock().await, 1 + i32::from(ran));
    });
}
