//! Panics that somebody handles, while the destructors that they run wait for others.

#![expect(
    clippy::unwrap_used,
    reason = "in programs under test a panic is a finding"
)]

use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::{clean_by_each_strategy, story, within};
use standstill::{EngineKind, FindingKind, Hunt, StrategyKind, Verdict};
use standstill_std::sync::mpsc::{Sender, channel};
use standstill_std::sync::{Arc, Mutex};
use standstill_std::thread::{self, JoinHandle};

/// Locks in its destructor.
struct Counts(Arc<Mutex<u32>>);

impl Drop for Counts {
    fn drop(&mut self) {
        *self.0.lock().unwrap() += 1;
    }
}

/// Closes a channel in its destructor, and joins the thread that it feeds.
struct Feeds(Option<Sender<u32>>, Option<JoinHandle<u32>>);

impl Feeds {
    fn new() -> Self {
        let (sender, receiver) = channel();
        let feeds = thread::spawn(move || receiver.into_iter().sum());
        Self(Some(sender), Some(feeds))
    }
}

impl Drop for Feeds {
    fn drop(&mut self) {
        drop(self.0.take());
        assert_eq!(self.1.take().unwrap().join().unwrap(), 1);
    }
}

/// One of two workers panics, both count themselves in a destructor, and the root looks in between.
async fn workers_that_count() {
    let done = Arc::new(Mutex::new(0));
    let workers: Vec<_> = (0..2)
        .map(|worker| {
            let counts = Counts(Arc::clone(&done));
            thread::spawn(move || {
                let _counts = counts;
                assert_ne!(worker, 1, "the job of {worker} fails");
            })
        })
        .collect();
    let _ = *done.lock().unwrap();
    let failed: Vec<bool> = workers
        .into_iter()
        .map(|worker| match worker.join() {
            Ok(()) => false,
            Err(payload) => {
                let said = payload.downcast_ref::<String>().unwrap();
                assert!(said.contains("the job of 1 fails"), "{said}");
                true
            }
        })
        .collect();
    assert_eq!(failed, [false, true]);
    assert_eq!(*done.lock().unwrap(), 2);
}

/// Two requests fail in one step or another while the threads that they feed still sum up.
async fn requests_that_join() {
    let requests: Vec<_> = (0..2)
        .map(|_| {
            thread::spawn(|| {
                let feeds = Feeds::new();
                feeds.0.as_ref().unwrap().send(1).unwrap();
                panic!("the request fails");
            })
        })
        .collect();
    for request in requests {
        let payload: Box<dyn std::any::Any + Send> = request.join().unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"the request fails"));
        assert!(!std::thread::panicking());
    }
}

/// A task fails, and its supervisor goes on. The destructor of the task waits for a lock of std.
async fn supervised() {
    let done = Arc::new(Mutex::new(0));
    let counts = Counts(Arc::clone(&done));
    let task = tokio::spawn(async move {
        let _counts = counts;
        tokio::task::yield_now().await;
        panic!("the task fails");
    });
    drop(done.lock().unwrap());
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(*done.lock().unwrap(), 1);
}

#[test]
fn a_handled_panic_whose_destructor_waits_is_handled() {
    within(300, || {
        clean_by_each_strategy(2_000, workers_that_count);
        clean_by_each_strategy(2_000, requests_that_join);
        clean_by_each_strategy(2_000, supervised);
    });
}

#[test]
fn it_is_handled_under_every_engine() {
    let mut engines = vec![(EngineKind::Stress, 30)];
    if cfg!(feature = "shuttle") {
        engines.push((EngineKind::Shuttle, 1_000));
    }
    within(300, move || {
        for (engine, schedules) in engines {
            for run in 0..3 {
                let hunt = Hunt::new("test")
                    .engine(engine)
                    .schedules(schedules)
                    .seed(1);
                let outcome = match run {
                    0 => hunt.run(workers_that_count),
                    1 => hunt.run(requests_that_join),
                    _ => hunt.run(supervised),
                };
                let report = outcome.report().map(|report| report.to_string());
                assert_eq!(outcome.verdict, Verdict::Clean, "{engine}: {report:?}");
            }
        }
    });
}

/// Whoever panics keeps a lock in its destructor, and waits there for another that wants it.
async fn deadlocks_in_a_destructor() {
    struct Joins(Option<JoinHandle<()>>);
    impl Drop for Joins {
        fn drop(&mut self) {
            self.0.take().unwrap().join().unwrap();
        }
    }
    let lock = Arc::new(Mutex::new(()));
    let worker = thread::spawn(move || {
        let _held = lock.lock().unwrap();
        let wanted = Arc::clone(&lock);
        let _joins = Joins(Some(thread::spawn(move || drop(wanted.lock()))));
        panic!("the job fails");
    });
    let _ = worker.join();
}

#[test]
fn a_destructor_that_waits_for_ever_is_told_with_what_it_was_called_for() {
    within(60, || {
        let outcome = Hunt::new("test")
            .strategy(StrategyKind::Random)
            .schedules(100)
            .seed(1)
            .keep_going(true)
            .minimise(0)
            .run(deadlocks_in_a_destructor);
        let times: u64 = outcome.found.iter().map(|found| found.count).sum();
        assert_eq!(times, 100);
        for found in &outcome.found {
            let finding = &found.finding;
            assert_eq!(finding.kind, FindingKind::Panic, "{:?}", story(finding));
            assert_eq!(finding.panics[0].message, "the job fails");
        }
    });
}

#[test]
fn other_tasks_do_not_panic_while_one_that_does_waits() {
    within(60, || {
        let seen = std::sync::Arc::new(AtomicU32::new(0));
        let counted = std::sync::Arc::clone(&seen);
        let outcome = Hunt::new("test").schedules(500).seed(1).run(move || {
            let seen = std::sync::Arc::clone(&counted);
            async move {
                let done = Arc::new(Mutex::new(0));
                let counts = Counts(Arc::clone(&done));
                let held = done.lock().unwrap();
                let worker = thread::spawn(move || {
                    let _counts = counts;
                    panic!("the job fails");
                });
                thread::sleep(std::time::Duration::from_millis(1));
                // It is not poisoned, although a thread panics in the middle of its wait for it.
                seen.fetch_add(u32::from(std::thread::panicking()), Ordering::Relaxed);
                drop(held);
                assert!(worker.join().is_err());
                assert!(!done.is_poisoned());
            }
        });
        outcome.assert_clean();
        assert_eq!(seen.load(Ordering::Relaxed), 0);
    });
}
