//! What a run showed: a verdict, and for a bad one the finding with everything that explains it.

use std::fmt;

use serde::{Deserialize, Serialize};
use standstill_rt::op::Op;
use standstill_rt::site::Place;

use crate::fingerprint::Fingerprint;
use crate::graph::{Link, WaitGraph};

/// What went wrong in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Nothing can ever happen again, and the root has not finished.
    Hang,
    /// Some tasks can never run again while others go on.
    PartialHang,
    /// The root finished and left tasks behind.
    Leak,
    /// Tasks run for ever without getting anywhere.
    Livelock,
    /// A task panicked and nobody handled it.
    Panic,
    /// An OS thread is stuck inside a poll.
    Blocked,
    /// The process of the run crashed, exited or stopped: stress runs alone have one of their own.
    Crash,
}

impl FindingKind {
    /// The kind as the command line, the corpus and JSON spell it.
    pub fn name(self) -> &'static str {
        match self {
            FindingKind::Hang => "hang",
            FindingKind::PartialHang => "partial-hang",
            FindingKind::Leak => "leak",
            FindingKind::Livelock => "livelock",
            FindingKind::Panic => "panic",
            FindingKind::Blocked => "blocked",
            FindingKind::Crash => "crash",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The outcome of one run.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The root finished, nothing was left behind, nothing panicked.
    Clean,
    /// Something went wrong, and this explains it.
    Found(Box<Finding>),
    /// The run cannot be judged.
    Undecided(Undecided),
}

impl Verdict {
    /// The verdict as the command line, the corpus and JSON spell it.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Clean => "clean",
            Verdict::Found(finding) => finding.kind.name(),
            Verdict::Undecided(_) => "undecided",
        }
    }

    /// The finding, if there is one.
    pub fn finding(&self) -> Option<&Finding> {
        match self {
            Verdict::Found(finding) => Some(finding),
            Verdict::Clean | Verdict::Undecided(_) => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a run could not be judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum Undecided {
    /// Tasks run that the engine does not schedule.
    #[error(
        "{count} task(s) were spawned past the facade and were still alive: spawn them through \
         the `standstill-tokio` drop-in"
    )]
    UnscheduledTask {
        /// How many.
        count: usize,
    },
    /// An OS thread that is not the engine's might still wake the run.
    #[error(
        "the program started {count} OS thread(s) of its own, which might still wake it: use \
         `spawn_blocking`, or hunt it under the stress engine"
    )]
    ForeignThread {
        /// How many.
        count: usize,
    },
    /// The program asked for something that a controlled run does not have, such as a real socket.
    #[error("{}", standstill_rt::unmodelled::text(.what, .instead))]
    Unmodelled {
        /// What it asked for.
        what: String,
        /// What to do.
        instead: String,
    },
    /// The run neither ended nor stood still within its bounds.
    #[error("the run went on past {steps} steps{}: raise `max_steps`, or end its tickers", hours(*.virtual_seconds))]
    Endless {
        /// Steps made.
        steps: u64,
        /// Virtual time passed, in seconds.
        virtual_seconds: u64,
    },
    /// A task waits for something that the tracker cannot see.
    #[error(
        "nothing happens any more, but {task} waits for something that the facade does not know, \
         and might still be woken: use the `standstill-tokio` drop-in for it, or give it a timeout"
    )]
    Untracked {
        /// The task.
        task: String,
    },
    /// The process of a stress run could not be used.
    #[error("the process of the run could not be used: {detail}")]
    NoProcess {
        /// Why.
        detail: String,
    },
    /// A recorded schedule does not fit the program any more.
    #[error("diverged at step {step}: {detail}")]
    Diverged {
        /// The step of the first choice that did not fit.
        step: u64,
        /// What was recorded and what was there.
        detail: String,
    },
    /// The OS thread of the engine was stuck on a lock that a preempted task held, even with
    /// preemption inside polls switched off.
    #[error(
        "the engine's thread was stuck at {operation}, on a lock that another task's suspended \
         poll may hold: use the locks of the facade"
    )]
    Wedged {
        /// The last operation the stuck task announced, with its place.
        operation: String,
    },
    /// A poll or destructor resisted being unwound at the end of the run.
    #[error("{count} task(s) could not be unwound at the end of the run: they catch every panic")]
    Unwindable {
        /// How many.
        count: usize,
    },
    /// This build cannot run the plan.
    #[error("{detail}")]
    Unavailable {
        /// What it lacks.
        detail: String,
    },
    /// The run found something, but running the same plan again did not.
    #[error(
        "the program is not deterministic: {detail}; look for HashMap iteration, the wall clock \
         or unseeded random numbers"
    )]
    Nondeterministic {
        /// What the first run found and what the second did.
        detail: String,
    },
    /// The thread of the engine counts as panicking, so that none of its tasks could be told from one
    /// that is.
    #[error(
        "the engine's thread is unwinding a panic, and this version of the standard library does not \
         let that be put aside: run the program on another thread"
    )]
    ThreadPanics,
}

fn hours(virtual_seconds: u64) -> String {
    if virtual_seconds == 0 {
        String::new()
    } else {
        format!(" and {virtual_seconds} s of virtual time")
    }
}

/// What went wrong, and the facts that explain it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// A short hash of what went wrong, the same for every run that shows the same bug.
    pub fingerprint: Fingerprint,
    /// Who waited for what when the run ended.
    pub graph: WaitGraph,
    /// The heart of it: the cycle, or the wait that nobody can end.
    pub core: Vec<Link>,
    /// The panics of the run that nobody handled, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub panics: Vec<PanicFact>,
    /// Where an OS thread was stuck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<BlockedFact>,
    /// How the process of the run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crash: Option<CrashFact>,
    /// The step at which it was seen.
    pub step: u64,
    /// Virtual time since the run began, in milliseconds.
    pub virtual_ms: u64,
}

/// A panic that nobody handled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanicFact {
    /// The task's identity.
    pub task: String,
    /// The task's role.
    pub role: String,
    /// Where the task was spawned.
    pub spawned_at: Place,
    /// What the panic said.
    pub message: String,
    /// Where it happened, when the panic hook saw it.
    pub at: Option<Place>,
    /// It was seen only with preemption inside polls; between `.await`s it may be impossible.
    pub only_preempted: bool,
}

/// An OS thread that was stuck inside a poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedFact {
    /// The role of the task whose poll it was.
    pub role: String,
    /// Where that task was spawned.
    pub spawned_at: Option<Place>,
    /// The last operation that it announced before.
    pub last: Option<(Op, Place)>,
    /// What the OS tells of the thread. Known for real runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadFact>,
}

/// What the operating system tells of a thread. What it does not tell is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadFact {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: Option<String>,
    /// Whether it sleeps; else it runs.
    pub asleep: bool,
    /// For how long the poll has lasted, in milliseconds.
    pub for_ms: u64,
    /// The kernel function that it waits in.
    pub waits_in: Option<String>,
    /// The number of the system call that it is in.
    pub syscall: Option<u64>,
    /// Its kernel stack, the innermost function first, where that may be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<String>,
}

/// How the process of a run ended before the run did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrashFact {
    /// What happened to it.
    pub how: Crash,
    /// The last lines that it wrote to its standard streams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
}

/// What happened to the process of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Crash {
    /// A signal ended it, SIGABRT for `std::process::abort`.
    Signal(i32),
    /// A stack overflowed.
    StackOverflow,
    /// It needed more memory than its limit.
    OutOfMemory,
    /// It exited in the middle of the run, with this code.
    Exited(i32),
    /// It was stopped, as by SIGSTOP.
    Stopped,
    /// It wrote into the harness's own channel.
    Garbage,
}

impl Crash {
    /// What happened, as one word for fingerprints and JSON.
    pub fn word(self) -> String {
        match self {
            Crash::Signal(signal) => format!("signal {signal}"),
            Crash::StackOverflow => "stack overflow".to_owned(),
            Crash::OutOfMemory => "out of memory".to_owned(),
            Crash::Exited(code) => format!("exit {code}"),
            Crash::Stopped => "stopped".to_owned(),
            Crash::Garbage => "garbage".to_owned(),
        }
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Crash::Signal(6) => f.write_str("it was aborted (SIGABRT)"),
            Crash::Signal(9) => f.write_str("it was killed (SIGKILL)"),
            Crash::Signal(11) => f.write_str("a memory access failed (SIGSEGV)"),
            Crash::Signal(signal) => write!(f, "signal {signal} ended it"),
            Crash::StackOverflow => f.write_str("a stack overflowed"),
            Crash::OutOfMemory => f.write_str("it used more memory than its limit"),
            Crash::Exited(code) => write!(f, "it exited with code {code} before the run was over"),
            Crash::Stopped => f.write_str("it was stopped (SIGSTOP) and did not go on"),
            Crash::Garbage => f.write_str("it wrote into the channel that the harness listens on"),
        }
    }
}
