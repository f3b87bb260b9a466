use std::time::Duration;
use tokio::sync::{
    Barrier, MappedMutexGuard, Mutex, MutexGuard, Notify, OnceCell, OwnedMutexGuard,
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, OwnedSemaphorePermit, RwLock, RwLockReadGuard,
    RwLockWriteGuard, Semaphore, SemaphorePermit, broadcast, futures::Notified, mpsc, oneshot, watch,
};
use tokio::task::{AbortHandle, JoinError, JoinHandle, JoinSet};

fn is_send<T: Send>(_: &T) {}
fn shared<T: Send + Sync>() {}
fn moved<T: Send>() {}
fn unpinned<T: Unpin>() {}

#[test]
fn types_are_send_and_sync_where_those_of_tokio_are() {
    shared::<(Mutex<u8>, RwLock<u8>, Semaphore, Notify, Barrier, OnceCell<u8>)>();
    shared::<(MutexGuard<'_, u8>, MappedMutexGuard<'_, u8>, OwnedMutexGuard<u8>)>();
    shared::<(RwLockReadGuard<'_, u8>, RwLockWriteGuard<'_, u8>)>();
    shared::<(OwnedRwLockReadGuard<u8>, OwnedRwLockWriteGuard<u8>)>();
    shared::<(SemaphorePermit<'_>, OwnedSemaphorePermit, Notified<'_>)>();
    shared::<(mpsc::Sender<u8>, mpsc::Receiver<u8>, mpsc::Permit<'_, u8>, mpsc::OwnedPermit<u8>)>();
    shared::<(mpsc::UnboundedSender<u8>, mpsc::UnboundedReceiver<u8>, mpsc::WeakSender<u8>)>();
    shared::<(oneshot::Sender<u8>, oneshot::Receiver<u8>)>();
    shared::<(watch::Sender<u8>, watch::Receiver<u8>)>();
    shared::<(broadcast::Sender<u8>, broadcast::Receiver<u8>)>();
    shared::<(JoinHandle<u8>, AbortHandle, JoinError, JoinSet<u8>)>();
    shared::<(tokio::time::Sleep, tokio::time::Interval, tokio::runtime::Handle)>();
    // A value that is sent need not be `Sync`.
    type Alone = std::cell::Cell<u8>;
    shared::<(Mutex<Alone>, mpsc::Sender<Alone>, mpsc::Receiver<Alone>)>();
    moved::<(MutexGuard<'_, Alone>, OwnedMutexGuard<Alone>, OnceCell<Alone>)>();
    unpinned::<(oneshot::Receiver<std::marker::PhantomPinned>, JoinHandle<std::marker::PhantomPinned>)>();
    unpinned::<(mpsc::Receiver<std::marker::PhantomPinned>, tokio::time::Interval)>();
}

#[test]
fn futures_of_all_operations_can_be_spawned() {
    fn mutexes(mutex: &'static Mutex<u8>, lock: &'static RwLock<u8>, semaphore: &'static Semaphore) {
        is_send(&mutex.lock());
        is_send(&lock.read());
        is_send(&lock.write());
        is_send(&semaphore.acquire());
    }
    fn generic<T: Send + 'static>(sender: mpsc::Sender<T>, value: T) -> JoinHandle<bool> {
        tokio::spawn(async move { sender.send(value).await.is_ok() })
    }
    fn locked<T: Send + 'static>(mutex: std::sync::Arc<Mutex<T>>) -> JoinHandle<()> {
        tokio::spawn(async move {
            let guard = mutex.lock().await;
            tokio::task::yield_now().await;
            drop(guard);
            drop(mutex.lock_owned().await);
        })
    }
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        is_send(&sender.reserve());
        is_send(&sender.send_timeout(1, Duration::from_secs(1)));
        is_send(&receiver.recv());
        let (watch, mut watcher) = watch::channel(1);
        is_send(&watcher.wait_for(|value| *value > 0));
        is_send(&watcher.changed());
        is_send(&watch.closed());
        let (_broadcast, mut broadcasts) = broadcast::channel::<u8>(1);
        is_send(&broadcasts.recv());
        let cell = OnceCell::new();
        is_send(&cell.get_or_init(|| async { 1 }));
        is_send(&cell.get_or_try_init(|| async { Ok::<_, ()>(1) }));
        let mut set = JoinSet::<u8>::new();
        is_send(&set.join_next());
        is_send(&tokio::time::timeout(Duration::from_secs(1), receiver.recv()));
        is_send(&Barrier::new(1).wait());
        let _ = mutexes;
        let sent = generic(sender, 3);
        locked(std::sync::Arc::new(Mutex::new(0))).await.unwrap();
        assert_eq!(receiver.recv().await, Some(3));
        assert!(sent.await.unwrap());
    });
}

#[test]
fn a_borrow_ends_where_it_does_in_tokio() {
    check(|| async {
        // The future of an owned lock borrows nothing, and neither does that of an owned permit.
        let lock = {
            let mutex = std::sync::Arc::new(Mutex::new(1));
            mutex.lock_owned()
        };
        assert_eq!(*lock.await, 1);
        let permit = {
            let (sender, receiver) = mpsc::channel::<u8>(1);
            let permit = sender.reserve_owned();
            drop(receiver);
            permit
        };
        assert!(permit.await.is_err());
        let yielded = tokio::task::yield_now();
        yielded.await;
    });
}
