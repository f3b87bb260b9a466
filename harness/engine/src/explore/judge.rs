//! From how a run ended to its verdict.

#[cfg(test)]
mod tests;

use std::time::Duration;

use standstill_model::finding::{Finding, FindingKind, PanicFact, Undecided, Verdict};
use standstill_model::fingerprint::Fingerprint;
use standstill_model::graph::{TaskState, WaitGraph};
use standstill_model::plan::{Leaks, Plan};
use standstill_rt::task::{TaskRef, role_of};

use crate::explore::state::RunState;

/// How a run ended.
#[derive(Debug)]
pub struct RunEnd {
    pub reason: EndReason,
    /// The tasks that had not ended.
    pub members: Vec<Member>,
    /// Virtual time since the run began.
    pub virtual_time: Duration,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug)]
pub enum EndReason {
    /// The root has ended, and nobody was left or nobody minds.
    Done,
    /// Nothing can ever happen again, and the root has not ended.
    Hang,
    /// The root has ended, and others are still there.
    Leak {
        /// Time still passes for some of them.
        ticking: bool,
    },
    /// Some can never run again, while others go on.
    PartialHang,
    /// Steps without end and without progress.
    Livelock,
    /// Waits for time without end, and nothing else.
    Polling,
    /// Neither an end nor a standstill within the budgets.
    Endless,
    /// Somebody else might still wake the run.
    ForeignThread {
        /// How many OS threads.
        count: usize,
    },
}

/// A task that had not ended when the run did.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    task: TaskRef,
    /// It could have run.
    ready: bool,
    /// It has not been polled since the root ended.
    still: bool,
    /// It can never run again.
    dead: bool,
}

/// The tasks that have not ended, in slot order. `dead` are those that can never run again.
pub fn members(state: &RunState, dead: &[TaskRef]) -> Vec<Member> {
    let (ready, tracker) = (&state.ready, &state.tracker);
    let member = |task: TaskRef| Member {
        task,
        ready: ready.contains(task.slot),
        still: tracker.unpolled_since_mark(task.slot),
        dead: dead.contains(&task),
    };
    state.slots.living().into_iter().map(member).collect()
}

/// The verdict of a run that has been closed.
pub fn verdict(
    state: &RunState,
    plan: &Plan,
    end: &RunEnd,
    unscheduled: usize,
    abandoned: u32,
) -> Verdict {
    let panics = unhandled_panics(state);
    if !panics.is_empty() {
        return found(state, FindingKind::Panic, end, panics);
    }
    if unscheduled > 0 {
        return Verdict::Undecided(Undecided::UnscheduledTask { count: unscheduled });
    }
    match end.reason {
        EndReason::Done if abandoned > 0 => Verdict::Undecided(Undecided::Unwindable {
            count: abandoned as usize,
        }),
        EndReason::Done => Verdict::Clean,
        EndReason::Hang => found(state, FindingKind::Hang, end, panics),
        EndReason::Leak { ticking } => leak(state, plan, end, ticking),
        EndReason::PartialHang => found(state, FindingKind::PartialHang, end, panics),
        EndReason::Livelock | EndReason::Polling => {
            found(state, FindingKind::Livelock, end, panics)
        }
        EndReason::Endless => Verdict::Undecided(Undecided::Endless {
            steps: state.run.steps,
            virtual_seconds: end.virtual_time.as_secs(),
        }),
        EndReason::ForeignThread { count } => {
            Verdict::Undecided(Undecided::ForeignThread { count })
        }
    }
}

/// Those nobody took notice of, in order; all of them if the root was among them, since then one
/// led to the other.
fn unhandled_panics(state: &RunState) -> Vec<PanicFact> {
    let panics = &state.panics;
    let root = panics.iter().any(|panicked| panicked.task.serial == 0);
    panics
        .iter()
        .filter(|panicked| root || !panicked.seen)
        .map(|panicked| PanicFact {
            task: panicked.path.clone(),
            role: if panicked.task.serial == 0 {
                "root".to_owned()
            } else {
                role_of(panicked.identity.type_name)
            },
            spawned_at: panicked.identity.site.into(),
            message: panicked.said.message.clone(),
            at: panicked.said.at.clone(),
            only_preempted: panicked.preempted,
        })
        .collect()
}

fn leak(state: &RunState, plan: &Plan, end: &RunEnd, ticking: bool) -> Verdict {
    let counts = match plan.leaks {
        Leaks::All => true,
        // While some still tick, only those that nobody has woken since are blocked.
        Leaks::Blocked => end
            .members
            .iter()
            .any(|member| !member.ready && (!ticking || member.still)),
        Leaks::Off => false,
    };
    if counts {
        found(state, FindingKind::Leak, end, Vec::new())
    } else {
        Verdict::Clean
    }
}

fn found(state: &RunState, kind: FindingKind, end: &RunEnd, panics: Vec<PanicFact>) -> Verdict {
    let tracker = &state.tracker;
    let members: Vec<TaskRef> = end.members.iter().map(|member| member.task).collect();
    let partial = kind == FindingKind::PartialHang;
    let polling = matches!(end.reason, EndReason::Polling);
    let graph = tracker.snapshot(&members, |task| {
        let member = end.members.iter().find(|member| member.task == task);
        match member {
            Some(member) if member.ready || polling && !member.still => TaskState::Ready,
            Some(member) if partial && !member.dead => TaskState::Live,
            _ => TaskState::Waiting,
        }
    });
    let mut finding = finding(kind, graph, panics);
    finding.step = state.run.steps;
    finding.virtual_ms = u64::try_from(end.virtual_time.as_millis()).unwrap_or(u64::MAX);
    Verdict::Found(Box::new(finding))
}

/// The finding that this graph shows: its core and its fingerprint. When it was seen is for the
/// engine to say.
pub fn finding(kind: FindingKind, graph: WaitGraph, panics: Vec<PanicFact>) -> Finding {
    let core = match kind {
        FindingKind::Panic => Vec::new(),
        _ => graph.core(|task| graph.tasks[task].state == TaskState::Waiting),
    };
    let extra = telling_details(kind, &graph, &core, &panics);
    let extra: Vec<&str> = extra.iter().map(String::as_str).collect();
    Finding {
        kind,
        fingerprint: Fingerprint::new(kind, &graph, &core, &extra),
        graph,
        core,
        panics,
        blocked: None,
        crash: None,
        step: 0,
        virtual_ms: 0,
    }
}

/// What tells two findings apart beside their cores.
fn telling_details(
    kind: FindingKind,
    graph: &WaitGraph,
    core: &[standstill_model::graph::Link],
    panics: &[PanicFact],
) -> Vec<String> {
    match kind {
        FindingKind::Panic => panics
            .first()
            .map(|panic| {
                let without_numbers = panic.message.chars().filter(|c| !c.is_ascii_digit());
                let place = panic
                    .at
                    .as_ref()
                    .map(standstill_rt::site::Place::stable_file);
                vec![without_numbers.collect(), place.unwrap_or_default()]
            })
            .unwrap_or_default(),
        FindingKind::Leak => core
            .iter()
            .map(|link| graph.tasks[link.task].role.clone())
            .collect(),
        FindingKind::Livelock => {
            let mut spinning: Vec<String> = graph
                .tasks
                .iter()
                .filter(|task| task.state == TaskState::Ready)
                .map(|task| {
                    let last = task.last.as_ref();
                    let op = last.map_or("", |last| last.op.name());
                    let file = last.map(|last| last.at.stable_file()).unwrap_or_default();
                    format!("{} {op} {file}", task.role)
                })
                .collect();
            spinning.sort();
            spinning.dedup();
            spinning
        }
        FindingKind::Hang
        | FindingKind::PartialHang
        | FindingKind::Blocked
        | FindingKind::Crash => Vec::new(),
    }
}
