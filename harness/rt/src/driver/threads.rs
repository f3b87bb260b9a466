//! A parallel runtime without a scheduler of its own: each task has a thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::driver::{Abort, ParallelRuntime, RuntimeId, Spawner, ThreadObserver};

/// A runtime of threads.
pub(super) struct Threads(Arc<Shared>);

struct Shared {
    id: RuntimeId,
    observer: ThreadObserver,
    running: Mutex<usize>,
    ended: Condvar,
}

impl Threads {
    pub(super) fn new(observer: ThreadObserver) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        Self(Arc::new(Shared {
            id: RuntimeId(IDS.fetch_add(1, Ordering::Relaxed)),
            observer,
            running: Mutex::new(0),
            ended: Condvar::new(),
        }))
    }
}

impl ParallelRuntime for Threads {
    fn spawner(&self) -> Arc<dyn Spawner> {
        Arc::new(ThreadSpawner(Arc::clone(&self.0)))
    }

    fn block_on(&self, future: Pin<&mut dyn Future<Output = ()>>) {
        let flag = Arc::new(Flag::of_this_thread());
        block_on(future, &flag);
    }

    fn shut_down(self: Box<Self>, patience: Duration) {
        let until = Instant::now() + patience;
        let mut running = self
            .0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while *running > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.0.ended.wait_timeout(running, left);
            running = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn start(self: &Arc<Self>, flag: &Arc<Flag>, code: impl FnOnce(&Arc<Flag>) + Send + 'static) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let (shared, flag) = (Arc::clone(self), Arc::clone(flag));
        let started = std::thread::Builder::new()
            .name("standstill-work".to_owned())
            .spawn(move || {
                (shared.observer.started)();
                flag.set_thread();
                if flag.aborted.load(Ordering::SeqCst) {
                    drop(code);
                } else {
                    code(&flag);
                }
                (shared.observer.stopping)();
                *shared
                    .running
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) -= 1;
                shared.ended.notify_all();
            });
        if let Err(error) = started {
            panic!("cannot start a thread of a stress run: {error}");
        }
    }
}

/// Starts threads of a runtime.
struct ThreadSpawner(Arc<Shared>);

impl Spawner for ThreadSpawner {
    fn id(&self) -> RuntimeId {
        self.0.id
    }

    fn spawn(&self, mut task: Pin<Box<dyn Future<Output = ()> + Send>>) -> Box<dyn Abort> {
        let flag = Arc::new(Flag::default());
        self.0
            .start(&flag, move |flag| block_on(task.as_mut(), flag));
        Box::new(flag)
    }

    fn spawn_blocking(&self, task: Box<dyn FnOnce() + Send>) -> Box<dyn Abort> {
        let flag = Arc::new(Flag::default());
        self.0.start(&flag, move |_| task());
        Box::new(flag)
    }
}

/// A task's thread, and what others want of it.
#[derive(Default)]
struct Flag {
    woken: AtomicBool,
    aborted: AtomicBool,
    thread: Mutex<Option<Thread>>,
}

impl Flag {
    fn of_this_thread() -> Self {
        let flag = Self::default();
        flag.set_thread();
        flag
    }

    fn set_thread(&self) {
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current());
    }

    fn unpark(&self) {
        if let Some(thread) = &*self.thread.lock().unwrap_or_else(PoisonError::into_inner) {
            thread.unpark();
        }
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.unpark();
    }
}

impl Abort for Arc<Flag> {
    fn abort(&self) {
        self.aborted.store(true, Ordering::SeqCst);
        self.unpark();
    }
}

/// Polls `future` until it is ready, or the task is aborted.
fn block_on(mut future: Pin<&mut dyn Future<Output = ()>>, flag: &Arc<Flag>) {
    let waker = Waker::from(Arc::clone(flag));
    let mut cx = Context::from_waker(&waker);
    while !flag.aborted.load(Ordering::SeqCst) {
        if let Poll::Ready(()) = future.as_mut().poll(&mut cx) {
            return;
        }
        while !flag.woken.swap(false, Ordering::SeqCst) && !flag.aborted.load(Ordering::SeqCst) {
            std::thread::park();
        }
    }
}
