//! What the drop-in tells the engine, as seen from the outside: whole runs and their findings.
#![cfg(feature = "standstill")]

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize as RealUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex as RealMutex};
use std::time::Duration;

use standstill_hunt::{Hunt, Outcome};
use standstill_model::graph::Why;
use standstill_model::{Finding, FindingKind, Preempt};
use standstill_rt::{Op, ResourceKind, TaskKind};
use standstill_std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use standstill_std::sync::{Barrier, Condvar, Mutex, OnceLock, RwLock, mpsc};
use standstill_std::{thread, thread_local, time};

fn hunt<F, R>(body: F) -> Outcome
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    Hunt::new("run").schedules(500).seed(3).run(body)
}

/// What a hunt finds.
#[track_caller]
fn found<F, R>(body: F) -> Finding
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let outcome = hunt(body);
    let Some(finding) = outcome.finding() else {
        panic!("nothing found: {}", outcome.verdict);
    };
    finding.clone()
}

/// What a hunt finds in threads.
#[track_caller]
fn found_in_threads(body: impl Fn() + Send + Sync + 'static) -> Finding {
    let body = Arc::new(body);
    found(move || {
        let body = Arc::clone(&body);
        async move { body() }
    })
}

/// Threads under many schedules, in both granularities: nothing is found.
#[track_caller]
fn clean_in_threads(body: impl Fn() + Send + Sync + 'static) {
    let body = Arc::new(body);
    for preempt in [Preempt::Op, Preempt::Await] {
        let body = Arc::clone(&body);
        Hunt::new("clean")
            .schedules(500)
            .seed(5)
            .preempt(preempt)
            .run(move || {
                let body = Arc::clone(&body);
                async move { body() }
            })
            .assert_clean();
    }
}

/// The core of a hang: role, operation, resource, and whom it waits for.
fn core(finding: &Finding) -> Vec<String> {
    let graph = &finding.graph;
    finding
        .core
        .iter()
        .map(|link| {
            let (task, wait, blocker) = graph.follow(*link);
            let what = graph.resources[wait.resource].type_text();
            let whom = blocker.map_or_else(
                || "nobody".to_owned(),
                |blocker| format!("{} ({:?})", graph.tasks[blocker.task].role, blocker.why),
            );
            format!("{}: {} {what} <- {whom}", task.role, wait.op)
        })
        .collect()
}

fn named<F: FnOnce() + Send + 'static>(name: &str, f: F) -> thread::JoinHandle<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(f)
        .expect("a thread")
}

#[test]
fn locks_in_two_orders_are_found_with_their_holders() {
    let finding = found_in_threads(|| {
        let locks = Arc::new((Mutex::new(1), Mutex::new("two")));
        let other = Arc::clone(&locks);
        let forth = named("forth", move || {
            let _one = other.0.lock().unwrap();
            let _two = other.1.lock().unwrap();
        });
        let back = named("back-7", move || {
            let _two = locks.1.lock().unwrap();
            let _one = locks.0.lock().unwrap();
        });
        forth.join().unwrap();
        back.join().unwrap();
    });
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(
        core(&finding),
        [
            "forth: lock std::sync::Mutex<&str> <- back (Holds)",
            "back: lock std::sync::Mutex<i32> <- forth (Holds)",
        ]
    );
    let threads = finding.graph.tasks.iter();
    assert_eq!(
        threads.filter(|task| task.kind == TaskKind::Thread).count(),
        2
    );
}

#[test]
fn a_second_read_behind_a_writer_is_found() {
    let finding = found_in_threads(|| {
        let table = Arc::new(RwLock::new(0_u8));
        let other = Arc::clone(&table);
        let reader = named("reader", move || {
            let _outer = other.read().unwrap();
            let _inner = other.read().unwrap();
        });
        let writer = named("writer", move || *table.write().unwrap() += 1);
        reader.join().unwrap();
        writer.join().unwrap();
    });
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(
        core(&finding),
        [
            "reader: read std::sync::RwLock<u8> <- writer (Ahead)",
            "writer: write std::sync::RwLock<u8> <- reader (Holds)",
        ]
    );
}

#[test]
fn a_lost_notification_is_found() {
    let finding = found_in_threads(|| {
        let state = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&state);
        let thread = named("setter", move || {
            *other.0.lock().unwrap() = true;
            other.1.notify_one();
        });
        // The flag is looked at before the wait begins: a notification in between is lost.
        let ready = *state.0.lock().unwrap();
        if !ready {
            let guard = state.0.lock().unwrap();
            drop(state.1.wait(guard).unwrap());
        }
        thread.join().unwrap();
    });
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(finding.graph.tasks[0].waits[0].op, Op::CondvarWait);
}

#[test]
fn every_wait_says_for_what() {
    let wait_of = |body: fn()| {
        let finding = found_in_threads(body);
        assert_eq!(finding.kind, FindingKind::Hang);
        let wait = &finding.graph.tasks[0].waits[0];
        assert!(wait.at.file.ends_with("runs.rs"), "{}", wait.at);
        let why: Vec<Why> = wait.blockers.iter().map(|blocker| blocker.why).collect();
        (wait.op, finding.graph.resources[wait.resource].kind, why)
    };
    assert_eq!(
        wait_of(|| {
            let lock = Mutex::new(());
            let _one = lock.lock().unwrap();
            drop(lock.lock().unwrap());
        }),
        (Op::Lock, ResourceKind::StdMutex, vec![Why::Holds])
    );
    assert_eq!(
        wait_of(|| {
            let lock = RwLock::new(());
            let _one = lock.read().unwrap();
            drop(lock.write().unwrap());
        }),
        (Op::Write, ResourceKind::StdRwLock, vec![Why::Holds])
    );
    assert_eq!(
        wait_of(|| thread::park()),
        (Op::Park, ResourceKind::ParkToken, vec![])
    );
    assert_eq!(
        wait_of(|| {
            Barrier::new(2).wait();
        }),
        (Op::BarrierWait, ResourceKind::StdBarrier, vec![])
    );
    assert_eq!(
        wait_of(|| {
            let (_sender, receiver) = mpsc::channel::<()>();
            let _ = receiver.recv();
        }),
        (Op::Recv, ResourceKind::StdChannel, vec![])
    );
    assert_eq!(
        wait_of(|| {
            let (sender, _receiver) = mpsc::sync_channel(1);
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        }),
        (Op::Send, ResourceKind::StdSyncChannel, vec![])
    );
    assert_eq!(
        wait_of(|| {
            let (sender, _receiver) = mpsc::sync_channel(0);
            sender.send(1).unwrap();
        }),
        (Op::Send, ResourceKind::StdSyncChannel, vec![])
    );
    assert_eq!(
        wait_of(|| {
            let cell = OnceLock::new();
            cell.get_or_init(|| *cell.get_or_init(|| 1));
        }),
        (Op::Init, ResourceKind::StdOnceLock, vec![Why::Holds])
    );
    assert_eq!(
        wait_of(|| {
            let forever = thread::spawn(thread::park);
            forever.join().unwrap();
        }),
        (Op::Join, ResourceKind::Task, vec![Why::Joined])
    );
    assert_eq!(
        wait_of(|| thread::scope(|scope| {
            scope.spawn(thread::park);
        })),
        (Op::Join, ResourceKind::Task, vec![Why::Joined])
    );
}

#[test]
fn spinning_on_a_flag_that_nobody_sets_is_a_livelock() {
    let finding = found_in_threads(|| {
        let flag = AtomicBool::new(false);
        while !flag.load(Ordering::Acquire) {}
    });
    assert_eq!(finding.kind, FindingKind::Livelock);
}

#[test]
fn spinning_on_a_flag_that_somebody_sets_ends() {
    clean_in_threads(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let other = Arc::clone(&flag);
        let setter = thread::spawn(move || other.store(true, Ordering::Release));
        while !flag.load(Ordering::Acquire) {
            thread::yield_now();
        }
        setter.join().unwrap();
    });
}

#[test]
fn a_race_between_atomics_is_found() {
    let finding = found_in_threads(|| {
        let count = Arc::new(AtomicU32::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let count = Arc::clone(&count);
                thread::spawn(move || {
                    let before = count.load(Ordering::Relaxed);
                    count.store(before + 1, Ordering::Relaxed);
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(count.load(Ordering::Relaxed), 2, "an update was lost");
    });
    assert_eq!(finding.kind, FindingKind::Panic);
    assert!(finding.panics[0].message.contains("an update was lost"));
}

#[test]
fn a_thousand_atomic_additions_are_no_livelock() {
    Hunt::new("busy")
        .schedules(1)
        .run(|| async {
            let count = AtomicU32::new(0);
            for _ in 0..200_000 {
                count.fetch_add(1, Ordering::Relaxed);
            }
        })
        .assert_clean();
}

#[test]
fn a_loop_that_waits_for_time_to_pass_ends() {
    clean_in_threads(|| {
        let start = time::Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_secs(1));
        }
        assert!(start.elapsed() >= Duration::from_secs(5));
    });
    let outcome = Hunt::new("spins").schedules(1).run(|| async {
        let start = time::Instant::now();
        while start.elapsed() < Duration::from_secs(5) {}
    });
    outcome.assert_clean();
}

#[test]
fn a_thread_that_panics_is_reported_unless_it_is_joined() {
    let finding = found_in_threads(|| drop(thread::spawn(|| panic!("nobody hears me"))));
    assert_eq!(finding.kind, FindingKind::Panic);
    assert_eq!(finding.panics[0].message, "nobody hears me");
    clean_in_threads(|| {
        let error = thread::spawn(|| panic!("heard")).join().unwrap_err();
        assert_eq!(*error.downcast::<&str>().unwrap(), "heard");
        let caught = catch_unwind(|| {
            thread::scope(|scope| {
                scope.spawn(|| panic!("in a scope"));
            });
        });
        let text = caught.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(*text, "a scoped thread panicked: in a scope");
    });
}

#[test]
fn a_thread_left_behind_is_a_leak() {
    let finding = found_in_threads(|| drop(named("idler-1", thread::park)));
    assert_eq!(finding.kind, FindingKind::Leak);
    assert_eq!(finding.graph.tasks[0].role, "idler");
}

/// Counts how many there are.
struct Counted(Arc<RealUsize>);

impl Counted {
    fn new(count: &Arc<RealUsize>) -> Self {
        count.fetch_add(1, SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[test]
fn stuck_threads_are_unwound_and_leave_nothing_behind() {
    let alive = Arc::new(RealUsize::new(0));
    let counted = Arc::clone(&alive);
    let finding = found_in_threads(move || {
        let locks = Arc::new((Mutex::new(()), Mutex::new(())));
        let others: Vec<_> = (0..2)
            .map(|number| {
                let (locks, counted) = (Arc::clone(&locks), Counted::new(&counted));
                let inner = Arc::clone(&counted.0);
                thread::spawn(move || {
                    let _counted = counted;
                    let _inner = Counted::new(&inner);
                    let (first, second) = match number {
                        0 => (&locks.0, &locks.1),
                        _ => (&locks.1, &locks.0),
                    };
                    let _first = first.lock().unwrap();
                    let _second = second.lock().unwrap();
                })
            })
            .collect();
        for other in others {
            other.join().unwrap();
        }
    });
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(alive.load(SeqCst), 0, "a destructor did not run");
}

#[test]
fn a_lock_that_was_unwound_with_its_run_is_not_poisoned_in_the_next() {
    static LOCK: Mutex<u32> = Mutex::new(0);
    for _ in 0..2 {
        let finding = found_in_threads(|| {
            let guard = LOCK.lock().unwrap();
            thread::park();
            drop(guard);
        });
        assert_eq!(finding.kind, FindingKind::Hang);
        assert_eq!(finding.graph.tasks[0].waits[0].op, Op::Park);
    }
    assert!(!LOCK.is_poisoned());
    assert!(LOCK.try_lock().is_ok(), "it stayed locked");
}

/// Locks when dropped.
struct LocksInTheEnd(Arc<Mutex<u32>>);

impl Drop for LocksInTheEnd {
    fn drop(&mut self) {
        *self.0.lock().expect("no poison") += 1;
    }
}

#[test]
fn a_destructor_gets_the_lock_that_another_stuck_thread_holds() {
    let seen = Arc::new(RealUsize::new(0));
    let count = Arc::clone(&seen);
    let finding = found_in_threads(move || {
        let lock = Arc::new(Mutex::new(0));
        let waits = {
            let (lock, count) = (Arc::clone(&lock), Arc::clone(&count));
            named("waits", move || {
                let _later = LocksInTheEnd(Arc::clone(&lock));
                thread::park();
                count.fetch_add(1, SeqCst);
            })
        };
        let holds = named("holds", move || {
            let _guard = lock.lock().unwrap();
            thread::park();
        });
        waits.join().unwrap();
        holds.join().unwrap();
    });
    assert_eq!(finding.kind, FindingKind::Hang);
    assert!(finding.panics.is_empty());
    assert_eq!(seen.load(SeqCst), 0);
}

#[test]
fn a_destructor_that_joins_is_served_while_its_thread_unwinds() {
    // As a pool of threads does it.
    struct Pool {
        jobs: Option<mpsc::Sender<()>>,
        worker: Option<thread::JoinHandle<()>>,
    }
    impl Drop for Pool {
        fn drop(&mut self) {
            drop(self.jobs.take());
            self.worker.take().unwrap().join().unwrap();
        }
    }
    let finding = found_in_threads(|| {
        let (jobs, queue) = mpsc::channel();
        let worker = named("worker", move || for () in queue {});
        let _pool = Pool {
            jobs: Some(jobs),
            worker: Some(worker),
        };
        thread::park();
    });
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(finding.graph.tasks[0].waits[0].op, Op::Park);
    // And when it panics, which ends the run.
    let finding = found_in_threads(|| {
        let (jobs, queue) = mpsc::channel();
        let worker = named("worker", move || for () in queue {});
        let _pool = Pool {
            jobs: Some(jobs),
            worker: Some(worker),
        };
        panic!("with a pool");
    });
    assert_eq!(finding.kind, FindingKind::Panic);
    assert_eq!(finding.panics.len(), 1);
    assert_eq!(finding.panics[0].message, "with a pool");
}

#[test]
fn a_thread_that_catches_its_own_unwinding_is_ended_all_the_same() {
    let finding = found_in_threads(|| {
        let stubborn = named("stubborn", || {
            for _ in 0..3 {
                let _ = catch_unwind(AssertUnwindSafe(thread::park));
            }
        });
        stubborn.join().unwrap();
    });
    assert_eq!(finding.kind, FindingKind::Hang);
    let finding = found_in_threads(|| {
        let for_ever = named("for ever", || {
            loop {
                let _ = catch_unwind(AssertUnwindSafe(thread::park));
            }
        });
        for_ever.join().unwrap();
    });
    assert_eq!(finding.kind, FindingKind::Hang);
    assert!(finding.panics.is_empty());
}

#[test]
fn threads_of_a_scope_are_gone_before_what_they_borrow() {
    static LAST: RealMutex<Vec<u32>> = RealMutex::new(Vec::new());
    struct Adds<'a>(&'a RealMutex<u32>);
    impl Drop for Adds<'_> {
        fn drop(&mut self) {
            *self.0.lock().unwrap() += 1;
        }
    }
    struct Leaves(RealMutex<u32>);
    impl Drop for Leaves {
        fn drop(&mut self) {
            LAST.lock().unwrap().push(*self.0.lock().unwrap());
        }
    }
    let finding = found_in_threads(|| {
        let count = Leaves(RealMutex::new(0));
        thread::scope(|scope| {
            for _ in 0..3 {
                let adds = Adds(&count.0);
                scope.spawn(move || {
                    let _adds = adds;
                    thread::park();
                });
            }
        });
    });
    assert_eq!(finding.kind, FindingKind::Hang);
    let last = LAST.lock().unwrap();
    assert!(
        !last.is_empty() && last.iter().all(|count| *count == 3),
        "{last:?}"
    );
}

#[test]
fn a_lock_that_waits_inside_a_poll_suspends_the_task() {
    for preempt in [Preempt::Op, Preempt::Await] {
        Hunt::new("mixed")
            .schedules(500)
            .seed(1)
            .preempt(preempt)
            .run(|| async {
                let lock = Arc::new(Mutex::new(0));
                let thread = {
                    let lock = Arc::clone(&lock);
                    thread::spawn(move || {
                        let mut guard = lock.lock().unwrap();
                        let before = *guard;
                        thread::sleep(Duration::from_secs(1));
                        *guard = before + 1;
                    })
                };
                let lock = Arc::clone(&lock);
                // It is polled once more than it asks for, and must not mind.
                let count = std::future::poll_fn(move |_| {
                    let mut guard = lock.lock().unwrap();
                    *guard += 1;
                    std::task::Poll::Ready(*guard)
                })
                .await;
                thread.join().unwrap();
                assert!(count == 1 || count == 2);
            })
            .assert_clean();
    }
}

#[test]
fn a_wake_that_comes_while_a_poll_is_blocked_is_not_lost() {
    use std::task::{Poll, Waker};
    for preempt in [Preempt::Op, Preempt::Await] {
        Hunt::new("wakes")
            .schedules(1_000)
            .seed(1)
            .preempt(preempt)
            .run(|| async {
                let lock = Arc::new(Mutex::new(()));
                let shared: Arc<(RealMutex<Option<Waker>>, AtomicBool)> =
                    Arc::new((RealMutex::new(None), AtomicBool::new(false)));
                let holder = {
                    let (lock, shared) = (Arc::clone(&lock), Arc::clone(&shared));
                    thread::spawn(move || {
                        let _guard = lock.lock().unwrap();
                        thread::yield_now();
                        shared.1.store(true, Ordering::SeqCst);
                        let waker = shared.0.lock().unwrap().take();
                        if let Some(waker) = waker {
                            waker.wake();
                        }
                    })
                };
                std::future::poll_fn(|cx| {
                    if shared.1.load(Ordering::SeqCst) {
                        return Poll::Ready(());
                    }
                    *shared.0.lock().unwrap() = Some(cx.waker().clone());
                    if shared.1.load(Ordering::SeqCst) {
                        return Poll::Ready(());
                    }
                    drop(lock.lock().unwrap());
                    Poll::Pending
                })
                .await;
                holder.join().unwrap();
            })
            .assert_clean();
    }
}

#[test]
fn values_of_a_thread_are_its_own_and_end_with_it() {
    struct Says(Arc<RealMutex<Vec<u32>>>, u32);
    impl Drop for Says {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(self.1);
        }
    }
    thread_local! {
        static SAYS: std::cell::RefCell<Option<Says>> = const { std::cell::RefCell::new(None) };
        static NUMBER: std::cell::Cell<u32> = std::cell::Cell::new(1);
    }
    clean_in_threads(|| {
        let said = Arc::new(RealMutex::new(Vec::new()));
        NUMBER.set(7);
        let threads: Vec<_> = (0..3)
            .map(|number| {
                let said = Arc::clone(&said);
                thread::spawn(move || {
                    SAYS.set(Some(Says(said, number)));
                    NUMBER.set(NUMBER.get() + number);
                    thread::yield_now();
                    assert_eq!(NUMBER.get(), 1 + number);
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(NUMBER.get(), 7);
        let mut said = said.lock().unwrap().clone();
        said.sort_unstable();
        assert_eq!(said, [0, 1, 2], "a value outlived its thread");
    });
}

#[test]
fn runs_of_threads_are_the_same_every_time() {
    let outcome = || {
        hunt(|| async {
            let lock = Arc::new((Mutex::new(0), Condvar::new()));
            let threads: Vec<_> = (0..4)
                .map(|number| {
                    let lock = Arc::clone(&lock);
                    thread::spawn(move || {
                        let mut guard = lock.0.lock().unwrap();
                        while *guard != number {
                            let limit = Duration::from_millis(number);
                            guard = lock.1.wait_timeout(guard, limit).unwrap().0;
                        }
                        *guard += 1;
                        lock.1.notify_one();
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
        })
        .steps
    };
    assert_eq!(outcome(), outcome());
}

/// Asserts that no reader overtakes a writer that waits.
fn overtakes(policy: fn()) -> impl Fn() + Send + Sync + 'static {
    move || {
        policy();
        let table = Arc::new(RwLock::new(()));
        let outer = table.read().expect("no poison");
        let other = Arc::clone(&table);
        let writer = thread::spawn(move || drop(other.write().expect("no poison")));
        // A few of these may end early, not all: then the writer waits.
        for _ in 0..10 {
            thread::sleep(Duration::from_secs(1));
        }
        assert!(table.try_read().is_err(), "a writer was overtaken");
        drop(outer);
        writer.join().expect("it ends");
    }
}

#[cfg(since_1_92)]
#[clippy::msrv = "1.92"]
#[test]
fn a_writer_that_becomes_a_reader_lets_those_in_that_wait_already() {
    clean_in_threads(|| {
        let table = Arc::new(RwLock::new(()));
        let writing = table.write().expect("no poison");
        let (first, second) = (Arc::clone(&table), Arc::clone(&table));
        let reader = thread::spawn(move || drop(first.read().expect("no poison")));
        let writer = thread::spawn(move || drop(second.write().expect("no poison")));
        // A few of these may end early, not all: then both wait.
        for _ in 0..10 {
            thread::sleep(Duration::from_secs(1));
        }
        let reading = standstill_std::sync::RwLockWriteGuard::downgrade(writing);
        reader.join().expect("it reads beside this");
        drop(reading);
        writer.join().expect("it ends");
    });
}

#[test]
fn writers_go_first_unless_a_program_says_that_readers_may() {
    clean_in_threads(overtakes(|| ()));
    clean_in_threads(overtakes(standstill_std::prefer_writers));
    let finding = found_in_threads(overtakes(standstill_std::let_readers_overtake));
    assert_eq!(finding.kind, FindingKind::Panic);
    assert!(finding.panics[0].message.contains("a writer was overtaken"));
}
