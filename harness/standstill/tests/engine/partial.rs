//! Partial hangs: some tasks can never run again while others go on. What only looks like one is
//! none: every test has a heartbeat beside it, so that the run never comes to rest.

use std::future::poll_fn;
use std::sync::{Arc, Mutex as StdMutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::common::{clean, find, story, within};
use standstill::{Finding, FindingKind};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::time;

/// How many schedules each test tries. Their runs are long.
const SCHEDULES: u64 = 50;

const SECOND: Duration = Duration::from_secs(1);

async fn heartbeat() {
    let mut ticks = time::interval(SECOND);
    loop {
        ticks.tick().await;
    }
}

/// Lets so many heartbeats pass.
async fn beats(count: u32) {
    let mut ticks = time::interval(SECOND);
    for _ in 0..count {
        ticks.tick().await;
    }
}

/// The heartbeat goes on for as long as the program does.
async fn beside_a_heartbeat(program: impl Future<Output = ()>) {
    let heartbeat = tokio::spawn(heartbeat());
    program.await;
    heartbeat.abort();
}

#[track_caller]
fn partial_hang<R>(program: fn() -> R) -> Finding
where
    R: Future<Output = ()> + 'static,
{
    let (finding, _) = find(2_000, move || beside_a_heartbeat(program()));
    assert_eq!(finding.kind, FindingKind::PartialHang);
    finding
}

async fn locker(lock: Arc<Mutex<u32>>) {
    *lock.lock().await += 1;
}

#[test]
fn a_guard_that_another_task_releases_ten_minutes_later_is_no_hang() {
    within(120, || {
        clean(SCHEDULES, || {
            beside_a_heartbeat(async {
                let lock = Arc::new(Mutex::new(0));
                let guard = Arc::clone(&lock).lock_owned().await;
                let waiter = tokio::spawn(locker(lock));
                tokio::spawn(async move {
                    time::sleep(Duration::from_secs(600)).await;
                    drop(guard);
                });
                waiter.await.unwrap();
            })
        });
    });
}

#[test]
fn a_guard_that_another_task_releases_after_many_ticks_is_no_hang() {
    within(120, || {
        clean(SCHEDULES, || {
            beside_a_heartbeat(async {
                let lock = Arc::new(Mutex::new(0));
                let guard = Arc::clone(&lock).lock_owned().await;
                let waiter = tokio::spawn(locker(lock));
                tokio::spawn(async move {
                    beats(600).await;
                    drop(guard);
                });
                waiter.await.unwrap();
            })
        });
    });
}

#[test]
fn a_notify_in_the_pocket_of_a_ticking_task_is_no_hang() {
    within(120, || {
        clean(SCHEDULES, || {
            beside_a_heartbeat(async {
                let notify = Arc::new(Notify::new());
                let pocket = Arc::clone(&notify);
                tokio::spawn(async move {
                    beats(500).await;
                    pocket.notify_one();
                });
                let waiter = tokio::spawn(async move { notify.notified().await });
                waiter.await.unwrap();
            })
        });
    });
}

async fn fast_heartbeat(milliseconds: u64) {
    let mut ticks = time::interval(Duration::from_millis(milliseconds));
    loop {
        ticks.tick().await;
    }
}

/// The more often others tick, the sooner a candidate could seem old.
#[test]
fn a_slow_task_is_given_its_time_beside_a_fast_heartbeat() {
    within(120, || {
        clean(4, || async {
            let heartbeat = tokio::spawn(fast_heartbeat(5));
            let lock = Arc::new(Mutex::new(0));
            let guard = Arc::clone(&lock).lock_owned().await;
            tokio::spawn(async move {
                beats(100).await;
                drop(guard);
            });
            tokio::spawn(locker(lock)).await.unwrap();
            heartbeat.abort();
        });
    });
}

/// The waiter is ready and the task that woke it has ended: nobody else is left to wait for.
#[test]
fn a_waiter_that_was_woken_and_has_not_run_yet_is_no_hang() {
    within(120, || {
        clean(60, || async {
            let heartbeat = tokio::spawn(fast_heartbeat(10));
            let notify = Arc::new(Notify::new());
            let pocket = Arc::clone(&notify);
            tokio::spawn(async move {
                beats(100).await;
                pocket.notify_one();
            });
            let waiter = tokio::spawn(async move { notify.notified().await });
            waiter.await.unwrap();
            heartbeat.abort();
        });
    });
}

#[test]
fn a_hang_is_found_beside_a_fast_heartbeat() {
    async fn twice(lock: Arc<Mutex<u32>>) {
        let mut first = lock.lock().await;
        *first += *lock.lock().await;
    }
    within(120, || {
        let (finding, _) = find(10, || async {
            let heartbeat = tokio::spawn(fast_heartbeat(5));
            tokio::spawn(twice(Arc::new(Mutex::new(0)))).await.unwrap();
            heartbeat.abort();
        });
        assert_eq!(finding.kind, FindingKind::PartialHang);
        assert_eq!(story(&finding), ["twice lock Mutex<u32>"]);
    });
}

#[test]
fn a_sender_in_the_pocket_of_a_ticking_task_is_no_hang() {
    within(120, || {
        clean(SCHEDULES, || {
            beside_a_heartbeat(async {
                let (sender, mut receiver) = mpsc::channel(1);
                tokio::spawn(async move {
                    beats(500).await;
                    sender.send(1).await.unwrap();
                });
                let receiver = tokio::spawn(async move { receiver.recv().await });
                assert_eq!(receiver.await.unwrap(), Some(1));
            })
        });
    });
}

#[test]
fn a_future_written_by_hand_that_is_woken_late_is_no_hang() {
    #[derive(Default)]
    struct Signal {
        set: bool,
        waker: Option<Waker>,
    }
    within(120, || {
        clean(SCHEDULES, || {
            beside_a_heartbeat(async {
                let signal = Arc::<StdMutex<Signal>>::default();
                let seen = Arc::clone(&signal);
                let waiter = tokio::spawn(poll_fn(move |cx| {
                    let mut signal = seen.lock().unwrap();
                    if signal.set {
                        return Poll::Ready(());
                    }
                    signal.waker = Some(cx.waker().clone());
                    Poll::Pending
                }));
                tokio::spawn(async move {
                    beats(500).await;
                    let waker = {
                        let mut signal = signal.lock().unwrap();
                        signal.set = true;
                        signal.waker.take()
                    };
                    if let Some(waker) = waker {
                        waker.wake();
                    }
                });
                waiter.await.unwrap();
            })
        });
    });
}

#[test]
fn an_idle_worker_is_no_hang() {
    within(120, || {
        clean(SCHEDULES, || {
            beside_a_heartbeat(async {
                let (work, mut queue) = mpsc::channel::<u32>(1);
                let worker = tokio::spawn(async move { while queue.recv().await.is_some() {} });
                beats(200).await;
                drop(work);
                worker.await.unwrap();
            })
        });
    });
}

#[test]
fn two_locks_in_two_orders_are_found_beside_a_heartbeat() {
    async fn both(first: Arc<Mutex<u32>>, second: Arc<Mutex<u32>>) {
        let _first = first.lock().await;
        *second.lock().await += 1;
    }
    within(120, || {
        let finding = partial_hang(|| async {
            let (left, right) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
            let one = tokio::spawn(both(Arc::clone(&left), Arc::clone(&right)));
            let other = tokio::spawn(both(right, left));
            one.await.unwrap();
            other.await.unwrap();
        });
        assert_eq!(
            story(&finding),
            ["both lock Mutex<u32>", "both lock Mutex<u32>"]
        );
    });
}

#[test]
fn two_locks_in_two_orders_are_found_while_the_root_goes_on() {
    async fn both(first: Arc<Mutex<u32>>, second: Arc<Mutex<u32>>) {
        let _first = first.lock().await;
        *second.lock().await += 1;
    }
    within(120, || {
        let (finding, _) = find(2_000, || async {
            let (left, right) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
            let one = tokio::spawn(both(Arc::clone(&left), Arc::clone(&right)));
            let other = tokio::spawn(both(right, left));
            while !(one.is_finished() && other.is_finished()) {
                time::sleep(SECOND).await;
            }
        });
        assert_eq!(finding.kind, FindingKind::PartialHang);
        assert_eq!(
            story(&finding),
            ["both lock Mutex<u32>", "both lock Mutex<u32>"]
        );
    });
}

#[test]
fn a_oneshot_whose_sender_was_forgotten_is_found_beside_a_heartbeat() {
    async fn waiter(receiver: oneshot::Receiver<u32>) {
        let _ = receiver.await;
    }
    within(120, || {
        let finding = partial_hang(|| async {
            let (sender, receiver) = oneshot::channel::<u32>();
            let waiter = tokio::spawn(waiter(receiver));
            std::mem::forget(sender);
            waiter.await.unwrap();
        });
        assert_eq!(story(&finding), ["waiter recv oneshot channel of `u32`"]);
    });
}

#[test]
fn a_lock_taken_twice_is_found_beside_a_heartbeat() {
    async fn twice(lock: Arc<Mutex<u32>>) {
        let mut first = lock.lock().await;
        *first += *lock.lock().await;
    }
    within(120, || {
        let finding = partial_hang(|| async {
            tokio::spawn(twice(Arc::new(Mutex::new(0)))).await.unwrap();
        });
        assert_eq!(story(&finding), ["twice lock Mutex<u32>"]);
    });
}
