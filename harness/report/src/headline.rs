//! The headline: what happened, in one sentence.

use standstill_model::finding::FindingKind;
use standstill_model::graph::{Futurelock, Link, TaskNode, TaskState, Wait, Why};
use standstill_rt::op::{ResourceKind, Side};

use crate::left::spawner;
use crate::names::called;
use crate::story::{affected, blocker, core, is_cycle, kind_of, told_core};
use crate::words::some;
use crate::{Report, lost, words};

/// What happened, in one sentence without its kind.
pub(crate) fn headline(report: &Report) -> String {
    let names: Vec<&str> = affected(report)
        .iter()
        .map(|task| task.name.as_str())
        .collect();
    let polls = affected(report)
        .iter()
        .all(|task| waits_for_time(report, task));
    match report.finding.kind {
        FindingKind::Hang => hang_headline(report),
        FindingKind::PartialHang => {
            format!("{}, while other tasks go on", hang_headline(report))
        }
        FindingKind::Leak => {
            let why = match is_cycle(report) {
                true if names.len() == 1 => ", which waits for itself",
                true if names.len() == report.finding.core.len() => ", which wait for each other",
                _ => "",
            };
            match names.as_slice() {
                [] => "tasks outlive the root".to_owned(),
                [one] if why.is_empty() => {
                    let task = affected(report);
                    let task = task.first();
                    let orphan = task.map_or_else(String::new, |task| orphan(report, task));
                    match task.and_then(|task| spawner(report, task)) {
                        Some((by, _)) => {
                            format!("{one}, spawned by {by}, outlives the root{orphan}")
                        }
                        None => format!("{one} outlives the root{orphan}"),
                    }
                }
                [one] => format!("1 task outlives the root: {one}{why}"),
                many => format!("{} tasks outlive the root: {}{why}", many.len(), some(many)),
            }
        }
        FindingKind::Livelock => match names.as_slice() {
            [] => "the program runs for ever without getting anywhere".to_owned(),
            [one] if polls => format!("{one} waits for ever by polling"),
            many if polls => format!("{} wait for ever by polling", some(many)),
            [one] => format!("{one} runs for ever without getting anywhere"),
            many => format!("{} run for ever without getting anywhere", some(many)),
        },
        FindingKind::Panic => match report.finding.panics.as_slice() {
            [] => "a task panicked".to_owned(),
            [panic, ..] => {
                let said = panic.message.lines().next().unwrap_or("");
                format!("{} panicked: {said}", panic.role)
            }
        },
        FindingKind::Blocked => match &report.finding.blocked {
            None => "an OS thread is stuck inside a poll".to_owned(),
            Some(blocked) => format!("an OS thread is stuck inside a poll of {}", blocked.role),
        },
        FindingKind::Crash => match &report.finding.crash {
            None => "the process of the run ended before the run did".to_owned(),
            Some(crash) => format!("the process of the run is gone: {}", crash.how),
        },
    }
}

/// Whether the clock alone will let the task go on, which it does again and again in a livelock.
pub(crate) fn waits_for_time(report: &Report, task: &TaskNode) -> bool {
    let timer = |wait: &Wait| kind_of(report, wait.resource) == ResourceKind::Timer;
    task.waits.iter().any(timer)
}

/// `watcher waits to lock `mux`, which distribute holds`.
fn clause(report: &Report, link: &Link, task: &TaskNode, wait: &Wait) -> String {
    let kind = kind_of(report, wait.resource);
    let resource = called(report, wait.resource).short;
    let waits = words::waits(wait.op, kind, &resource);
    let by = blocker(link, wait);
    let name = by
        .and_then(|by| report.finding.graph.tasks.get(by.task))
        .map_or("nobody", |by| by.name.as_str());
    let relation = match by.map(|by| by.why) {
        Some(Why::OtherSide) if lost::notification(report, task, wait).is_some() => {
            let lost = lost::notification(report, task, wait);
            let by = lost.map_or_else(|| name.to_owned(), |lost| lost.by);
            format!(", but {by} did that before anybody waited")
        }
        Some(Why::Holds) => format!(", which {name} holds"),
        Some(Why::Granted) => format!(", which was granted to {name}"),
        Some(Why::Ahead) => format!(", behind {name}"),
        Some(Why::OtherSide) => match wait.op.needs() {
            Side::Sink => format!(", which {name} empties"),
            _ => format!(", which {name} fills"),
        },
        Some(Why::Joined) | None => String::new(),
    };
    format!("{} {waits}{relation}", task.name)
}

/// What a leaked task waits for: `waits to receive from `values`, or for `cancel` to change`.
fn orphan(report: &Report, task: &TaskNode) -> String {
    let waits: Vec<String> = task
        .waits
        .iter()
        .map(|wait| {
            let kind = kind_of(report, wait.resource);
            words::waits(wait.op, kind, &called(report, wait.resource).short)
        })
        .collect();
    match waits.as_slice() {
        [] => String::new(),
        waits => format!(": it {}", waits.join(", or ")),
    }
}

/// A future was granted something, and no task polls it.
fn futurelock_headline(report: &Report, lock: Futurelock) -> String {
    let graph = &report.finding.graph;
    let owner = graph.tasks.get(lock.owner);
    let owner = owner.map_or("a task", |task| task.name.as_str());
    let resource = called(report, lock.resource).short;
    let waits: Vec<&str> = core(report)
        .iter()
        .filter(|(_, _, wait)| wait.resource == lock.resource)
        .map(|(_, task, _)| task.name.as_str())
        .collect();
    format!(
        "futurelock: {} {} for {resource}, which was granted to a future of {owner} that {owner} does \
         not poll",
        some(&waits),
        if waits.len() == 1 { "waits" } else { "wait" },
    )
}

fn hang_headline(report: &Report) -> String {
    let core = told_core(report);
    let Some((link, task, wait)) = core.first() else {
        return "nothing can run any more, but the root has not finished".to_owned();
    };
    let kind = kind_of(report, wait.resource);
    let resource = called(report, wait.resource).short;
    let waits = words::waits(wait.op, kind, &resource);
    if let Some(lock) = report.finding.graph.futurelock(&report.finding.core)
        && lock.why == Why::Granted
    {
        return futurelock_headline(report, lock);
    }
    if is_cycle(report) {
        let names: Vec<&str> = core.iter().map(|(_, task, _)| task.name.as_str()).collect();
        return match names.as_slice() {
            [one] if blocker(link, wait).is_some_and(|by| by.why == Why::Holds) => {
                format!("{one} {waits}, which it holds itself")
            }
            [one] => format!("{one} {waits}, and so for itself"),
            [_, _] => {
                let clauses: Vec<String> = core
                    .iter()
                    .map(|(link, task, wait)| clause(report, link, task, wait))
                    .collect();
                clauses.join("; ")
            }
            many => {
                let resources: Vec<String> = core
                    .iter()
                    .map(|(_, _, wait)| called(report, wait.resource).short)
                    .collect();
                let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
                format!(
                    "{} wait for each other in a circle, over {}",
                    some(many),
                    some(&resources)
                )
            }
        };
    }
    if wait.granted {
        return format!(
            "{} was granted {resource}, but does not look any more",
            task.name
        );
    }
    if let Some(lost) = lost::notification(report, task, wait) {
        return format!(
            "{} {waits}, but {} did that before anybody waited",
            task.name, lost.by
        );
    }
    match blocker(link, wait) {
        None => format!("{} {waits}, and nobody can end that wait", task.name),
        Some(blocker) => {
            let by = report.finding.graph.tasks.get(blocker.task);
            let name = by.map_or("nobody", |by| by.name.as_str());
            match by.map(|by| by.state) {
                Some(TaskState::Ended) => {
                    format!(
                        "{} {waits}, and {name} has ended without letting it",
                        task.name
                    )
                }
                _ => format!("{} {waits}, and {name} does not let it", task.name),
            }
        }
    }
}
