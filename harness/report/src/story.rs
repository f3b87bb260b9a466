//! The story of a finding: numbered steps, each of which has sentences with a place.

use std::collections::BTreeSet;

use serde::Serialize;
use standstill_model::finding::FindingKind;
use standstill_model::graph::{Blocker, Hold, Link, TaskNode, TaskState, Wait, Why};
use standstill_rt::op::{Op, ResourceKind, Side};
use standstill_rt::site::Place;

use crate::broken::{crashed, panicked, stuck};
use crate::left::{left_behind, running};
use crate::names::called;
use crate::words::some;
use crate::{Report, lost, words};

/// More tasks than this are summarised.
pub(crate) const MANY: usize = 12;

/// One step: what one task does, and why it does not go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Step {
    /// The task's name.
    pub(crate) task: String,
    /// The step of the run in which it began.
    pub(crate) since: u64,
    /// The sentences of the step.
    pub(crate) lines: Vec<Line>,
}

/// A sentence, and the place that it refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) at: Option<Place>,
}

impl Line {
    pub(crate) fn new(text: String) -> Self {
        Self { text, at: None }
    }

    pub(crate) fn at(text: String, place: &Place) -> Self {
        Self {
            text,
            at: Some(place.clone()),
        }
    }
}

/// The core, without links that lead nowhere.
pub(crate) fn core(report: &Report) -> Vec<(Link, &TaskNode, &Wait)> {
    let resolve = |link: &Link| {
        let task = report.finding.graph.tasks.get(link.task)?;
        Some((*link, task, task.waits.get(link.wait)?))
    };
    report.finding.core.iter().filter_map(resolve).collect()
}

/// The core in the order of the story: a cycle begins with the task whose described action came first.
pub(crate) fn told_core(report: &Report) -> Vec<(Link, &TaskNode, &Wait)> {
    let mut told = core(report);
    if is_cycle(report) {
        let began = |(_, task, wait): &(Link, &TaskNode, &Wait)| {
            let holds = needed_holds(task, &told).into_iter();
            holds.map(|hold| hold.since).fold(wait.since, u64::min)
        };
        let first = (0..told.len()).min_by_key(|at| began(&told[*at]));
        told.rotate_left(first.unwrap_or(0));
    }
    told
}

/// The blocker to which a link leads.
pub(crate) fn blocker<'a>(link: &Link, wait: &'a Wait) -> Option<&'a Blocker> {
    link.blocker.and_then(|index| wait.blockers.get(index))
}

/// Whether the core leads from each task to the next, and from the last to the first.
pub(crate) fn is_cycle(report: &Report) -> bool {
    let core = core(report);
    !core.is_empty()
        && core.iter().enumerate().all(|(at, (link, _, wait))| {
            let (next, _, _) = core[(at + 1) % core.len()];
            blocker(link, wait).is_some_and(|blocker| blocker.task == next.task)
        })
}

fn task_name(report: &Report, index: usize) -> &str {
    let task = report.finding.graph.tasks.get(index);
    task.map_or("a task that has ended", |task| task.name.as_str())
}

/// The tasks that the kind of finding is about, beyond its core.
pub(crate) fn affected(report: &Report) -> Vec<&TaskNode> {
    let concerned = |task: &&TaskNode| match report.finding.kind {
        FindingKind::Hang | FindingKind::PartialHang => task.state == TaskState::Waiting,
        FindingKind::Livelock => task.state == TaskState::Ready,
        FindingKind::Leak | FindingKind::Panic | FindingKind::Blocked | FindingKind::Crash => {
            task.state != TaskState::Ended
        }
    };
    report
        .finding
        .graph
        .tasks
        .iter()
        .filter(concerned)
        .collect()
}

/// The kind of the resource at this index.
pub(crate) fn kind_of(report: &Report, resource: usize) -> ResourceKind {
    let resource = report.finding.graph.resources.get(resource);
    resource.map_or(ResourceKind::Untracked, |resource| resource.kind)
}

/// The steps of the story.
pub(crate) fn steps(report: &Report) -> Vec<Step> {
    match report.finding.kind {
        FindingKind::Hang | FindingKind::PartialHang => core_steps(report),
        FindingKind::Leak if is_cycle(report) => core_steps(report),
        FindingKind::Leak => affected(report)
            .into_iter()
            .take(MANY)
            .map(|task| left_behind(report, task))
            .collect(),
        FindingKind::Livelock => affected(report)
            .into_iter()
            .take(MANY)
            .map(|task| running(report, task))
            .collect(),
        FindingKind::Panic => report.finding.panics.iter().map(panicked).collect(),
        FindingKind::Blocked => report.finding.blocked.iter().map(stuck).collect(),
        FindingKind::Crash => report.finding.crash.iter().map(crashed).collect(),
    }
}

/// What the tasks of the core did, in chronological order: which task acquired what, which began to wait
/// for it, and which notification no task received.
fn core_steps(report: &Report) -> Vec<Step> {
    let core = told_core(report);
    let mut moments: Vec<(u64, Moment<'_>)> = Vec::new();
    for (link, task, wait) in &core {
        for hold in needed_holds(task, &core) {
            moments.push((hold.since, Moment::Took(task, hold)));
        }
        if let Some(lost) = lost::notification(report, task, wait) {
            moments.push((lost.step, Moment::Lost(task, wait, lost)));
        }
        moments.push((wait.since, Moment::Waits(*link, task, wait)));
    }
    // A stable sort: events of one step stay in the order of the core.
    moments.sort_by_key(|(since, _)| *since);
    let mut told = BTreeSet::new();
    let took: Vec<(usize, usize)> = moments
        .iter()
        .filter_map(|(_, moment)| match moment {
            Moment::Took(task, hold) => Some((index_of(report, task)?, hold.resource)),
            _ => None,
        })
        .collect();
    let tell = |(since, moment): &(u64, Moment<'_>)| match moment {
        Moment::Took(task, hold) => {
            let first = !told.contains(&hold.resource);
            let resource = resource_text(report, hold.resource, &mut told);
            let kind = kind_of(report, hold.resource);
            let mut lines = vec![Line::at(
                format!("{} {}", task.name, words::takes(hold.op, kind, &resource)),
                &hold.at,
            )];
            if first {
                lines.extend(created_line(report, hold.resource));
            }
            Step {
                task: task.name.clone(),
                since: *since,
                lines,
            }
        }
        Moment::Lost(task, wait, lost) => {
            let resource = resource_text(report, wait.resource, &mut told);
            Step {
                task: lost.by.clone(),
                since: *since,
                lines: vec![
                    Line::at(format!("{} notifies {resource}", lost.by), &lost.at),
                    Line::new(format!("{} does not wait yet: nobody hears it", task.name)),
                ],
            }
        }
        Moment::Waits(link, task, wait) => Step {
            task: task.name.clone(),
            since: *since,
            lines: waiting_lines(report, link, task, wait, &took, &mut told),
        },
    };
    moments.iter().map(tell).collect()
}

/// Something that a task of the core did.
enum Moment<'a> {
    Took(&'a TaskNode, &'a Hold),
    Lost(&'a TaskNode, &'a Wait, lost::Lost),
    Waits(Link, &'a TaskNode, &'a Wait),
}

/// The holds of a task that another task of the core waits for.
fn needed_holds<'a>(task: &'a TaskNode, core: &[(Link, &TaskNode, &Wait)]) -> Vec<&'a Hold> {
    let mut needed: Vec<&Hold> = Vec::new();
    for hold in &task.holds {
        let wanted = core
            .iter()
            .any(|(_, _, wait)| wait.resource == hold.resource);
        if wanted && !needed.iter().any(|other| other.resource == hold.resource) {
            needed.push(hold);
        }
    }
    needed
}

fn index_of(report: &Report, task: &TaskNode) -> Option<usize> {
    let tasks = &report.finding.graph.tasks;
    tasks.iter().position(|other| other.path == task.path)
}

fn waiting_lines(
    report: &Report,
    link: &Link,
    task: &TaskNode,
    wait: &Wait,
    took: &[(usize, usize)],
    told: &mut BTreeSet<usize>,
) -> Vec<Line> {
    let held: Vec<String> = task
        .holds
        .iter()
        .filter(|hold| took.contains(&(link.task, hold.resource)))
        .map(|hold| {
            let kind = kind_of(report, hold.resource);
            let holds = words::holds(hold.op, kind, &called(report, hold.resource).short);
            holds.strip_prefix("holds ").unwrap_or(&holds).to_owned()
        })
        .collect();
    let holding = match held.as_slice() {
        [] => String::new(),
        held => {
            let held: Vec<&str> = held.iter().map(String::as_str).collect();
            format!(", still holding {},", words::and(&held))
        }
    };
    let first = !told.contains(&wait.resource);
    let subject = format!("{}{holding} ", task.name);
    let mut lines = vec![wait_line(report, &subject, wait, told)];
    if wait.granted {
        lines.push(granted_line());
    }
    match blocker(link, wait) {
        // It is described in a step of its own.
        Some(by) if by.why == Why::Holds && took.contains(&(by.task, wait.resource)) => {
            lines.push(held_line(report, link, wait, by));
        }
        Some(by) => lines.push(blocker_line(report, task, wait, by)),
        None if wait.granted => {}
        None => lines.push(nobody_line(wait)),
    }
    if first {
        lines.extend(created_line(report, wait.resource));
    }
    for (index, other) in task.waits.iter().enumerate() {
        if index != link.wait {
            let subject = if other.unpolled {
                "at the same time it keeps, without polling it, what "
            } else {
                "at the same time it "
            };
            lines.push(wait_line(report, subject, other, told));
            if other.granted {
                lines.push(granted_line());
            }
        }
    }
    lines.extend(futurelock_line(report, link.task));
    lines
}

/// Which task holds what is waited for, where an earlier step has described the hold already.
fn held_line(report: &Report, link: &Link, wait: &Wait, by: &Blocker) -> Line {
    let others: Vec<&str> = wait
        .blockers
        .iter()
        .filter(|other| other.why == Why::Holds && other.task != by.task)
        .map(|other| task_name(report, other.task))
        .collect();
    let name = task_name(report, by.task);
    let itself = if by.task == link.task { " itself" } else { "" };
    let hold = report.finding.graph.tasks.get(by.task);
    let hold = hold.and_then(|task| hold_on(task, wait.resource));
    if hold.is_some_and(|hold| hold.since > wait.since) {
        // For locks that do not grant in order.
        return Line::new(format!("{name} gets it first, in a later step"));
    }
    Line::new(match others.as_slice() {
        [] => format!("{name}{itself} holds it"),
        [one] => format!("{name}{itself} holds it, as does {one}"),
        many => format!("{name}{itself} holds it, as do {}", some(many)),
    })
}

/// The name of the resource, in the long form the first time.
fn resource_text(report: &Report, resource: usize, told: &mut BTreeSet<usize>) -> String {
    let called = called(report, resource);
    if told.insert(resource) {
        called.long
    } else {
        called.short
    }
}

pub(crate) fn wait_line(
    report: &Report,
    subject: &str,
    wait: &Wait,
    told: &mut BTreeSet<usize>,
) -> Line {
    let resource = resource_text(report, wait.resource, told);
    let waits = words::waits(wait.op, kind_of(report, wait.resource), &resource);
    Line::at(format!("{subject}{waits}"), &wait.at)
}

fn hold_on(task: &TaskNode, resource: usize) -> Option<&Hold> {
    task.holds.iter().find(|hold| hold.resource == resource)
}

fn granted_line() -> Line {
    Line::new(
        "it was granted that, but its future has not been polled since: a futurelock, its owner \
         awaits something else"
            .to_owned(),
    )
}

/// How a future that `task` keeps without polling it may be the cause.
fn futurelock_line(report: &Report, task: usize) -> Option<Line> {
    let lock = report.finding.graph.futurelock(&report.finding.core)?;
    if lock.owner != task {
        return None;
    }
    let resource = called(report, lock.resource).short;
    let text = match lock.why {
        Why::Holds => format!(
            "if that is a part of a future which holds {resource}, this is a futurelock: nobody polls \
             the future until {resource} is free, and it is free only when the future is polled"
        ),
        Why::Ahead => format!(
            "that future keeps its place in the queue of {resource}, and nobody polls it: a \
             futurelock"
        ),
        Why::Granted | Why::OtherSide | Why::Joined => return None,
    };
    Some(Line::new(text))
}

/// Which task blocks it, and why.
pub(crate) fn blocker_line(
    report: &Report,
    waiter: &TaskNode,
    wait: &Wait,
    blocker: &Blocker,
) -> Line {
    let Some(by) = report.finding.graph.tasks.get(blocker.task) else {
        return nobody_line(wait);
    };
    let others: Vec<&str> = wait
        .blockers
        .iter()
        .filter(|other| other.why == blocker.why && other.task != blocker.task)
        .map(|other| task_name(report, other.task))
        .collect();
    let itself = if std::ptr::eq(by, waiter) {
        " itself"
    } else {
        ""
    };
    let name = &by.name;
    match blocker.why {
        Why::Holds => {
            let Some(hold) = hold_on(by, wait.resource) else {
                return Line::new(format!("{name}{itself} holds it"));
            };
            let holds = words::holds(hold.op, kind_of(report, wait.resource), "it");
            let others = match others.as_slice() {
                [] => String::new(),
                [one] => format!(" (as does {one})"),
                many => format!(" (as do {})", some(many)),
            };
            let ended = match by.state {
                TaskState::Ended => " though it has ended",
                TaskState::Waiting | TaskState::Live | TaskState::Ready => "",
            };
            Line::at(
                format!(
                    "{name}{itself} {holds}{others}{ended}, taken by this `{}`",
                    hold.op
                ),
                &hold.at,
            )
        }
        Why::Granted => {
            let text = format!(
                "it was granted to {name}, whose future has not been polled since: a futurelock, \
                 its owner awaits something else"
            );
            at_wait_of(by, wait.resource, text)
        }
        Why::Ahead if !kind_of(report, wait.resource).is_fair() => at_wait_of(
            by,
            wait.resource,
            format!("{name} waits to write, and a reader makes way for it"),
        ),
        Why::Ahead => at_wait_of(
            by,
            wait.resource,
            format!("{name}{itself} stands before it in the queue"),
        ),
        Why::OtherSide => {
            let seen = words::seen(wait.op);
            let room = match wait.op {
                Op::Send => "it has no room, and ",
                _ => "",
            };
            Line::new(match others.as_slice() {
                [] => format!("{room}{name} is the only other task seen {seen}"),
                many => format!(
                    "{room}{name} was seen {seen}, and so {} {}",
                    if many.len() == 1 { "was" } else { "were" },
                    some(many)
                ),
            })
        }
        Why::Joined => Line::at(
            format!("{name} has not ended; it was spawned here"),
            &by.spawned_at,
        ),
    }
}

fn at_wait_of(task: &TaskNode, resource: usize, text: String) -> Line {
    let wait = task.waits.iter().find(|wait| wait.resource == resource);
    Line {
        text,
        at: wait.map(|wait| wait.at.clone()),
    }
}

pub(crate) fn nobody_line(wait: &Wait) -> Line {
    let nobody = match (wait.op, wait.op.needs()) {
        (Op::Acquire, _) => {
            "no task holds the permits it lacks: they were forgotten, or never there".to_owned()
        }
        (_, Side::Holder) => "no task holds it: its guard was leaked".to_owned(),
        (_, Side::Source | Side::Sink) => {
            format!("no task that is left was seen {}", words::seen(wait.op))
        }
        (_, Side::Itself) => "there is no task that could end it".to_owned(),
        (_, Side::Clock) => {
            return Line::new(
                "time ends that wait, again and again, but never the task".to_owned(),
            );
        }
        (_, Side::Unknown) => {
            return Line::new(
                "standstill cannot see what would end that wait: this is the last operation it knows of"
                    .to_owned(),
            );
        }
    };
    Line::new(format!(
        "{nobody}; that wait would end with {}",
        words::ended_by(wait.op)
    ))
}

pub(crate) fn created_line(report: &Report, resource: usize) -> Option<Line> {
    let node = report.finding.graph.resources.get(resource)?;
    match node.kind {
        ResourceKind::Task | ResourceKind::Timer | ResourceKind::Untracked => None,
        _ => Some(Line::at(
            format!("{} was created here", called(report, resource).short),
            &node.created_at,
        )),
    }
}
