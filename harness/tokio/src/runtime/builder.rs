//! `Builder`.

use std::fmt;
use std::io;

use ::tokio::runtime as real;

use crate::runtime::{LocalOptions, LocalRuntime, Runtime, outside_of_runs};
use crate::time::Duration;

/// Builds runtimes. It wraps tokio's builder, and its runtimes spawn this crate's tasks.
pub struct Builder {
    real: real::Builder,
}

macro_rules! settings {
    ($($(#[$attribute:meta])* $name:ident($($argument:ident: $type:ty)?);)*) => {
        impl Builder {$(
            $(#[$attribute])*
            #[track_caller]
            pub fn $name(&mut self $(, $argument: $type)?) -> &mut Self {
                self.real.$name($($argument)?);
                self
            }
        )*}
    };
}

settings! {
    /// Enables all drivers that the enabled features provide.
    enable_all();
    /// Enables timers.
    enable_time();
    /// Enables the I/O driver.
    #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
    enable_io();
    /// Sets the maximum number of I/O events to process per tick. The default is 1024.
    ///
    /// # Panics
    ///
    /// If `capacity` is 0.
    #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
    max_io_events_per_tick(capacity: usize);
    /// Sets the maximum number of I/O events to process in a tick that does not wait. By default the
    /// same as for other ticks.
    ///
    /// # Panics
    ///
    /// If `capacity` is 0.
    #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
    max_io_events_per_busy_tick(capacity: usize);
    /// Sets the number of worker threads. The default is the number of cores.
    ///
    /// # Panics
    ///
    /// If `threads` is 0.
    worker_threads(threads: usize);
    /// Sets the maximum number of threads for blocking operations. The default is 512.
    ///
    /// # Panics
    ///
    /// If `threads` is 0.
    max_blocking_threads(threads: usize);
    /// Sets the name of the threads. The default is `tokio-rt-worker`.
    thread_name(name: impl Into<String>);
    /// Sets the name of the runtime.
    ///
    /// # Panics
    ///
    /// If `name` is empty.
    name(name: impl Into<String>);
    /// Sets a function that names each thread.
    thread_name_fn(f: impl Fn() -> String + Send + Sync + 'static);
    /// Sets the stack size of the threads, in bytes. The default is 2 MiB.
    thread_stack_size(bytes: usize);
    /// Calls `f` after each thread has started.
    on_thread_start(f: impl Fn() + Send + Sync + 'static);
    /// Calls `f` before each thread stops.
    on_thread_stop(f: impl Fn() + Send + Sync + 'static);
    /// Calls `f` before a thread becomes idle.
    on_thread_park(f: impl Fn() + Send + Sync + 'static);
    /// Calls `f` when a thread resumes work.
    on_thread_unpark(f: impl Fn() + Send + Sync + 'static);
    /// Sets how long an idle thread of the blocking pool is kept. The default is 10 seconds.
    thread_keep_alive(duration: Duration);
    /// Sets after how many polls a worker checks the shared queue.
    ///
    /// # Panics
    ///
    /// If `polls` is 0.
    global_queue_interval(polls: u32);
    /// Sets after how many polls a worker checks timers and I/O events.
    ///
    /// # Panics
    ///
    /// If `polls` is 0.
    event_interval(polls: u32);
    /// Sets whether the clock is paused from the start. The default is false.
    #[cfg(feature = "test-util")]
    start_paused(paused: bool);
}

impl Builder {
    /// A runtime that runs all tasks on the thread that blocks on it.
    pub fn new_current_thread() -> Self {
        Self {
            real: real::Builder::new_current_thread(),
        }
    }

    /// A runtime with its own worker threads.
    #[cfg(feature = "rt-multi-thread")]
    pub fn new_multi_thread() -> Self {
        Self {
            real: real::Builder::new_multi_thread(),
        }
    }

    /// Builds the runtime.
    ///
    /// # Errors
    ///
    /// If the operating system cannot provide the resources.
    ///
    /// # Panics
    ///
    /// In a controlled run.
    #[track_caller]
    pub fn build(&mut self) -> io::Result<Runtime> {
        outside_of_runs("tokio::runtime::Builder::build");
        self.real.build().map(Runtime::around)
    }

    /// Builds a runtime for tasks that need not be `Send`. It and its handles are tokio's own types.
    ///
    /// # Errors
    ///
    /// If the operating system cannot provide the resources.
    ///
    /// # Panics
    ///
    /// In a controlled run.
    #[track_caller]
    pub fn build_local(&mut self, options: LocalOptions) -> io::Result<LocalRuntime> {
        outside_of_runs("tokio::runtime::Builder::build_local");
        self.real.build_local(options)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
