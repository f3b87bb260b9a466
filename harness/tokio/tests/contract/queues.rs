// Which waiting task is next: they are served in order, and none is overtaken.

use crate::{is_pending, poll};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use tokio::sync::{Barrier, Mutex, Notify, RwLock, Semaphore, SetOnce, broadcast, mpsc, watch};

/// Counts how often it was woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn room_goes_to_senders_in_the_order_of_asking() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.try_send(0).unwrap();
        let mut first = pin!(sender.send(1));
        let mut second = pin!(sender.reserve());
        let mut third = pin!(sender.reserve_many(1));
        assert!(is_pending(first.as_mut()) && is_pending(second.as_mut()));
        assert!(is_pending(third.as_mut()));
        assert_eq!(receiver.recv().await, Some(0));
        let full = sender.try_send(9).unwrap_err();
        assert_eq!(full.to_string(), "no available capacity", "it is the first one's room");
        assert!(is_pending(second.as_mut()) && is_pending(third.as_mut()));
        assert_eq!(poll(first), Poll::Ready(Ok(())));
        assert_eq!(receiver.recv().await, Some(1));
        assert!(is_pending(third.as_mut()));
        let Poll::Ready(Ok(permit)) = poll(second) else {
            panic!("the second is next");
        };
        permit.send(2);
        assert_eq!(receiver.recv().await, Some(2));
        third.await.unwrap().next().unwrap().send(3);
        assert_eq!(receiver.recv().await, Some(3));
    });
}

#[test]
fn readers_in_a_row_are_let_in_together_and_the_writer_behind_them_after() {
    check(|| async {
        let lock = RwLock::new(0);
        let writing = lock.write().await;
        let (mut one, mut two) = (Box::pin(lock.read()), Box::pin(lock.read()));
        let mut next = pin!(lock.write());
        let mut late = pin!(lock.read());
        for reader in [&mut one, &mut two] {
            assert!(is_pending(reader.as_mut()));
        }
        assert!(is_pending(next.as_mut()) && is_pending(late.as_mut()));
        drop(writing);
        let (Poll::Ready(one), Poll::Ready(two)) = (poll(one.as_mut()), poll(two.as_mut())) else {
            panic!("both readers are next");
        };
        assert!(is_pending(late.as_mut()), "there is a writer before it");
        drop(one);
        assert!(is_pending(next.as_mut()));
        drop(two);
        let Poll::Ready(writing) = poll(next) else {
            panic!("the writer is next");
        };
        assert!(is_pending(late.as_mut()));
        drop(writing);
        assert!(poll(late).is_ready());
    });
}

#[test]
fn a_downgrade_lets_in_whoever_waits_to_read_up_to_the_next_writer() {
    check(|| async {
        let lock = Arc::new(RwLock::new(0));
        let writing = lock.write().await;
        let (mut before, mut writer) = (pin!(lock.read()), pin!(lock.write()));
        let mut behind = pin!(Arc::clone(&lock).read_owned());
        assert!(is_pending(before.as_mut()) && is_pending(writer.as_mut()));
        assert!(is_pending(behind.as_mut()));
        let reading = writing.downgrade();
        let Poll::Ready(also) = poll(before) else {
            panic!("it was next, and reads");
        };
        assert!(is_pending(behind.as_mut()) && is_pending(writer.as_mut()));
        drop((reading, also));
        let Poll::Ready(writing) = poll(writer) else {
            panic!("nobody reads any more");
        };
        assert!(is_pending(behind.as_mut()));
        drop(writing);
        assert!(poll(behind).is_ready());
    });
}

#[test]
fn permits_that_are_added_go_to_as_many_as_they_are_enough_for() {
    check(|| async {
        let semaphore = Semaphore::new(0);
        let (mut one, mut two) = (pin!(semaphore.acquire()), pin!(semaphore.acquire_many(2)));
        let mut three = pin!(semaphore.acquire());
        assert!(is_pending(one.as_mut()) && is_pending(two.as_mut()));
        assert!(is_pending(three.as_mut()));
        semaphore.add_permits(2);
        assert!(is_pending(three.as_mut()) && is_pending(two.as_mut()));
        assert_eq!(semaphore.available_permits(), 0, "one of them is kept for the second");
        let Poll::Ready(Ok(permit)) = poll(one) else {
            panic!("the first is next");
        };
        permit.forget();
        semaphore.add_permits(2);
        let (Poll::Ready(Ok(two)), Poll::Ready(Ok(three))) = (poll(two), poll(three)) else {
            panic!("there are enough for both");
        };
        assert_eq!((two.num_permits(), three.num_permits()), (2, 1));
        // Acquiring 0 permits does not wait.
        assert_eq!(semaphore.acquire_many(0).await.unwrap().num_permits(), 0);
    });
}

#[test]
fn notifications_go_out_in_the_order_of_asking() {
    check(|| async {
        let notify = Notify::new();
        let mut all = [(); 3].map(|()| Box::pin(notify.notified()));
        for notified in &mut all {
            assert!(is_pending(notified.as_mut()));
        }
        for next in 0..3 {
            notify.notify_one();
            for (at, notified) in all.iter_mut().enumerate().skip(next) {
                assert_eq!(poll(notified.as_mut()).is_ready(), at == next);
            }
        }
        // If no task waits, the notification is stored, for one task.
        notify.notify_one();
        assert!(poll(pin!(notify.notified())).is_ready());
        assert!(is_pending(pin!(notify.notified())));
    });
}

#[test]
fn notify_waiters_reaches_all_and_keeps_nothing() {
    check(|| async {
        let notify = Notify::new();
        let mut all = [(); 3].map(|()| Box::pin(notify.notified()));
        assert!(is_pending(all[0].as_mut()) && is_pending(all[1].as_mut()));
        notify.notify_waiters();
        let heard = all.each_mut().map(|notified| poll(notified.as_mut()).is_ready());
        assert_eq!(heard, [true; 3]);
        assert!(is_pending(pin!(notify.notified())));
        // Nor does it take a stored notification.
        notify.notify_one();
        notify.notify_waiters();
        assert!(poll(pin!(notify.notified())).is_ready());
    });
}

#[test]
fn only_whom_it_concerns_is_woken() {
    check(|| async {
        let mutex = Mutex::new(0);
        let guard = mutex.lock().await;
        let (mut first, mut second) = (pin!(mutex.lock()), pin!(mutex.lock()));
        let wakes = [Arc::<Wakes>::default(), Arc::default()];
        let wakers = [0, 1].map(|at: usize| Waker::from(Arc::clone(&wakes[at])));
        assert!(first.as_mut().poll(&mut Context::from_waker(&wakers[0])).is_pending());
        assert!(second.as_mut().poll(&mut Context::from_waker(&wakers[1])).is_pending());
        let woken = || wakes.each_ref().map(|wakes| wakes.0.load(Ordering::Relaxed));
        assert_eq!(woken(), [0, 0]);
        drop(guard);
        assert_eq!(woken(), [1, 0]);
        let Poll::Ready(guard) = poll(first) else {
            panic!("it was woken");
        };
        drop(guard);
        assert_eq!(woken(), [1, 1]);
    });
}

#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_woken() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        let wakes = [Arc::<Wakes>::default(), Arc::default()];
        let mut receive = pin!(receiver.recv());
        for wakes in &wakes {
            let waker = Waker::from(Arc::clone(wakes));
            assert!(receive.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        sender.try_send(1).unwrap();
        assert_eq!(wakes.each_ref().map(|wakes| wakes.0.load(Ordering::Relaxed)), [0, 1]);
        assert_eq!(receive.await, Some(1));
    });
}

#[test]
fn everybody_hears_what_is_for_everybody() {
    check(|| async {
        let (value, seen) = watch::channel(0);
        let (news, _keep) = broadcast::channel(4);
        let cell = Arc::new(SetOnce::new());
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let (mut seen, mut heard) = (seen.clone(), news.subscribe());
                let cell = Arc::clone(&cell);
                tokio::spawn(async move {
                    seen.changed().await.unwrap();
                    let value = *seen.borrow();
                    (value, heard.recv().await.unwrap(), *cell.wait().await)
                })
            })
            .collect();
        value.send(1).unwrap();
        assert_eq!(news.send(2).unwrap(), 4);
        cell.set(3).unwrap();
        for task in tasks {
            assert_eq!(task.await.unwrap(), (1, 2, 3));
        }
    });
}

#[test]
fn the_last_to_arrive_leads_and_lets_all_go() {
    check(|| async {
        let barrier = Barrier::new(3);
        let (mut one, mut two) = (pin!(barrier.wait()), pin!(barrier.wait()));
        assert!(is_pending(one.as_mut()) && is_pending(two.as_mut()));
        assert!(barrier.wait().await.is_leader());
        assert!(!one.await.is_leader() && !two.await.is_leader());
        assert!(is_pending(pin!(barrier.wait())), "the next group begins");
    });
}
