//! One long run of many tasks: what a step costs, what a waiting task takes, and whether anything
//! grows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use standstill::{Hunt, Outcome, StrategyKind};
use standstill_tokio as tokio;
use standstill_tokio::sync::{Mutex, Notify, Semaphore, mpsc};

use crate::allocations;

/// One schedule with room for as many steps as it makes.
fn one_schedule(strategy: StrategyKind) -> Hunt {
    Hunt::new("scale")
        .schedules(1)
        .strategy(strategy)
        .total_steps(u32::MAX)
        .max_steps(u32::MAX)
}

fn clean(outcome: Outcome) -> Outcome {
    outcome.assert_clean();
    outcome
}

/// `tasks` tasks, each with a lock of its own, make `steps` steps between them. None begins before
/// all are there: else the first would have ended by then.
pub fn busy(tasks: u64, steps: u64, strategy: StrategyKind) -> Outcome {
    let rounds = steps / tasks / 2;
    let hunt = one_schedule(strategy);
    clean(hunt.run(move || async move {
        let go = Arc::new(Semaphore::new(0));
        let handles: Vec<_> = (0..tasks)
            .map(|_| {
                let go = Arc::clone(&go);
                tokio::spawn(async move {
                    go.acquire().await.expect("it stays open").forget();
                    let count = Mutex::new(0_u64);
                    for _ in 0..rounds {
                        // A step for the lock, and one for the release.
                        *count.lock().await += 1;
                    }
                })
            })
            .collect();
        go.add_permits(usize::try_from(tasks).expect("fits"));
        for task in handles {
            task.await.expect("no task panics");
        }
    }))
}

/// Bytes that each of `tasks` waiting tasks takes, by the resident set.
pub fn waiting(tasks: u64) -> f64 {
    let bytes = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&bytes);
    clean(one_schedule(StrategyKind::Random).run(move || {
        let seen = Arc::clone(&seen);
        async move {
            let go = Arc::new(Notify::new());
            let before = resident();
            let tasks: Vec<_> = (0..tasks)
                .map(|_| {
                    let go = Arc::clone(&go);
                    tokio::spawn(async move { go.notified().await })
                })
                .collect();
            // Until all wait.
            tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
            seen.store(resident().saturating_sub(before), Ordering::Relaxed);
            go.notify_waiters();
            for task in tasks {
                task.await.expect("no task panics");
            }
        }
    }));
    bytes.load(Ordering::Relaxed) as f64 / tasks as f64
}

/// The resident set's growth, in bytes, from the first tenth of so many steps to their end.
pub fn growth(steps: u64) -> (Outcome, u64) {
    let bytes = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&bytes);
    let outcome = clean(one_schedule(StrategyKind::Random).run(move || {
        let seen = Arc::clone(&seen);
        async move {
            let count = Arc::new(Mutex::new(0_u64));
            let rounds = steps / 4 / 2;
            let tasks: Vec<_> = (0..4)
                .map(|task| {
                    let (count, seen) = (Arc::clone(&count), Arc::clone(&seen));
                    tokio::spawn(async move {
                        let mut early = 0;
                        for round in 0..rounds {
                            *count.lock().await += 1;
                            if round == rounds / 10 {
                                early = resident();
                            }
                        }
                        if task == 0 {
                            seen.store(resident().saturating_sub(early), Ordering::Relaxed);
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no task panics");
            }
        }
    }));
    (outcome, bytes.load(Ordering::Relaxed))
}

/// Allocations in the second half of a run of locks, sends and receives.
pub fn allocations_in_the_steady_state(strategy: StrategyKind) -> u64 {
    const ROUNDS: u64 = 20_000;
    let counted = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&counted);
    clean(one_schedule(strategy).run(move || {
        let seen = Arc::clone(&seen);
        async move {
            let lock = Arc::new(Mutex::new(0_u64));
            let (sender, mut receiver) = mpsc::channel(4);
            for _ in 0..2 {
                let (lock, sender) = (Arc::clone(&lock), sender.clone());
                tokio::spawn(async move {
                    for _ in 0..ROUNDS {
                        let count = {
                            let mut count = lock.lock().await;
                            *count += 1;
                            *count
                        };
                        sender.send(count).await.expect("the root receives");
                    }
                });
            }
            drop(sender);
            let mut received = 0;
            let mut before = 0;
            while receiver.recv().await.is_some() {
                received += 1;
                if received == ROUNDS {
                    before = allocations::count();
                }
                if received == 2 * ROUNDS - 100 {
                    seen.store(allocations::count() - before, Ordering::Relaxed);
                }
            }
        }
    }));
    counted.load(Ordering::Relaxed)
}

/// The resident set, in bytes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("a proc file system");
    let pages = text.split_whitespace().nth(1).expect("a second field");
    pages.parse::<u64>().expect("a number") * 4096
}
