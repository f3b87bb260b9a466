//! Derives a run's verdict from how the run ended. One set of rules for all engines: which panics count,
//! which tasks left behind are a leak, and what a wait graph shows.

mod finding;

use std::time::Duration;

use standstill_model::finding::{BlockedFact, FindingKind, PanicFact, Undecided, Verdict};
use standstill_model::fingerprint::Fingerprint;
use standstill_model::graph::{TaskState, WaitGraph};
use standstill_model::plan::Leaks;
use standstill_rt::panics::{self, Said};
use standstill_rt::task::{TaskRef, role_of};

pub use finding::finding;

use crate::pulse::Identity;
use crate::track::Tracker;

/// A task's panic, until it is known whether the program handles it.
#[derive(Debug)]
pub struct Panicked {
    pub task: TaskRef,
    pub path: String,
    pub identity: &'static Identity,
    pub said: Said,
    /// The program has seen it: for example, a join returned it.
    pub seen: bool,
    /// The task had been preempted inside the poll.
    pub preempted: bool,
}

impl Panicked {
    /// Describes the panic of the current thread that has just been caught.
    pub fn caught(
        tracker: &Tracker,
        task: TaskRef,
        identity: &'static Identity,
        preempted: bool,
    ) -> Self {
        Self {
            task,
            path: tracker.path(task.slot).to_string(),
            identity,
            said: panics::take(),
            seen: false,
            preempted,
        }
    }
}

/// Why a run ended.
#[derive(Clone, Debug)]
pub enum EndReason {
    /// The root has ended, and no task was left or leaks are ignored.
    Done,
    /// Nothing can ever happen again, and the root has not ended.
    Hang,
    /// The root has ended, and other tasks are still there.
    Leak {
        /// Some of them still have timers: time passes for them.
        ticking: bool,
    },
    /// Some tasks can never run again, while others go on.
    PartialHang {
        /// The tasks that cannot run.
        dead: Vec<TaskRef>,
    },
    /// Tasks made steps without end and without progress.
    Livelock,
    /// Waits for time without end, and nothing else.
    Polling,
    /// A poll does not return.
    Blocked(Box<BlockedFact>),
    /// The run neither ended nor hung within the budgets.
    Endless {
        /// The time on the run's clock, if it is virtual.
        virtual_time: Duration,
    },
    /// A thread outside of the run might still wake it.
    ForeignThread {
        /// How many OS threads there are.
        count: usize,
    },
    /// A task waits for something that the tracker cannot see.
    Untracked(TaskRef),
    /// A stop was requested.
    Stopped,
}

/// A task that had not ended when the run did.
#[derive(Clone, Copy, Debug)]
pub struct Survivor {
    pub task: TaskRef,
    /// It was running, or could have run.
    pub ready: bool,
    /// It has not been polled since the root ended.
    pub still: bool,
    /// Its age, where time is real.
    pub age: Option<Duration>,
}

/// How a run ended.
#[derive(Debug)]
pub struct RunEnd {
    pub reason: EndReason,
    /// The tasks that had not ended, in slot order.
    pub survivors: Vec<Survivor>,
    /// Time since the run began, by the run's own clock.
    pub after: Duration,
}

/// The input for the verdict of a closed run, beside its end.
#[derive(Debug)]
pub struct Facts<'a> {
    pub tracker: &'a Tracker,
    pub panics: &'a [Panicked],
    /// Which tasks left behind count.
    pub leaks: Leaks,
    pub steps: u64,
    /// How many tasks were spawned outside of the facade.
    pub unscheduled: usize,
    /// How many tasks could not be unwound.
    pub abandoned: u32,
}

impl Facts<'_> {
    /// The verdict of a run that ended like this.
    pub fn verdict(&self, end: &RunEnd) -> Verdict {
        let panics = self.unhandled_panics();
        if !panics.is_empty() {
            return self.found(FindingKind::Panic, end, panics);
        }
        if self.unscheduled > 0 {
            return Verdict::Undecided(Undecided::UnscheduledTask {
                count: self.unscheduled,
            });
        }
        match &end.reason {
            EndReason::Done if self.abandoned > 0 => Verdict::Undecided(Undecided::Unwindable {
                count: self.abandoned as usize,
            }),
            EndReason::Done => Verdict::Clean,
            EndReason::Hang => self.found(FindingKind::Hang, end, panics),
            EndReason::Leak { ticking } if is_leak(self.leaks, &end.survivors, *ticking) => {
                self.found(FindingKind::Leak, end, panics)
            }
            EndReason::Leak { .. } => Verdict::Clean,
            EndReason::PartialHang { .. } => self.found(FindingKind::PartialHang, end, panics),
            EndReason::Livelock | EndReason::Polling => {
                self.found(FindingKind::Livelock, end, panics)
            }
            EndReason::Blocked(fact) => self.blocked(fact, end),
            EndReason::Endless { virtual_time } => Verdict::Undecided(Undecided::Endless {
                steps: self.steps,
                virtual_seconds: virtual_time.as_secs(),
            }),
            EndReason::ForeignThread { count } => {
                Verdict::Undecided(Undecided::ForeignThread { count: *count })
            }
            EndReason::Untracked(task) => Verdict::Undecided(Undecided::Untracked {
                task: self.name(*task, end),
            }),
            EndReason::Stopped => Verdict::Undecided(Undecided::NoProcess {
                detail: "it was asked to stop in the middle of a run".to_owned(),
            }),
        }
    }

    /// The panics that the program did not handle, in order. If the root's panic is among them, all
    /// panics: one may have led to the other.
    fn unhandled_panics(&self) -> Vec<PanicFact> {
        let is_root = |panicked: &Panicked| panicked.task.serial == 0;
        let root = self.panics.iter().any(is_root);
        self.panics
            .iter()
            .filter(|panicked| root || !panicked.seen)
            .map(|panicked| PanicFact {
                task: panicked.path.clone(),
                role: role(panicked.task, panicked.identity),
                spawned_at: panicked.identity.site.into(),
                message: panicked.said.message.clone(),
                at: panicked.said.at.clone(),
                only_preempted: panicked.preempted,
            })
            .collect()
    }

    fn found(&self, kind: FindingKind, end: &RunEnd, panics: Vec<PanicFact>) -> Verdict {
        let mut finding = finding(kind, self.graph(end), panics);
        finding.step = self.steps;
        finding.virtual_ms = millis(end.after);
        Verdict::Found(Box::new(finding))
    }

    fn blocked(&self, fact: &BlockedFact, end: &RunEnd) -> Verdict {
        let kind = FindingKind::Blocked;
        let graph = self.graph(end);
        let last = fact.last.as_ref();
        let operation = last.map_or("", |(op, _)| op.name());
        let file = last
            .map(|(_, place)| place.stable_file())
            .unwrap_or_default();
        let fingerprint = Fingerprint::new(kind, &graph, &[], &[&fact.role, operation, &file]);
        let mut finding = finding(kind, graph, Vec::new());
        finding.core.clear();
        finding.fingerprint = fingerprint;
        finding.blocked = Some(fact.clone());
        finding.step = self.steps;
        finding.virtual_ms = millis(end.after);
        Verdict::Found(Box::new(finding))
    }

    fn graph(&self, end: &RunEnd) -> WaitGraph {
        let tasks: Vec<TaskRef> = end.survivors.iter().map(|survivor| survivor.task).collect();
        let mut graph = self.tracker.snapshot(&tasks, |task| {
            let mut survivors = end.survivors.iter();
            match (
                &end.reason,
                survivors.find(|survivor| survivor.task == task),
            ) {
                (_, Some(survivor)) if survivor.ready => TaskState::Ready,
                (EndReason::Polling, Some(survivor)) if !survivor.still => TaskState::Ready,
                (EndReason::PartialHang { dead }, Some(_)) if !dead.contains(&task) => {
                    TaskState::Live
                }
                _ => TaskState::Waiting,
            }
        });
        for (node, survivor) in graph.tasks.iter_mut().zip(&end.survivors) {
            node.age_ms = survivor.age.map(millis);
        }
        graph
    }

    fn name(&self, task: TaskRef, end: &RunEnd) -> String {
        let mut survivors = end.survivors.iter();
        let at = survivors.position(|survivor| survivor.task == task);
        let graph = self.graph(end);
        at.and_then(|at| graph.tasks.get(at))
            .map_or_else(|| "a task".to_owned(), |task| task.name.clone())
    }
}

/// Whether the tasks left behind count as a leak.
fn is_leak(leaks: Leaks, survivors: &[Survivor], ticking: bool) -> bool {
    match leaks {
        Leaks::All => true,
        // While some tasks are still ticking, only those that were not woken since are blocked.
        Leaks::Blocked => survivors
            .iter()
            .any(|survivor| !survivor.ready && (!ticking || survivor.still)),
        Leaks::Off => false,
    }
}

/// A task's role: a name for what it does.
pub fn role(task: TaskRef, identity: &Identity) -> String {
    if task.serial == 0 {
        "root".to_owned()
    } else {
        role_of(identity.type_name)
    }
}

/// The time in whole milliseconds, the unit of findings.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
