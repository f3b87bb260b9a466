//! Provides the engine with tokio's runtimes.

mod refused;
mod stack;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use ::tokio::runtime::{Builder, Handle, Runtime};
use ::tokio::task::{AbortHandle, unconstrained};
use ::tokio::time;
use standstill_rt::driver::{
    self, Abort, Clock, Driver, ParallelRuntime, PausedRuntime, RuntimeId, Spawner, ThreadObserver,
    Timer,
};

static TOKIO: Tokio = Tokio;

/// Makes all runs that begin from now on use runtimes of tokio. Code that needs such a runtime
/// registers it itself. A harness registers it in advance if its programs may use tokio without the
/// facade.
#[doc(hidden)]
pub fn register() {
    driver::register(&TOKIO);
}

/// Registers tokio. Called before tokio's runtime is used.
///
/// # Panics
///
/// In a controlled run that began without tokio's runtime. The run is then repeated with it.
#[inline]
pub(crate) fn require() {
    driver::require(&TOKIO);
}

/// The id that distinguishes a tokio runtime from others.
#[doc(hidden)]
pub fn id_of(handle: &Handle) -> RuntimeId {
    // tokio's id reveals its number only by its `Display` output.
    let mut digits = Digits(0);
    let _ = write!(digits, "{}", handle.id());
    RuntimeId(digits.0)
}

struct Digits(u64);

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for digit in text.bytes().filter(u8::is_ascii_digit) {
            self.0 = self
                .0
                .wrapping_mul(10)
                .wrapping_add(u64::from(digit - b'0'));
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Tokio;

impl Driver for Tokio {
    fn paused(&self) -> Box<dyn PausedRuntime> {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .thread_name_fn(refused::name_blocking_thread)
            // The hook sees who asks for a thread only when a thread starts, so no idle thread is kept.
            .thread_keep_alive(Duration::ZERO)
            .build()
            .unwrap_or_else(|error| panic!("cannot build a tokio runtime: {error}"));
        Box::new(Paused(runtime))
    }

    fn parallel(&self, threads: usize, observer: ThreadObserver) -> Box<dyn ParallelRuntime> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("standstill-work")
            .enable_all()
            .on_thread_start(observer.started)
            .on_thread_stop(observer.stopping)
            .build()
            .unwrap_or_else(|error| panic!("cannot build a tokio runtime: {error}"));
        Box::new(Parallel(runtime))
    }

    fn current(&self) -> Option<Arc<dyn Spawner>> {
        let handle = Handle::try_current().ok()?;
        Some(Arc::new(TokioSpawner(handle)))
    }

    fn explain(&self, message: &str, file: Option<&str>) -> Option<String> {
        refused::explained(message, file)
    }
}

struct Paused(Runtime);

impl PausedRuntime for Paused {
    fn clock(&self) -> Rc<dyn Clock> {
        Rc::new(TokioClock)
    }

    fn block_on(&self, future: Pin<&mut dyn Future<Output = ()>>) {
        self.0.block_on(unconstrained(future));
    }

    fn unscheduled(&self) -> usize {
        self.0.metrics().num_alive_tasks()
    }

    fn shut_down(self: Box<Self>) {
        self.0.shutdown_background();
    }
}

/// The clock of the current runtime.
#[derive(Debug)]
struct TokioClock;

impl Clock for TokioClock {
    fn now(&self) -> Instant {
        time::Instant::now().into_std()
    }

    fn sleep_until(&self, deadline: Instant) -> Timer {
        Box::pin(time::sleep_until(deadline.into()))
    }

    fn unscheduled(&self) -> usize {
        Handle::current().metrics().num_alive_tasks()
    }

    fn advance(&self, by: Duration) {
        let mut nobody = Context::from_waker(Waker::noop());
        // The first poll advances the clock; the rest of the future only yields.
        let _ = pin!(time::advance(by)).poll(&mut nobody);
    }
}

struct Parallel(Runtime);

impl ParallelRuntime for Parallel {
    fn spawner(&self) -> Arc<dyn Spawner> {
        Arc::new(TokioSpawner(self.0.handle().clone()))
    }

    fn block_on(&self, future: Pin<&mut dyn Future<Output = ()>>) {
        self.0.block_on(future);
    }

    fn shut_down(self: Box<Self>, patience: Duration) {
        self.0.shutdown_timeout(patience);
    }
}

struct TokioSpawner(Handle);

impl Spawner for TokioSpawner {
    fn id(&self) -> RuntimeId {
        id_of(&self.0)
    }

    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) -> Box<dyn Abort> {
        Box::new(TokioAbort(self.0.spawn(task).abort_handle()))
    }

    fn spawn_blocking(&self, task: Box<dyn FnOnce() + Send>) -> Box<dyn Abort> {
        Box::new(TokioAbort(self.0.spawn_blocking(task).abort_handle()))
    }
}

struct TokioAbort(AbortHandle);

impl Abort for TokioAbort {
    fn abort(&self) {
        self.0.abort();
    }
}
