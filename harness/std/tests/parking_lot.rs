//! `parking_lot`'s three types: alike with the feature `standstill` on and off, outside of runs and
//! inside.
#![cfg(feature = "parking_lot")]

use std::sync::Arc;

use standstill_std::parking_lot::{Condvar, Mutex, RwLock, RwLockWriteGuard};
use standstill_std::thread;
use standstill_std::time::{Duration, Instant};

/// Runs `body` as it is and, where there are runs, under many schedules.
fn check(body: fn()) {
    body();
    #[cfg(feature = "standstill")]
    for preempt in [
        standstill_model::Preempt::Op,
        standstill_model::Preempt::Await,
    ] {
        standstill_hunt::Hunt::new("contract")
            .schedules(300)
            .seed(7)
            .preempt(preempt)
            .run(move || async move { body() })
            .assert_clean();
    }
}

#[test]
fn a_mutex_excludes_and_is_never_poisoned() {
    static COUNT: Mutex<u32> = Mutex::new(0);
    check(|| {
        *COUNT.lock() += 1;
        let mutex = Arc::new(Mutex::new(0));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let mutex = Arc::clone(&mutex);
                thread::spawn(move || {
                    let mut guard = mutex.lock();
                    let before = *guard;
                    thread::yield_now();
                    *guard = before + 1;
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("it ends");
        }
        let guard = mutex.lock();
        assert!(mutex.is_locked() && mutex.try_lock().is_none());
        assert!(mutex.try_lock_for(Duration::from_millis(5)).is_none());
        let soon = Instant::now() + Duration::from_millis(5);
        assert!(mutex.try_lock_until(soon).is_none());
        assert_eq!(*guard, 3);
    });
}

#[test]
fn a_condition_is_waited_for_through_the_guard() {
    check(|| {
        let state = Arc::new((Mutex::new(0), Condvar::new()));
        let other = Arc::clone(&state);
        let thread = thread::spawn(move || {
            for _ in 0..2 {
                *other.0.lock() += 1;
                other.1.notify_all();
            }
        });
        let mut guard = state.0.lock();
        while *guard == 0 {
            state.1.wait(&mut guard);
        }
        state.1.wait_while(&mut guard, |count| *count < 2);
        drop(guard);
        thread.join().expect("it ends");
        let mut guard = state.0.lock();
        let limit = Duration::from_millis(5);
        assert!(state.1.wait_for(&mut guard, limit).timed_out());
        let soon = Instant::now() + limit;
        assert!(state.1.wait_until(&mut guard, soon).timed_out());
        assert_eq!(*guard, 2);
        drop(guard);
        assert!(!state.1.notify_one());
        assert_eq!(state.1.notify_all(), 0);
    });
}

#[test]
fn readers_share_and_a_writer_may_go_on_as_one() {
    check(|| {
        let lock = RwLock::new(1);
        {
            let (one, two) = (lock.read(), lock.read_recursive());
            assert_eq!(*one + *two, 2);
            assert!(lock.try_write().is_none() && lock.try_read().is_some());
            assert!(lock.try_write_for(Duration::from_millis(5)).is_none());
        }
        let mut writer = lock.write();
        *writer += 1;
        assert!(lock.is_locked_exclusive() && lock.try_read().is_none());
        let reader = RwLockWriteGuard::downgrade(writer);
        assert_eq!(*reader + *lock.read(), 4);
    });
}

#[cfg(feature = "standstill")]
mod in_runs {
    use super::{Arc, RwLock, thread};
    use standstill_hunt::{Hunt, Outcome};
    use standstill_model::FindingKind;

    fn two_reads(recursive: bool) -> Outcome {
        Hunt::new("reads")
            .schedules(500)
            .seed(1)
            .run(move || async move {
                let lock = Arc::new(RwLock::new(0));
                let other = Arc::clone(&lock);
                let writer = thread::spawn(move || *other.write() += 1);
                let outer = lock.read();
                let inner = match recursive {
                    true => lock.read_recursive(),
                    false => lock.read(),
                };
                assert_eq!(*outer, *inner);
                drop((outer, inner));
                writer.join().expect("it ends");
            })
    }

    #[test]
    fn only_a_recursive_read_passes_a_writer_that_waits() {
        two_reads(true).assert_clean();
        let outcome = two_reads(false);
        let finding = outcome.finding().expect("a finding");
        assert_eq!(finding.kind, FindingKind::Hang);
        let wait = &finding.graph.tasks[0].waits[0];
        assert_eq!(
            finding.graph.resources[wait.resource].type_text(),
            "parking_lot::RwLock<i32>"
        );
    }
}
