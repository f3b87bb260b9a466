//! Of the drop-in for tokio.

use std::future::Future;
use std::time::Duration;

use standstill_tokio as tokio;
use tokio::sync::{
    Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore, SetOnce, broadcast, mpsc, oneshot, watch,
};
use tokio::task::{self, JoinSet};
use tokio::time;

use crate::{Checks, leaked};

tokio::task_local! {
    static REQUEST: u32;
}

/// Three tasks that do the same.
async fn three<F>(f: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let tasks: Vec<_> = (0..3).map(|_| tokio::spawn(f())).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

pub(crate) fn run(checks: &mut Checks) {
    checks.run("tokio_mutex", || async {
        let mutex = leaked(Mutex::new(0));
        three(async || *mutex.lock().await += 1).await;
        drop(mutex.try_lock());
    });
    checks.run("tokio_rwlock", || async {
        let lock = leaked(RwLock::new(0));
        three(async || {
            let _ = *lock.read().await;
            drop(lock.write().await.downgrade());
        })
        .await;
    });
    checks.run("tokio_semaphore", || async {
        let semaphore = leaked(Semaphore::new(1));
        three(async || drop(semaphore.acquire().await.unwrap())).await;
    });
    checks.run("tokio_notify", || async {
        let notify = leaked(Notify::new());
        let waiter = tokio::spawn(notify.notified());
        notify.notify_one();
        waiter.await.unwrap();
    });
    checks.run("tokio_barrier", || async {
        let barrier = leaked(Barrier::new(3));
        three(async || _ = barrier.wait().await).await;
    });
    checks.run("tokio_cells", || async {
        let cell = leaked(OnceCell::new());
        let once = leaked(SetOnce::new());
        three(async || {
            cell.get_or_init(async || task::yield_now().await).await;
            drop(once.set(1));
            assert_eq!(*once.wait().await, 1);
        })
        .await;
    });
    checks.run("tokio_mpsc", || async {
        let (sender, mut receiver) = mpsc::channel(1);
        for number in 0..2 {
            let sender = sender.clone();
            tokio::spawn(async move {
                sender.send(number).await.unwrap();
                sender.reserve().await.unwrap().send(number);
                let _ = sender.try_send(number);
            });
        }
        let weak = sender.downgrade();
        drop(sender);
        while receiver.recv().await.is_some() {
            drop(weak.upgrade());
        }
        assert!(receiver.try_recv().is_err() && receiver.is_closed());
    });
    checks.run("tokio_unbounded", || async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let sending = sender.clone();
        tokio::spawn(async move { sending.send(1).unwrap() });
        drop(sender);
        let mut values = Vec::new();
        assert_eq!(receiver.recv_many(&mut values, 4).await, 1);
    });
    checks.run("tokio_oneshot", || async {
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move { sender.send(1) });
        assert_eq!(receiver.await, Ok(1));
    });
    checks.run("tokio_broadcast", || async {
        let (sender, mut receiver) = broadcast::channel(2);
        let sending = sender.clone();
        tokio::spawn(async move { sending.send(1).unwrap() });
        assert_eq!(receiver.recv().await, Ok(1));
        drop(sender);
    });
    checks.run("tokio_watch", || async {
        let (sender, mut receiver) = watch::channel(0);
        let mut other = receiver.clone();
        tokio::spawn(async move {
            sender.send_modify(|value| *value += 1);
            sender.send_replace(2);
            sender.closed().await;
        });
        other.changed().await.unwrap();
        assert_eq!(*receiver.wait_for(|value| *value == 2).await.unwrap(), 2);
        assert_eq!(*other.borrow_and_update(), 2);
    });
    checks.run("tokio_spawn", || async {
        let task = tokio::spawn(async { vec![1, 2, 3] });
        let aborts = task.abort_handle();
        assert_eq!(task.await.unwrap().len(), 3);
        assert!(aborts.is_finished());
        let task = task::spawn_blocking(|| 1);
        assert_eq!(task.await.unwrap(), 1);
        let task = tokio::spawn(std::future::pending::<()>());
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    checks.run("tokio_join_set", || async {
        let mut set = JoinSet::new();
        for number in 0..3 {
            set.spawn(async move { number });
        }
        drop(set.try_join_next());
        while set.join_next().await.is_some() {}
        set.spawn(std::future::pending());
        drop(set);
    });
    checks.run("tokio_time", || async {
        time::sleep(Duration::from_millis(1)).await;
        let pending = std::future::pending::<()>();
        assert!(
            time::timeout(Duration::from_millis(1), pending)
                .await
                .is_err()
        );
        let mut interval = time::interval(Duration::from_millis(1));
        interval.tick().await;
        interval.tick().await;
    });
    checks.run("tokio_select", || async {
        let notify = leaked(Notify::new());
        tokio::spawn(async { notify.notify_one() });
        let (_sender, mut receiver) = mpsc::channel::<u32>(1);
        tokio::select! {
            _ = receiver.recv() => {}
            () = notify.notified() => {}
        }
    });
    checks.run("tokio_task_local", || async {
        three(|| REQUEST.scope(4, async { assert_eq!(REQUEST.get(), 4) })).await;
    });
}
