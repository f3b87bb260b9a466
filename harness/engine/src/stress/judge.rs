//! From how a stress run ended to its verdict.

use std::collections::BTreeMap;
use std::time::Duration;

use standstill_model::finding::{BlockedFact, FindingKind, PanicFact, Undecided, Verdict};
use standstill_model::fingerprint::Fingerprint;
use standstill_model::graph::{TaskState, WaitGraph};
use standstill_model::plan::{Leaks, Plan};
use standstill_rt::task::{TaskRef, role_of};

use crate::explore::judge;
use crate::stress::member::Member;
use crate::stress::shared::Book;
use crate::stress::suspects::Suspect;
use crate::stress::watch::EndReason;
use crate::threads;

/// A task that had not ended when the run was called over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Survivor {
    task: TaskRef,
    /// It was being polled, or was to be.
    busy: bool,
    /// It has not been polled since the root ended.
    still: bool,
    age: Duration,
}

/// How a run ended, as it looked at that moment.
pub(super) struct RunEnd {
    pub(super) reason: EndReason,
    pub(super) survivors: Vec<Survivor>,
    /// Polls and switch points by then.
    pub(super) pulses: u64,
    pub(super) after: Duration,
}

impl RunEnd {
    /// Written down while the books are in hand.
    pub(super) fn new(reason: EndReason, book: &mut Book, pulses: u64, after: Duration) -> Self {
        book.take_notes();
        let book = &*book;
        let survivor = |member: &std::sync::Arc<Member>| Survivor {
            task: member.task,
            busy: !member.is_idle(),
            still: book.tracker.unpolled_since_mark(member.task.slot),
            age: after.saturating_sub(member.born),
        };
        Self {
            reason,
            pulses,
            survivors: book.living().map(survivor).collect(),
            after,
        }
    }
}

/// The verdict of a run that has been closed. `gone` counts raw tasks that nobody joined.
pub(super) fn verdict(book: &Book, plan: &Plan, end: &RunEnd) -> Verdict {
    let panics = unhandled_panics(book);
    if !panics.is_empty() {
        return found(book, FindingKind::Panic, end, panics);
    }
    match &end.reason {
        EndReason::Done => Verdict::Clean,
        EndReason::Hang => found(book, FindingKind::Hang, end, panics),
        EndReason::PartialHang(_) => found(book, FindingKind::PartialHang, end, panics),
        EndReason::Livelock => found(book, FindingKind::Livelock, end, panics),
        EndReason::Blocked(task, suspect) => blocked(book, end, *task, suspect),
        EndReason::Leak { ticking } => {
            let counts = match plan.leaks {
                Leaks::All => true,
                Leaks::Blocked => end
                    .survivors
                    .iter()
                    .any(|survivor| !survivor.busy && (!ticking || survivor.still)),
                Leaks::Off => false,
            };
            if counts {
                found(book, FindingKind::Leak, end, panics)
            } else {
                Verdict::Clean
            }
        }
        EndReason::Endless => Verdict::Undecided(Undecided::Endless {
            steps: end.pulses,
            virtual_seconds: 0,
        }),
        EndReason::ForeignThread(count) => {
            Verdict::Undecided(Undecided::ForeignThread { count: *count })
        }
        EndReason::Untracked(task) => Verdict::Undecided(Undecided::Untracked {
            task: name(book, end, *task),
        }),
        EndReason::Stopped => Verdict::Undecided(Undecided::NoProcess {
            detail: "it was asked to stop in the middle of a run".to_owned(),
        }),
    }
}

fn unhandled_panics(book: &Book) -> Vec<PanicFact> {
    let root = book.panics.iter().any(|panicked| panicked.task.serial == 0);
    book.panics
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
            only_preempted: false,
        })
        .collect()
}

fn graph(book: &Book, end: &RunEnd) -> WaitGraph {
    let members: Vec<TaskRef> = end.survivors.iter().map(|survivor| survivor.task).collect();
    let known: BTreeMap<TaskRef, &Survivor> = end
        .survivors
        .iter()
        .map(|survivor| (survivor.task, survivor))
        .collect();
    let mut graph = book.tracker.snapshot(&members, |task| {
        let busy = known.get(&task).is_some_and(|survivor| survivor.busy);
        match &end.reason {
            _ if busy => TaskState::Ready,
            EndReason::PartialHang(dead) if !dead.contains(&task) => TaskState::Live,
            _ => TaskState::Waiting,
        }
    });
    for (node, survivor) in graph.tasks.iter_mut().zip(&end.survivors) {
        node.age_ms = Some(millis(survivor.age));
    }
    graph
}

fn name(book: &Book, end: &RunEnd, task: TaskRef) -> String {
    let at = end
        .survivors
        .iter()
        .position(|survivor| survivor.task == task);
    let graph = graph(book, end);
    at.and_then(|at| graph.tasks.get(at))
        .map_or_else(|| "a task".to_owned(), |task| task.name.clone())
}

fn found(book: &Book, kind: FindingKind, end: &RunEnd, panics: Vec<PanicFact>) -> Verdict {
    let mut finding = judge::finding(kind, graph(book, end), panics);
    finding.step = end.pulses;
    finding.virtual_ms = millis(end.after);
    Verdict::Found(Box::new(finding))
}

fn blocked(book: &Book, end: &RunEnd, task: TaskRef, suspect: &Suspect) -> Verdict {
    let graph = graph(book, end);
    let at = end
        .survivors
        .iter()
        .position(|survivor| survivor.task == task);
    let node = at.and_then(|at| graph.tasks.get(at));
    let reading = &suspect.reading;
    let for_time = end.after.saturating_sub(reading.since);
    let fact = BlockedFact {
        role: node.map_or_else(|| "task".to_owned(), |node| node.role.clone()),
        spawned_at: node.map(|node| node.spawned_at.clone()),
        last: reading.last.map(|(op, site)| (op, site.into())),
        thread: Some(threads::fact(
            reading.thread,
            suspect.is_asleep(),
            millis(for_time),
        )),
    };
    let operation = fact.last.as_ref().map_or("", |(op, _)| op.name());
    let file = fact
        .last
        .as_ref()
        .map(|(_, place)| place.stable_file())
        .unwrap_or_default();
    let fingerprint = Fingerprint::new(
        FindingKind::Blocked,
        &graph,
        &[],
        &[&fact.role, operation, &file],
    );
    let mut finding = judge::finding(FindingKind::Blocked, graph, Vec::new());
    finding.core.clear();
    finding.fingerprint = fingerprint;
    finding.blocked = Some(fact);
    finding.step = end.pulses;
    finding.virtual_ms = millis(end.after);
    Verdict::Found(Box::new(finding))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
