//! A watchdog without the rest, for a service or a test that is not a scenario.
//!
//! ```
//! # use standstill as standstill;
//! # use std::time::Duration;
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let watching = standstill::watchdog::Watchdog::new()
//!     .patience(Duration::from_secs(5))
//!     .watch(&tokio::runtime::Handle::current());
//! // ... the service ...
//! drop(watching);
//! # });
//! ```
//!
//! It checks from an OS thread of its own, and reports two things. One is that the runtime has not
//! responded for as long as its patience, with the polls that do not return. The other is that tasks
//! wait for each other in a cycle of locks, queues and joins, so that none can ever run again. It knows
//! the tasks that were spawned through the drop-in since it was first used; for other tasks it reports
//! tokio's own counts. A service that has nothing to do is not a stall.

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use real_tokio::runtime::Handle;
use standstill_engine::DEFAULT_PATIENCE;
use standstill_engine::stress::tracking;
use standstill_engine::threads::Ours;
use standstill_model::finding::BlockedFact;
use standstill_model::graph::WaitGraph;
use standstill_report as report;
use standstill_rt::task::TaskRef;
use tokio::driver::id_of;

/// A handle to a runtime: tokio's, or the drop-in's.
pub trait RuntimeHandle {
    /// Tokio's own handle.
    fn real(&self) -> Handle;
}

impl RuntimeHandle for Handle {
    fn real(&self) -> Handle {
        self.clone()
    }
}

impl RuntimeHandle for tokio::runtime::Handle {
    fn real(&self) -> Handle {
        tokio::runtime::Handle::real(self)
    }
}

type Callback = Box<dyn FnMut(&Stall) + Send>;

/// The settings of a watchdog, which starts with [`Watchdog::watch`].
pub struct Watchdog {
    patience: Duration,
    callback: Callback,
}

/// A running watchdog. It watches until this is dropped.
#[derive(Debug)]
pub struct Watching {
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A stall that a watchdog has detected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stall {
    /// The kind of stall.
    pub kind: StallKind,
    /// How long it had lasted when it was reported, in milliseconds of the watchdog's own clock.
    pub for_ms: u64,
    /// The polls that had not returned for as long as the patience.
    pub blocked: Vec<BlockedFact>,
    /// The known tasks of the runtime, and what they wait for.
    pub graph: WaitGraph,
    /// Tokio's count of the runtime's tasks that are alive, known or not.
    pub alive: usize,
    /// Tokio's count of the runtime's worker threads.
    pub workers: usize,
    /// Tokio's count of tasks that wait for a worker.
    pub queued: usize,
}

/// The kind of a stall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StallKind {
    /// The runtime does not respond: its threads are blocked, or busy with polls that do not end.
    Unresponsive,
    /// Tasks wait for each other.
    Deadlock,
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

impl Default for Watchdog {
    fn default() -> Self {
        Self::new()
    }
}

impl Watchdog {
    /// A watchdog with a patience of one second, which writes what it detects to standard error.
    #[must_use]
    pub fn new() -> Self {
        Self {
            patience: DEFAULT_PATIENCE,
            callback: Box::new(print),
        }
    }

    /// How long the runtime may take to respond, and how long a cycle must last. Default: 1 s.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Calls this function on the watchdog's thread, once for each stall, instead of writing to standard
    /// error.
    #[must_use]
    pub fn on_stall(mut self, callback: impl FnMut(&Stall) + Send + 'static) -> Self {
        self.callback = Box::new(callback);
        self
    }

    /// Writes what it detects to standard error and aborts the process.
    #[must_use]
    pub fn abort(self) -> Self {
        self.on_stall(|stall| {
            print(stall);
            std::process::abort();
        })
    }

    /// Starts watching a runtime, and enables tracking: tasks that are spawned from now on are known.
    ///
    /// # Panics
    ///
    /// If the system cannot start another thread.
    #[must_use = "it watches until it is dropped"]
    pub fn watch(self, runtime: &impl RuntimeHandle) -> Watching {
        tracking::start();
        let runtime = runtime.real();
        let (over, stop) = channel();
        let thread = std::thread::Builder::new()
            .name("standstill-watch".to_owned())
            .spawn(move || watch(self, &runtime, &stop))
            .unwrap_or_else(|error| panic!("cannot start the watchdog's thread: {error}"));
        Watching {
            over: Some(over),
            thread: Some(thread),
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        drop(self.over.take());
        if let Some(thread) = self.thread.take() {
            // If its callback has panicked, the panic hook has reported it.
            let _ = thread.join();
        }
    }
}

fn print(stall: &Stall) {
    // If standard error is closed, the stall cannot be reported.
    let _ = writeln!(std::io::stderr(), "{stall}");
}

/// A ping, and whether the runtime has answered it.
struct Ping {
    answered: Arc<AtomicBool>,
    waited: Duration,
}

impl Ping {
    fn send(runtime: &Handle) -> Self {
        let answered = Arc::new(AtomicBool::new(false));
        let answer = Arc::clone(&answered);
        runtime.spawn(async move { answer.store(true, Ordering::Relaxed) });
        Self {
            answered,
            waited: Duration::ZERO,
        }
    }
}

fn watch(mut watchdog: Watchdog, runtime: &Handle, stop: &Receiver<()>) {
    let _thread = Ours::register();
    let tick = (watchdog.patience / 20).clamp(Duration::from_millis(1), Duration::from_millis(50));
    let mut ping = Ping::send(runtime);
    let mut circle: (Vec<TaskRef>, (u64, u64)) = (Vec::new(), (0, 0));
    let mut circle_lasts = Duration::ZERO;
    let mut reported = (false, false);
    // Each check counts as one tick, however late it comes: if the process was stopped or the machine
    // was overloaded, that does not make the runtime slow.
    while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(tick) {
        if ping.answered.load(Ordering::Relaxed) {
            ping = Ping::send(runtime);
            reported.0 = false;
        } else {
            ping.waited += tick;
            if ping.waited >= watchdog.patience && !reported.0 {
                reported.0 = true;
                let stall = stall(StallKind::Unresponsive, ping.waited, runtime, |_| true);
                (watchdog.callback)(&stall);
            }
        }
        let now = tracking::start().dead(id_of(runtime));
        if now.0.is_empty() || now != circle {
            circle = now;
            circle_lasts = Duration::ZERO;
            reported.1 = false;
            continue;
        }
        circle_lasts += tick;
        if circle_lasts >= watchdog.patience && !reported.1 {
            reported.1 = true;
            let stall = stall(StallKind::Deadlock, circle_lasts, runtime, |task| {
                circle.0.contains(&task)
            });
            (watchdog.callback)(&stall);
        }
    }
}

fn stall(
    kind: StallKind,
    lasts: Duration,
    runtime: &Handle,
    concerns: impl Fn(TaskRef) -> bool,
) -> Stall {
    let metrics = runtime.metrics();
    let tracked = tracking::start();
    Stall {
        kind,
        for_ms: u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX),
        blocked: tracked.long_polls(id_of(runtime), lasts / 2),
        graph: tracked.graph(id_of(runtime), concerns),
        alive: metrics.num_alive_tasks(),
        workers: metrics.num_workers(),
        queued: metrics.global_queue_depth(),
    }
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lasts = self.for_ms;
        match self.kind {
            StallKind::Unresponsive => {
                writeln!(f, "stall: the runtime has not answered for {lasts} ms")?;
            }
            StallKind::Deadlock => {
                writeln!(f, "stall: tasks have waited for each other for {lasts} ms")?;
            }
        }
        for blocked in &self.blocked {
            for line in report::stuck_lines(blocked) {
                writeln!(f, "  {line}")?;
            }
        }
        for line in report::concerned(&self.graph) {
            writeln!(f, "  {line}")?;
        }
        write!(
            f,
            "  tokio counts {} tasks alive, {} of them waiting for one of {} workers",
            self.alive, self.queued, self.workers
        )
    }
}
