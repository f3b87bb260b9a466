//! Waits by polling for what never comes.

#![expect(
    clippy::unwrap_used,
    reason = "in programs under test a panic is a finding"
)]

use std::time::Duration;

use crate::common::{clean_by_each_strategy, find, within};
use standstill::graph::TaskState;
use standstill::{Finding, FindingKind, Hunt, Verdict};
use standstill_std::sync::mpsc::channel;
use standstill_std::sync::{Arc, Condvar, Mutex};
use standstill_std::thread;
use standstill_std::time::Instant;
use tokio::sync::Notify;

const PAUSE: Duration = Duration::from_millis(10);

fn sleeps() {
    let done = Mutex::new(false);
    while !*done.lock().unwrap() {
        thread::sleep(PAUSE);
    }
}

fn waits_for_a_condition() {
    let (done, changed) = (Mutex::new(false), Condvar::new());
    let mut guard = done.lock().unwrap();
    while !*guard {
        guard = changed.wait_timeout(guard, PAUSE).unwrap().0;
    }
}

fn receives() {
    let (_sender, receiver) = channel::<u32>();
    while receiver.recv_timeout(PAUSE).is_err() {}
}

fn parks() {
    let done = Mutex::new(false);
    while !*done.lock().unwrap() {
        thread::park_timeout(PAUSE);
    }
}

/// The roles of those that poll.
fn pollers(finding: &Finding) -> Vec<&str> {
    let tasks = finding.graph.tasks.iter();
    tasks
        .filter(|task| task.state == TaskState::Ready)
        .map(|task| task.role.as_str())
        .collect()
}

#[test]
fn a_thread_that_polls_for_ever_is_a_livelock_with_its_line() {
    type Polls = (&'static str, fn());
    let programs: [Polls; 4] = [
        ("sleep(PAUSE)", sleeps),
        ("wait_timeout(guard, PAUSE)", waits_for_a_condition),
        ("recv_timeout(PAUSE)", receives),
        ("park_timeout(PAUSE)", parks),
    ];
    within(120, move || {
        for (call, polls) in programs {
            let (finding, outcome) = find(1, move || async move {
                let poller = thread::Builder::new().name("poller".to_owned());
                poller.spawn(polls).unwrap().join().unwrap();
            });
            let report = outcome.report().unwrap().to_string();
            assert_eq!(finding.kind, FindingKind::Livelock, "{report}");
            assert_eq!(pollers(&finding), ["poller"], "{report}");
            assert!(
                report.contains("poller waits for ever by polling"),
                "{report}"
            );
            assert!(report.contains(call), "{report}");
            assert!(finding.step < 130_000, "{report}");
        }
    });
}

#[test]
fn the_limit_of_steps_is_that_of_a_wait_by_polling_too() {
    within(60, || {
        let outcome = Hunt::new("test")
            .schedules(1)
            .max_steps(1_000)
            .run(|| async {
                let never = Notify::new();
                while tokio::time::timeout(PAUSE, never.notified()).await.is_err() {}
            });
        let Verdict::Found(finding) = &outcome.verdict else {
            panic!("{}", outcome.verdict);
        };
        assert_eq!(finding.kind, FindingKind::Livelock);
        assert_eq!(pollers(finding), ["root"]);
        assert!(finding.step < 20_000, "{}", finding.step);
    });
}

#[test]
fn a_slow_poll_is_one_too() {
    within(60, || {
        let (finding, _) = find(1, || async {
            let done = Mutex::new(false);
            while !*done.lock().unwrap() {
                thread::sleep(Duration::from_secs(60));
            }
        });
        assert_eq!(finding.kind, FindingKind::Livelock);
        assert_eq!(pollers(&finding), ["root"]);
    });
}

#[test]
fn a_poll_that_comes_true_in_the_end_is_clean() {
    within(300, || {
        clean_by_each_strategy(1_000, || async {
            let done = Arc::new(Mutex::new(false));
            let other = Arc::clone(&done);
            let sets = thread::spawn(move || {
                thread::sleep(PAUSE * 20);
                *other.lock().unwrap() = true;
            });
            let began = Instant::now();
            while !*done.lock().unwrap() && began.elapsed() < Duration::from_secs(60) {
                thread::sleep(PAUSE);
            }
            sets.join().unwrap();
        });
    });
}

#[test]
fn a_poll_that_gives_up_after_many_rounds_is_clean() {
    within(60, || {
        let outcome = Hunt::new("test").schedules(20).seed(1).run(|| async {
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(600) {
                thread::sleep(PAUSE);
            }
            while began.elapsed() < Duration::from_secs(3 * 3600) {
                thread::sleep(Duration::from_secs(60));
            }
        });
        outcome.assert_clean();
    });
}

async fn waits_for_nothing() {
    std::future::pending::<()>().await;
}

#[test]
fn a_ticker_beside_a_hang_does_not_hide_it() {
    within(60, || {
        let (finding, _) = find(1, || async {
            tokio::spawn(async {
                loop {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            });
            let lock = tokio::sync::Mutex::new(());
            let _held = lock.lock().await;
            let _again = lock.lock().await;
            waits_for_nothing().await;
        });
        assert_eq!(finding.kind, FindingKind::PartialHang);
    });
}
