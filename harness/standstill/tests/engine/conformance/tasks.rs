//! Tasks: joining, aborting, panicking, spinning, staying behind.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, oneshot};
use tokio::task::{self, JoinHandle, JoinSet};

use super::table::{Expect, Row};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::hang(
            "a task that joins itself",
            &["join_on_self join task"],
            join_on_self,
        ),
        Row::hang(
            "two tasks that join each other",
            &["joined_to_each_other join task", "other_joiner join task"],
            joined_to_each_other,
        ),
        Row::new(
            "a flag that nobody sets, looked at for ever",
            Expect::Found("livelock", &[]),
            spin_for_ever,
        ),
        Row::clean(
            "a flag that somebody sets, looked at until then",
            spin_for_a_while,
        ),
        Row::new(
            "a panic that nobody handles",
            Expect::Found("panic", &["out of luck"]),
            unhandled_panic,
        ),
        Row::clean("a panic that its joiner handles", handled_panic),
        Row::clean("a lock held by a task that panics", panic_while_holding),
        Row::clean("a lock held by a task that is aborted", abort_while_holding),
        Row::clean(
            "a task aborted while it waits in a queue",
            abort_while_waiting,
        ),
        Row::new(
            "a task that waits for what never comes when the root has ended",
            Expect::Found("leak", &["stray recv oneshot channel"]),
            stray_task,
        ),
        Row::clean("tasks that go with their JoinSet", dropped_join_set),
        Row::hang(
            "a JoinSet with a task that never ends",
            &["Pending an untracked wait something untracked"],
            endless_member,
        ),
    ]
}

async fn ego(me: oneshot::Receiver<JoinHandle<()>>) {
    me.await.unwrap().await.unwrap();
}

async fn join_on_self() {
    let (sender, receiver) = oneshot::channel();
    let (done, ends) = oneshot::channel::<()>();
    let handle = tokio::spawn(async move {
        ego(receiver).await;
        drop(done);
    });
    let _ = sender.send(handle);
    let _ = ends.await;
}

async fn joiner(other: oneshot::Receiver<JoinHandle<()>>) {
    other.await.unwrap().await.unwrap();
}

async fn other_joiner(other: JoinHandle<()>) {
    other.await.unwrap();
}

async fn joined_to_each_other() {
    let (sender, receiver) = oneshot::channel();
    let (done, ends) = oneshot::channel::<()>();
    let first = tokio::spawn(async move {
        joiner(receiver).await;
        drop(done);
    });
    let second = tokio::spawn(other_joiner(first));
    let _ = sender.send(second);
    let _ = ends.await;
}

async fn spin_until(flag: Arc<AtomicBool>) {
    while !flag.load(Ordering::SeqCst) {
        task::yield_now().await;
    }
}

async fn spin_for_ever() {
    spin_until(Arc::default()).await;
}

async fn spin_for_a_while() {
    let flag = Arc::<AtomicBool>::default();
    let spins = tokio::spawn(spin_until(Arc::clone(&flag)));
    task::yield_now().await;
    flag.store(true, Ordering::SeqCst);
    spins.await.unwrap();
}

async fn unlucky() {
    panic!("out of luck");
}

async fn unhandled_panic() {
    tokio::spawn(unlucky());
}

async fn handled_panic() {
    let error = tokio::spawn(unlucky()).await.unwrap_err();
    assert!(error.is_panic());
}

async fn hold_and_panic(lock: Arc<Mutex<u8>>) {
    let _guard = lock.lock().await;
    panic!("while holding");
}

async fn panic_while_holding() {
    let lock = Arc::new(Mutex::new(0));
    let other = tokio::spawn(hold_and_panic(Arc::clone(&lock)));
    *lock.lock().await += 1;
    assert!(other.await.unwrap_err().is_panic());
    *lock.lock().await += 1;
}

async fn hold_for_ever(lock: Arc<Mutex<u8>>) {
    let _guard = lock.lock().await;
    pending::<()>().await;
}

async fn abort_while_holding() {
    let lock = Arc::new(Mutex::new(0));
    let holder = tokio::spawn(hold_for_ever(Arc::clone(&lock)));
    task::yield_now().await;
    holder.abort();
    *lock.lock().await += 1;
    assert!(holder.await.unwrap_err().is_cancelled());
}

async fn abort_while_waiting() {
    let lock = Arc::new(Mutex::new(0));
    let guard = lock.lock().await;
    let waits = tokio::spawn(hold_for_ever(Arc::clone(&lock)));
    task::yield_now().await;
    waits.abort();
    drop(guard);
    *lock.lock().await += 1;
    assert!(waits.await.unwrap_err().is_cancelled());
}

async fn stray(never: oneshot::Receiver<()>, _sender: Arc<oneshot::Sender<()>>) {
    let _ = never.await;
}

async fn stray_task() {
    let (sender, never) = oneshot::channel();
    tokio::spawn(stray(never, Arc::new(sender)));
}

async fn dropped_join_set() {
    let mut set = JoinSet::new();
    set.spawn(pending::<()>());
    set.spawn(async {});
    set.join_next().await.unwrap().unwrap();
}

async fn endless_member() {
    let mut set = JoinSet::new();
    set.spawn(pending::<()>());
    set.spawn(async {});
    while set.join_next().await.is_some() {}
}
