//! What tokio makes of ends and times that are easily made something else of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::common::{clean_by_each_strategy, find, within};
use standstill::FindingKind;
use standstill_std::thread;
use tokio::task::yield_now;
use tokio::time::{Instant, interval, sleep, timeout};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Panics in its destructor.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in the destructor of what a task returned");
    }
}

#[test]
fn the_panic_of_an_output_that_nobody_wants_is_swallowed() {
    within(120, || {
        clean_by_each_strategy(1_000, || async {
            let ended = tokio::spawn(async { Bomb });
            sleep(Duration::from_millis(3)).await;
            drop(ended);
            // Its output is dropped by the task, or by whoever drops the handle.
            drop(tokio::spawn(async { Bomb }));
            drop(tokio::task::spawn_blocking(|| Bomb));
            sleep(Duration::from_millis(3)).await;
        });
        let (finding, _) = find(1, || async {
            let wanted = tokio::spawn(async { Bomb });
            drop(wanted.await.unwrap());
        });
        assert_eq!(finding.kind, FindingKind::Panic);
        // A thread whose result panics takes the process down.
        let (finding, _) = find(1, || async {
            drop(thread::spawn(|| Bomb));
            sleep(Duration::from_millis(3)).await;
        });
        assert_eq!(finding.kind, FindingKind::Panic);
    });
}

/// Counts its end.
struct Counts(Arc<AtomicU32>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn an_output_goes_with_the_handle_although_somebody_may_still_abort() {
    within(60, || {
        clean_by_each_strategy(500, || async {
            let count = Arc::new(AtomicU32::new(0));
            let output = Counts(Arc::clone(&count));
            let task = tokio::spawn(async { output });
            let abort = task.abort_handle();
            while !abort.is_finished() {
                yield_now().await;
            }
            assert_eq!(count.load(Ordering::Relaxed), 0);
            drop(task);
            assert_eq!(count.load(Ordering::Relaxed), 1);
            let output = Counts(Arc::clone(&count));
            let detached = tokio::spawn(async { output }).abort_handle();
            while !detached.is_finished() {
                yield_now().await;
            }
            assert_eq!(count.load(Ordering::Relaxed), 2);
        });
    });
}

#[test]
fn the_clock_goes_to_a_timer_that_is_years_ahead() {
    within(60, || {
        clean_by_each_strategy(200, || async {
            let began = Instant::now();
            sleep(400 * DAY).await;
            assert!(began.elapsed() >= 400 * DAY);
            thread::sleep(400 * DAY);
            assert!(began.elapsed() >= 800 * DAY);
            let never = std::future::pending::<()>();
            timeout(3_650 * DAY, never).await.unwrap_err();
        });
        // Left behind, it ends by itself.
        clean_by_each_strategy(200, || async {
            tokio::spawn(async {
                sleep(400 * DAY).await;
                sleep(DAY).await;
            });
        });
    });
}

#[test]
fn an_interval_without_end_ticks_at_once() {
    within(60, || {
        clean_by_each_strategy(200, || async {
            interval(Duration::MAX).tick().await;
        });
        let (finding, _) = find(1, || async {
            sleep(Duration::MAX).await;
        });
        assert_eq!(finding.kind, FindingKind::Hang);
    });
}

#[test]
fn a_task_knows_its_id_and_a_thread_has_none() {
    within(60, || {
        clean_by_each_strategy(200, || async {
            assert_eq!(tokio::task::try_id(), None, "the root is `block_on`'s");
            let task = tokio::spawn(async { tokio::task::id() });
            let id = task.id();
            assert_eq!(task.await.unwrap(), id);
            let blocking = tokio::task::spawn_blocking(|| {
                let handle = tokio::runtime::Handle::current();
                let inner = handle.block_on(async { tokio::task::id() });
                (tokio::task::id(), inner)
            });
            let id = blocking.id();
            assert_eq!(blocking.await.unwrap(), (id, id));
            let thread = thread::spawn(tokio::task::try_id);
            assert_eq!(thread.join().unwrap(), None);
        });
    });
}
