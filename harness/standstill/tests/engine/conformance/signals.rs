//! Notifications and barriers of tokio.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Barrier, Notify};

use super::table::Row;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::hang(
            "notify_waiters before anybody waits",
            &["root join task", "waiter notified Notify"],
            missed_notify_waiters,
        ),
        Row::clean("notify_one before anybody waits", kept_notify_one),
        Row::hang(
            "one notify_one for two waiters",
            &["root join task", "waiter notified Notify"],
            one_for_two,
        ),
        Row::hang(
            "a flag looked at before the wait begins",
            &["root join task", "look_then_wait notified Notify"],
            look_then_wait_row,
        ),
        Row::clean(
            "a wait begun before the flag is looked at",
            wait_then_look_row,
        ),
        Row::clean(
            "a notification handed on when its waiter is dropped",
            handed_on,
        ),
        Row::hang(
            "a barrier that one task does not reach",
            &["party barrier wait Barrier", "party barrier wait Barrier"],
            barrier_short_by_one,
        ),
        Row::clean("a barrier that all reach, twice", barrier_twice),
    ]
}

async fn waiter(notify: Arc<Notify>) {
    notify.notified().await;
}

async fn missed_notify_waiters() {
    let notify = Arc::new(Notify::new());
    let waiter = tokio::spawn(waiter(Arc::clone(&notify)));
    notify.notify_waiters();
    waiter.await.unwrap();
}

async fn kept_notify_one() {
    let notify = Arc::new(Notify::new());
    let waiter = tokio::spawn(waiter(Arc::clone(&notify)));
    notify.notify_one();
    waiter.await.unwrap();
}

async fn one_for_two() {
    let notify = Arc::new(Notify::new());
    let one = tokio::spawn(waiter(Arc::clone(&notify)));
    let other = tokio::spawn(waiter(Arc::clone(&notify)));
    notify.notify_one();
    one.await.unwrap();
    other.await.unwrap();
}

#[derive(Default)]
struct Flag {
    set: AtomicBool,
    changed: Notify,
}

impl Flag {
    fn set(&self) {
        self.set.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    fn is_set(&self) -> bool {
        self.set.load(Ordering::SeqCst)
    }
}

async fn look_then_wait(flag: Arc<Flag>) {
    if !flag.is_set() {
        flag.changed.notified().await;
    }
}

async fn look_then_wait_row() {
    let flag = Arc::<Flag>::default();
    let waiter = tokio::spawn(look_then_wait(Arc::clone(&flag)));
    flag.set();
    waiter.await.unwrap();
}

async fn wait_then_look(flag: Arc<Flag>) {
    let changed = flag.changed.notified();
    if !flag.is_set() {
        changed.await;
    }
}

async fn wait_then_look_row() {
    let flag = Arc::<Flag>::default();
    let waiter = tokio::spawn(wait_then_look(Arc::clone(&flag)));
    flag.set();
    waiter.await.unwrap();
}

async fn handed_on() {
    let notify = Arc::new(Notify::new());
    let first = tokio::spawn(waiter(Arc::clone(&notify)));
    let second = tokio::spawn(waiter(Arc::clone(&notify)));
    notify.notify_one();
    first.abort();
    let cancelled = first.await.is_err();
    if !cancelled {
        notify.notify_one();
    }
    second.await.unwrap();
}

async fn party(barrier: Arc<Barrier>) {
    barrier.wait().await;
}

async fn barrier_short_by_one() {
    let barrier = Arc::new(Barrier::new(3));
    let one = tokio::spawn(party(Arc::clone(&barrier)));
    let other = tokio::spawn(party(barrier));
    one.await.unwrap();
    other.await.unwrap();
}

async fn barrier_twice() {
    let barrier = Arc::new(Barrier::new(2));
    for _ in 0..2 {
        let other = tokio::spawn(party(Arc::clone(&barrier)));
        barrier.wait().await;
        other.await.unwrap();
    }
}
