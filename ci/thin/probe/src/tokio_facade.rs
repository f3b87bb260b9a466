//! Of the drop-in for tokio.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use standstill_tokio as tokio;
use tokio::sync::{
    Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore, broadcast, mpsc, oneshot, watch,
};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::{self, Interval, Sleep};

#[inline(always)]
fn poll<F: Future>(future: F, cx: &mut Context<'_>) -> Poll<F::Output> {
    pin!(future).poll(cx)
}

#[inline(never)]
pub fn tokio_mutex_lock(mutex: &Mutex<u32>, cx: &mut Context<'_>) -> Poll<u32> {
    poll(async { *mutex.lock().await }, cx)
}

#[inline(never)]
pub fn tokio_mutex_lock_owned(mutex: Arc<Mutex<u32>>, cx: &mut Context<'_>) -> Poll<u32> {
    poll(async { *mutex.lock_owned().await }, cx)
}

#[inline(never)]
pub fn tokio_rwlock_read(lock: &RwLock<u32>, cx: &mut Context<'_>) -> Poll<u32> {
    poll(async { *lock.read().await }, cx)
}

#[inline(never)]
pub fn tokio_rwlock_write(lock: &RwLock<u32>, cx: &mut Context<'_>) -> Poll<()> {
    poll(async { *lock.write().await = 1 }, cx)
}

#[inline(never)]
pub fn tokio_acquire(semaphore: &Semaphore, cx: &mut Context<'_>) -> Poll<bool> {
    poll(async { semaphore.acquire().await.is_ok() }, cx)
}

#[inline(never)]
pub fn tokio_acquire_owned(semaphore: Arc<Semaphore>, cx: &mut Context<'_>) -> Poll<bool> {
    poll(async { semaphore.acquire_owned().await.is_ok() }, cx)
}

#[inline(never)]
pub fn tokio_notified(notify: &Notify, cx: &mut Context<'_>) -> Poll<()> {
    poll(async { notify.notified().await }, cx)
}

#[inline(never)]
pub fn tokio_notify(notify: &Notify) {
    notify.notify_one();
}

#[inline(never)]
pub fn tokio_barrier(barrier: &Barrier, cx: &mut Context<'_>) -> Poll<bool> {
    poll(async { barrier.wait().await.is_leader() }, cx)
}

#[inline(never)]
pub fn tokio_once_cell(cell: &OnceCell<u32>, cx: &mut Context<'_>) -> Poll<u32> {
    poll(async { *cell.get_or_init(async || 1).await }, cx)
}

#[inline(never)]
pub fn tokio_channel() -> (mpsc::Sender<u32>, mpsc::Receiver<u32>) {
    mpsc::channel(1)
}

#[inline(never)]
pub fn tokio_send(sender: &mpsc::Sender<u32>, cx: &mut Context<'_>) -> Poll<bool> {
    poll(async { sender.send(1).await.is_ok() }, cx)
}

#[inline(never)]
pub fn tokio_try_send(sender: &mpsc::Sender<u32>) -> bool {
    sender.try_send(1).is_ok()
}

#[inline(never)]
pub fn tokio_reserve(sender: &mpsc::Sender<u32>, cx: &mut Context<'_>) -> Poll<()> {
    poll(
        async {
            if let Ok(permit) = sender.reserve().await {
                permit.send(1);
            }
        },
        cx,
    )
}

#[inline(never)]
pub fn tokio_unbounded_send(sender: &mpsc::UnboundedSender<u32>) -> bool {
    sender.send(1).is_ok()
}

#[inline(never)]
pub fn tokio_recv(receiver: &mut mpsc::Receiver<u32>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
    poll(receiver.recv(), cx)
}

#[inline(never)]
pub fn tokio_poll_recv(
    receiver: &mut mpsc::Receiver<u32>,
    cx: &mut Context<'_>,
) -> Poll<Option<u32>> {
    receiver.poll_recv(cx)
}

#[inline(never)]
pub fn tokio_sender_clone(sender: &mpsc::Sender<u32>) -> mpsc::Sender<u32> {
    sender.clone()
}

#[inline(never)]
pub fn tokio_sender_drop(sender: mpsc::Sender<u32>) {
    drop(sender);
}

#[inline(never)]
pub fn tokio_receiver_drop(receiver: mpsc::Receiver<u32>) {
    drop(receiver);
}

#[inline(never)]
pub fn tokio_oneshot() -> (oneshot::Sender<u32>, oneshot::Receiver<u32>) {
    oneshot::channel()
}

#[inline(never)]
pub fn tokio_oneshot_send(sender: oneshot::Sender<u32>) -> bool {
    sender.send(1).is_ok()
}

#[inline(never)]
pub fn tokio_oneshot_recv(
    receiver: Pin<&mut oneshot::Receiver<u32>>,
    cx: &mut Context<'_>,
) -> Poll<bool> {
    receiver.poll(cx).map(|received| received.is_ok())
}

#[inline(never)]
pub fn tokio_broadcast_send(sender: &broadcast::Sender<u32>) -> bool {
    sender.send(1).is_ok()
}

#[inline(never)]
pub fn tokio_broadcast_recv(
    receiver: &mut broadcast::Receiver<u32>,
    cx: &mut Context<'_>,
) -> Poll<bool> {
    poll(async { receiver.recv().await.is_ok() }, cx)
}

#[inline(never)]
pub fn tokio_watch_send(sender: &watch::Sender<u32>) -> bool {
    sender.send(1).is_ok()
}

#[inline(never)]
pub fn tokio_watch_borrow(receiver: &watch::Receiver<u32>) -> u32 {
    *receiver.borrow()
}

#[inline(never)]
pub fn tokio_watch_changed(
    receiver: &mut watch::Receiver<u32>,
    cx: &mut Context<'_>,
) -> Poll<bool> {
    poll(async { receiver.changed().await.is_ok() }, cx)
}

#[inline(never)]
pub fn tokio_spawn(value: u32) -> JoinHandle<u32> {
    tokio::spawn(async move { value + 1 })
}

#[inline(never)]
pub fn tokio_spawn_blocking(value: u32) -> JoinHandle<u32> {
    tokio::task::spawn_blocking(move || value + 1)
}

#[inline(never)]
pub fn tokio_join(
    handle: Pin<&mut JoinHandle<u32>>,
    cx: &mut Context<'_>,
) -> Poll<Result<u32, JoinError>> {
    handle.poll(cx)
}

#[inline(never)]
pub fn tokio_handle_drop(handle: JoinHandle<u32>) {
    drop(handle);
}

#[inline(never)]
pub fn tokio_abort(handle: &JoinHandle<u32>) {
    handle.abort_handle().abort();
}

#[inline(never)]
pub fn tokio_join_set_spawn(set: &mut JoinSet<u32>) {
    set.spawn(async { 1 });
}

#[inline(never)]
pub fn tokio_join_set_next(set: &mut JoinSet<u32>, cx: &mut Context<'_>) -> Poll<bool> {
    poll(async { set.join_next().await.is_some() }, cx)
}

#[inline(never)]
pub fn tokio_join_set_drop(set: JoinSet<u32>) {
    drop(set);
}

#[inline(never)]
pub fn tokio_sleep(sleep: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<()> {
    sleep.poll(cx)
}

#[inline(never)]
pub fn tokio_timeout(notify: &Notify, cx: &mut Context<'_>) -> Poll<bool> {
    let limit = Duration::from_millis(5);
    poll(
        async { time::timeout(limit, notify.notified()).await.is_ok() },
        cx,
    )
}

#[inline(never)]
pub fn tokio_tick(interval: &mut Interval, cx: &mut Context<'_>) -> Poll<()> {
    interval.poll_tick(cx).map(drop)
}

#[inline(never)]
pub fn tokio_yield(cx: &mut Context<'_>) -> Poll<()> {
    poll(tokio::task::yield_now(), cx)
}

tokio::task_local! {
    static REQUEST: u32;
}

#[inline(never)]
pub fn tokio_task_local(cx: &mut Context<'_>) -> Poll<u32> {
    poll(REQUEST.scope(4, async { REQUEST.get() }), cx)
}

#[inline(never)]
pub fn tokio_select(
    left: &mut mpsc::Receiver<u32>,
    right: &Notify,
    cx: &mut Context<'_>,
) -> Poll<u32> {
    poll(
        async {
            tokio::select! {
                value = left.recv() => value.unwrap_or(0),
                () = right.notified() => 0,
            }
        },
        cx,
    )
}
