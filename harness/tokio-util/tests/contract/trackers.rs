use crate::is_pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Semaphore;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

#[test]
fn a_closed_tracker_waits_for_all_of_its_tasks() {
    check(|| async {
        let tracker = TaskTracker::new();
        let ended = Arc::new(AtomicU32::new(0));
        for _ in 0..3 {
            let ended = Arc::clone(&ended);
            tracker.spawn(async move {
                tokio::task::yield_now().await;
                ended.fetch_add(1, Ordering::SeqCst);
            });
        }
        let blocking = Arc::clone(&ended);
        tracker.spawn_blocking(move || blocking.fetch_add(1, Ordering::SeqCst));
        assert!(tracker.close() && !tracker.close());
        tracker.wait().await;
        assert_eq!(ended.load(Ordering::SeqCst), 4);
        assert!(tracker.is_empty() && tracker.is_closed());
        assert_eq!(tracker.len(), 0);
    });
}

#[test]
fn an_open_tracker_waits_even_when_it_is_empty() {
    check(|| async {
        let tracker = TaskTracker::new();
        let mut wait = pin!(tracker.wait());
        assert!(is_pending(wait.as_mut()));
        let closes = {
            let tracker = tracker.clone();
            tokio::spawn(async move { tracker.close() })
        };
        wait.await;
        assert!(closes.await.unwrap());
        assert!(tracker.reopen() && !tracker.is_closed());
        assert!(is_pending(pin!(tracker.wait())));
        assert!(TaskTracker::ptr_eq(&tracker, &tracker.clone()));
    });
}

#[test]
fn a_token_counts_as_a_task_until_it_is_dropped() {
    check(|| async {
        let tracker = TaskTracker::new();
        let token = tracker.token();
        let other = token.clone();
        tracker.close();
        assert_eq!(tracker.len(), 2);
        drop(token);
        assert!(is_pending(pin!(tracker.wait())));
        let holds = tokio::spawn(async move { drop(other) });
        tracker.wait().await;
        holds.await.unwrap();
        let tracked = tracker.track_future(async { 5 });
        assert_eq!(tracker.len(), 1);
        assert_eq!(tracked.await, 5);
        assert!(tracker.is_empty());
    });
}

#[test]
fn a_handle_aborts_its_task_when_it_is_dropped() {
    check(|| async {
        let permits = Arc::new(Semaphore::new(1));
        let held = Arc::clone(&permits);
        let handle = AbortOnDropHandle::new(tokio::spawn(async move {
            let _permit = held.acquire().await.unwrap();
            std::future::pending::<()>().await;
        }));
        assert!(!handle.is_finished());
        tokio::task::yield_now().await;
        drop(handle);
        assert!(permits.acquire().await.is_ok());
        let handle = AbortOnDropHandle::new(tokio::spawn(async { 3 })).detach();
        assert_eq!(handle.await.unwrap(), 3);
        assert_eq!(AbortOnDropHandle::new(tokio::spawn(async { 4 })).await.unwrap(), 4);
    });
}
