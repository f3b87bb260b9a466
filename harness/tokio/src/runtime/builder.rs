//! `Builder`.

use std::fmt;
use std::io;

use ::tokio::runtime as real;

use crate::runtime::{LocalOptions, LocalRuntime, Runtime, outside_of_runs};
use crate::time::Duration;

/// Builds a runtime: tokio's own builder, whose runtimes spawn tasks of this crate.
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
    /// Enables everything that the features have.
    enable_all();
    /// Enables timers.
    enable_time();
    /// Enables what waits for the operating system.
    #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
    enable_io();
    /// How many events are taken from the operating system at a time.
    #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
    max_io_events_per_tick(capacity: usize);
    /// How many events are taken from the operating system at a time while there is work.
    #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
    max_io_events_per_busy_tick(capacity: usize);
    /// How many threads run tasks.
    worker_threads(threads: usize);
    /// How many threads there are at most for what blocks.
    max_blocking_threads(threads: usize);
    /// The threads' name.
    thread_name(name: impl Into<String>);
    /// The runtime's name.
    name(name: impl Into<String>);
    /// Names each thread.
    thread_name_fn(f: impl Fn() -> String + Send + Sync + 'static);
    /// The size of the threads' stacks, in bytes.
    thread_stack_size(bytes: usize);
    /// Called when a thread has started.
    on_thread_start(f: impl Fn() + Send + Sync + 'static);
    /// Called before a thread ends.
    on_thread_stop(f: impl Fn() + Send + Sync + 'static);
    /// Called before a thread goes idle.
    on_thread_park(f: impl Fn() + Send + Sync + 'static);
    /// Called when a thread has something to do again.
    on_thread_unpark(f: impl Fn() + Send + Sync + 'static);
    /// How long a thread for what blocks stays without work.
    thread_keep_alive(duration: Duration);
    /// After how many polls the shared queue is looked at.
    global_queue_interval(polls: u32);
    /// After how many polls timers and the operating system are looked at.
    event_interval(polls: u32);
    /// Whether the clock is paused from the start.
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

    /// A runtime with threads of its own.
    #[cfg(feature = "rt-multi-thread")]
    pub fn new_multi_thread() -> Self {
        Self {
            real: real::Builder::new_multi_thread(),
        }
    }

    /// Makes the runtime.
    ///
    /// # Errors
    ///
    /// If the system lacks what it needs.
    ///
    /// # Panics
    ///
    /// In a controlled run.
    #[track_caller]
    pub fn build(&mut self) -> io::Result<Runtime> {
        outside_of_runs("tokio::runtime::Builder::build");
        self.real.build().map(Runtime::around)
    }

    /// Makes a runtime for tasks that need not be `Send`: tokio's own, with tokio's own handles.
    ///
    /// # Errors
    ///
    /// If the system lacks what it needs.
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
