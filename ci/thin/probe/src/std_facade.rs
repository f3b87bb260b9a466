//! Of the drop-in for std.

use std::cell::Cell;
use std::sync::mpsc::{RecvError, SendError};
use std::time::Duration;

use standstill_std::parking_lot as pl;
use standstill_std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use standstill_std::sync::{Condvar, LazyLock, Mutex, MutexGuard, Once, OnceLock, RwLock};
use standstill_std::thread::{self, JoinHandle, Scope, ScopedJoinHandle};

#[inline(never)]
pub fn std_mutex_lock(mutex: &Mutex<u32>) -> u32 {
    *mutex.lock().unwrap()
}

#[inline(never)]
pub fn std_mutex_try_lock(mutex: &Mutex<u32>) -> Option<u32> {
    mutex.try_lock().ok().map(|guard| *guard)
}

#[inline(never)]
pub fn std_rwlock_read(lock: &RwLock<u32>) -> u32 {
    *lock.read().unwrap()
}

#[inline(never)]
pub fn std_rwlock_write(lock: &RwLock<u32>) {
    *lock.write().unwrap() = 1;
}

#[inline(never)]
pub fn std_condvar_wait<'a>(condvar: &Condvar, guard: MutexGuard<'a, u32>) -> MutexGuard<'a, u32> {
    condvar.wait(guard).unwrap()
}

#[inline(never)]
pub fn std_condvar_wait_timeout<'a>(
    condvar: &Condvar,
    guard: MutexGuard<'a, u32>,
    limit: Duration,
) -> MutexGuard<'a, u32> {
    condvar.wait_timeout(guard, limit).unwrap().0
}

#[inline(never)]
pub fn std_condvar_notify(condvar: &Condvar) {
    condvar.notify_one();
}

#[inline(never)]
pub fn std_channel() -> (Sender<u32>, Receiver<u32>) {
    channel()
}

#[inline(never)]
pub fn std_send(sender: &Sender<u32>) -> Result<(), SendError<u32>> {
    sender.send(1)
}

#[inline(never)]
pub fn std_recv(receiver: &Receiver<u32>) -> Result<u32, RecvError> {
    receiver.recv()
}

#[inline(never)]
pub fn std_sender_clone(sender: &Sender<u32>) -> Sender<u32> {
    sender.clone()
}

#[inline(never)]
pub fn std_sender_drop(sender: Sender<u32>) {
    drop(sender);
}

#[inline(never)]
pub fn std_receiver_drop(receiver: Receiver<u32>) {
    drop(receiver);
}

#[inline(never)]
pub fn std_sync_channel(bound: usize) -> (SyncSender<u32>, Receiver<u32>) {
    sync_channel(bound)
}

#[inline(never)]
pub fn std_sync_send(sender: &SyncSender<u32>) -> Result<(), SendError<u32>> {
    sender.send(1)
}

#[inline(never)]
pub fn std_spawn(value: u32) -> JoinHandle<u32> {
    thread::spawn(move || value + 1)
}

#[inline(never)]
pub fn std_join(handle: JoinHandle<u32>) -> thread::Result<u32> {
    handle.join()
}

#[inline(never)]
pub fn std_handle_drop(handle: JoinHandle<u32>) {
    drop(handle);
}

#[inline(never)]
pub fn std_scope(value: &Cell<u32>) -> u32 {
    thread::scope(|_| value.get())
}

#[inline(never)]
pub fn std_scope_spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    value: &'scope u32,
) -> ScopedJoinHandle<'scope, u32> {
    scope.spawn(|| *value)
}

#[inline(never)]
pub fn std_scope_join(handle: ScopedJoinHandle<'_, u32>) -> thread::Result<u32> {
    handle.join()
}

#[inline(never)]
pub fn std_once(once: &Once, value: &Cell<u32>) {
    once.call_once(|| value.set(1));
}

#[inline(never)]
pub fn std_once_lock(cell: &OnceLock<u32>, value: u32) -> u32 {
    *cell.get_or_init(|| value)
}

#[inline(never)]
pub fn std_lazy_lock(cell: &LazyLock<u32>) -> u32 {
    **cell
}

standstill_std::thread_local! {
    static CALLS: Cell<u32> = const { Cell::new(0) };
    static NAME: String = String::new();
}

#[inline(never)]
pub fn std_thread_local() -> usize {
    CALLS.set(CALLS.get() + 1);
    NAME.with(String::len)
}

#[inline(never)]
pub fn std_park() {
    thread::park();
}

#[inline(never)]
pub fn std_sleep(time: Duration) {
    thread::sleep(time);
}

#[inline(never)]
pub fn parking_lot_lock(mutex: &pl::Mutex<u32>) -> u32 {
    *mutex.lock()
}

#[inline(never)]
pub fn parking_lot_read(lock: &pl::RwLock<u32>) -> u32 {
    *lock.read()
}

#[inline(never)]
pub fn parking_lot_write(lock: &pl::RwLock<u32>) {
    *lock.write() = 1;
}

#[inline(never)]
pub fn parking_lot_wait(condvar: &pl::Condvar, guard: &mut pl::MutexGuard<'_, u32>) {
    condvar.wait(guard);
}
