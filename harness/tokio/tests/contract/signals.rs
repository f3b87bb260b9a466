use crate::is_pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Barrier, Notify, OnceCell, SetError, SetOnce};

#[test]
fn one_notification_is_remembered() {
    check(|| async {
        let notify = Notify::new();
        notify.notify_one();
        notify.notify_one();
        notify.notified().await;
        assert!(is_pending(pin!(notify.notified())));
    });
}

#[test]
fn notify_waiters_counts_from_the_call_on() {
    check(|| async {
        let notify = Notify::new();
        let mut before = pin!(notify.notified());
        notify.notify_waiters();
        assert!(!is_pending(before.as_mut()), "it was made before, if never polled");
        assert!(is_pending(pin!(notify.notified())));
    });
}

#[test]
fn enabling_gets_in_line() {
    check(|| async {
        let notify = Notify::new();
        let mut first = pin!(notify.notified());
        let mut second = pin!(notify.notified());
        assert!(!first.as_mut().enable());
        assert!(!second.as_mut().enable());
        notify.notify_one();
        assert!(is_pending(second.as_mut()));
        assert!(first.as_mut().enable());
        first.await;
        notify.notify_one();
        second.await;
    });
}

#[test]
fn the_last_in_line_can_be_notified_first() {
    check(|| async {
        let notify = Notify::new();
        let mut first = pin!(notify.notified());
        let mut second = pin!(notify.notified());
        assert!(is_pending(first.as_mut()) && is_pending(second.as_mut()));
        notify.notify_last();
        assert!(is_pending(first.as_mut()));
        assert!(!is_pending(second.as_mut()));
    });
}

#[test]
fn a_notification_that_is_given_up_goes_to_the_next() {
    check(|| async {
        let notify = Notify::new();
        let mut first = Box::pin(notify.notified());
        let mut second = pin!(notify.notified());
        assert!(is_pending(first.as_mut()) && is_pending(second.as_mut()));
        notify.notify_one();
        drop(first);
        assert!(!is_pending(second.as_mut()));
    });
}

#[test]
fn an_owned_notified_goes_to_another_task() {
    check(|| async {
        let notify = Arc::new(Notify::new());
        let mut notified = Box::pin(Arc::clone(&notify).notified_owned());
        assert!(!notified.as_mut().enable());
        let task = tokio::spawn(notified);
        notify.notify_one();
        task.await.unwrap();
    });
}

#[test]
fn a_barrier_has_one_leader_in_each_group() {
    check(|| async {
        let barrier = Arc::new(Barrier::new(2));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                tokio::spawn(async move { barrier.wait().await.is_leader() })
            })
            .collect();
        let mut leaders = 0;
        for task in tasks {
            leaders += usize::from(task.await.unwrap());
        }
        assert_eq!(leaders, 2);
        assert!(Barrier::new(0).wait().await.is_leader());
    });
}

#[test]
fn a_cell_is_filled_by_one_of_many() {
    check(|| async {
        let cell = Arc::new(OnceCell::new());
        let calls = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..3)
            .map(|number| {
                let (cell, calls) = (Arc::clone(&cell), Arc::clone(&calls));
                tokio::spawn(async move {
                    *cell
                        .get_or_init(|| async {
                            calls.fetch_add(1, Ordering::Relaxed);
                            tokio::task::yield_now().await;
                            number
                        })
                        .await
                })
            })
            .collect();
        let mut seen = Vec::new();
        for task in tasks {
            seen.push(task.await.unwrap());
        }
        assert!(seen.iter().all(|value| cell.get() == Some(value)), "{seen:?}");
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_cell_whose_filling_is_given_up_or_fails_is_filled_by_the_next() {
    check(|| async {
        let cell = OnceCell::const_new();
        let mut stuck = Box::pin(cell.get_or_init(std::future::pending::<u8>));
        assert!(is_pending(stuck.as_mut()));
        let mut next = pin!(cell.get_or_try_init(|| async { Err(3) }));
        assert!(is_pending(next.as_mut()));
        assert_eq!(cell.set(9), Err(SetError::InitializingError(9)));
        drop(stuck);
        assert_eq!(next.await, Err(3));
        assert_eq!(cell.get(), None);
        assert_eq!(cell.get_or_try_init(|| async { Ok::<u8, ()>(4) }).await, Ok(&4));
        assert_eq!(cell.set(5), Err(SetError::AlreadyInitializedError(5)));
        assert_eq!(format!("{cell:?}"), "OnceCell { value: Some(4) }");
        assert_eq!(cell.clone().into_inner(), Some(4));
    });
}

#[test]
fn whoever_waits_for_a_set_once_sees_its_value() {
    check(|| async {
        let cell = Arc::new(SetOnce::new());
        let task = {
            let cell = Arc::clone(&cell);
            tokio::spawn(async move { *cell.wait().await })
        };
        assert_eq!(cell.set(3), Ok(()));
        assert!(cell.set(4).is_err());
        assert_eq!(task.await.unwrap(), 3);
        assert!(cell.initialized());
    });
}
