//! `standstill::leaks` in plain tokio tests.

use std::sync::Arc;
use std::time::Duration;

use standstill::leaks;
use tokio::sync::{Notify, mpsc};

async fn left_behind(mut never: mpsc::Receiver<u32>) {
    never.recv().await;
}

async fn short() {
    tokio::time::sleep(Duration::from_millis(30)).await;
}

#[tokio::test]
async fn a_task_left_behind_is_named_with_its_spawn_site_and_wait() {
    let mark = leaks::mark().grace(Duration::from_millis(50));
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(left_behind(receiver));
    tokio::spawn(short());
    let leaked = mark.leaked().await.expect("one task is left");
    assert_eq!(leaked.spawned_at.len(), 1);
    let text = leaked.to_string();
    assert!(
        text.starts_with("1 task was left behind:\n  left_behind, spawned at "),
        "{text}"
    );
    assert!(text.contains("tests/ambient/leaks.rs:"), "{text}");
    assert!(text.contains("waits to receive from"), "{text}");
    drop(sender);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_end_within_the_grace_are_none() {
    let mark = leaks::mark().grace(Duration::from_secs(20));
    for _ in 0..20 {
        tokio::spawn(short());
    }
    mark.assert_none().await;
    leaks::assert_none().await;
}

#[tokio::test]
#[should_panic(expected = "1 task was left behind")]
async fn the_assertion_names_what_is_left() {
    let mark = leaks::mark().grace(Duration::from_millis(20));
    let signal = Arc::new(Notify::new());
    tokio::spawn(async move { signal.notified().await });
    mark.assert_none().await;
}

#[tokio::test]
async fn what_came_before_the_mark_and_what_is_allowed_does_not_count() {
    let begin = leaks::mark();
    let (before, receiver) = mpsc::channel(1);
    tokio::spawn(left_behind(receiver));
    let mark = leaks::mark().grace(Duration::from_millis(20));
    assert_eq!(mark.leaked().await, None);
    let line = line!() + 2;
    let (after, receiver) = mpsc::channel(1);
    tokio::spawn(left_behind(receiver));
    let mark = mark.allow(format!("tests/ambient/leaks.rs:{line}"));
    assert_eq!(mark.leaked().await, None);
    let both = begin.grace(Duration::from_millis(20)).leaked().await;
    assert_eq!(both.expect("both are left").spawned_at.len(), 2);
    drop((before, after));
}

#[tokio::test]
async fn tracked_tasks_behave_as_tokio_s_own() {
    let _mark = leaks::mark();
    let task = tokio::spawn(async { tokio::task::id() });
    let id = task.id();
    assert_eq!(task.await.unwrap(), id);
    let panicking = tokio::spawn(async {
        std::panic::resume_unwind(Box::new("quietly"));
    });
    assert!(panicking.await.unwrap_err().is_panic());
    let endless = tokio::spawn(std::future::pending::<()>());
    endless.abort();
    assert!(endless.await.unwrap_err().is_cancelled());
    let blocking = tokio::task::spawn_blocking(|| {
        tokio::runtime::Handle::current().block_on(async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            7
        })
    });
    assert_eq!(blocking.await.unwrap(), 7);
    leaks::assert_none().await;
}
