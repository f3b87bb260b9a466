//! The text for tasks that were left behind, and for those that run for ever.

use std::collections::BTreeSet;

use standstill_model::graph::{TaskNode, Wait};
use standstill_model::trace::What;
use standstill_rt::op::{Op, Side};

use crate::names::called;
use crate::story::{Line, Step, affected, blocker_line, created_line, nobody_line, wait_line};
use crate::{Report, words};

/// The step in which a task was spawned, if it is known.
fn spawned_in(report: &Report, task: &TaskNode) -> u64 {
    let spawned = report.trace.as_ref().and_then(|trace| {
        let index = trace.task(&task.path);
        let mut events = trace.events.iter();
        events.find(|event| event.task == index && event.what == What::Spawned)
    });
    spawned.map_or(0, |event| event.step)
}

/// The tasks that a leak is about.
pub(crate) fn left_behind_tasks(report: &Report) -> Vec<&TaskNode> {
    affected(report)
}

/// The task that spawned a task, and the step in which the spawner ended, if it has. Known from the
/// trace.
pub(crate) fn spawner<'a>(report: &'a Report, task: &TaskNode) -> Option<(&'a str, Option<u64>)> {
    let trace = report.trace.as_ref()?;
    let index = trace.task(&task.path)?;
    let parent = trace.tasks.get(index)?.parent?;
    let ended = trace
        .events
        .iter()
        .find(|event| event.task == Some(parent) && event.what == What::Ended)
        .map(|event| event.step);
    Some((trace.name(parent), ended))
}

/// The last operation of a task's spawner before it ended: it may have returned early there.
fn spawners_last_line(report: &Report, task: &TaskNode) -> Option<Line> {
    let trace = report.trace.as_ref()?;
    let parent = trace.tasks.get(trace.task(&task.path)?)?.parent?;
    let of_parent = || {
        trace
            .events
            .iter()
            .filter(|event| event.task == Some(parent))
    };
    let ended = of_parent().any(|event| event.what == What::Ended);
    let by_itself = |op: &Op| !matches!(op, Op::Release | Op::CloseSource | Op::CloseSink);
    let (op, at) = of_parent()
        .filter_map(|event| match event.what {
            What::Does { op, at, .. } if by_itself(&op) => Some((op, trace.places.get(at)?)),
            _ => None,
        })
        .next_back()
        .filter(|_| ended)?;
    Some(Line::at(
        format!(
            "{} ended soon after this `{op}`, its last operation",
            trace.name(parent)
        ),
        at,
    ))
}

/// How often the task has waited there before and gone on, as in a loop: such a wait may end again
/// without the task ending.
fn before_line(report: &Report, task: &TaskNode, wait: &Wait) -> Option<Line> {
    if wait.op.needs() == Side::Clock {
        return None;
    }
    let trace = report.trace.as_ref()?;
    let id = report.finding.graph.resources.get(wait.resource)?.id? as usize;
    let waiter = trace.task(&task.path)?;
    let mut begun = BTreeSet::new();
    let mut times = 0;
    for event in trace
        .events
        .iter()
        .filter(|event| event.task == Some(waiter))
    {
        match event.what {
            What::Waits {
                wait: known_by,
                resource,
                op,
                at,
            } if resource == id && op == wait.op && trace.places.get(at) == Some(&wait.at) => {
                begun.insert(known_by);
            }
            What::Granted { wait: known_by } if begun.remove(&known_by) => times += 1,
            What::Abandoned { wait: known_by } => {
                begun.remove(&known_by);
            }
            _ => {}
        }
    }
    let often = match times {
        0 => return None,
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    Some(Line::new(format!(
        "that wait has ended {often} before, and {} went on and waits here again",
        task.name
    )))
}

/// A leaked task: where it comes from, what it waits for, and what would have ended it.
pub(crate) fn left_behind(report: &Report, task: &TaskNode) -> Step {
    let age = task.age_ms.map_or_else(String::new, |age| {
        format!(", {age} ms before this was seen")
    });
    let spawned = match spawner(report, task) {
        Some((by, Some(ended))) => format!(
            "{} was spawned here by {by}, which ended at step {ended}{age}",
            task.name
        ),
        Some((by, None)) => format!("{} was spawned here by {by}{age}", task.name),
        None => format!("{} was spawned here{age}", task.name),
    };
    let mut lines = vec![Line::at(spawned, &task.spawned_at)];
    let mut told = BTreeSet::new();
    for (index, wait) in task.waits.iter().enumerate() {
        let subject = if index == 0 { "it " } else { "or it " };
        lines.push(wait_line(report, subject, wait, &mut told));
        match wait.blockers.first() {
            Some(blocker) => {
                lines.push(Line::new(format!(
                    "that would end with {}",
                    words::ended_by(wait.op)
                )));
                lines.push(blocker_line(report, task, wait, blocker));
            }
            None => lines.push(nobody_line(wait)),
        }
        lines.extend(before_line(report, task, wait));
        if wait.keeps_open {
            let end = match wait.op.needs() {
                Side::Sink => "receiver",
                _ => "sender",
            };
            lines.push(Line::new(format!(
                "{} itself keeps {} open, through a {end} that it owns, so it never closes",
                task.name,
                called(report, wait.resource).short
            )));
        }
        lines.extend(created_line(report, wait.resource));
    }
    if task.waits.is_empty() {
        lines.extend(last_line(task));
    }
    lines.extend(spawners_last_line(report, task));
    Step {
        task: task.name.clone(),
        since: spawned_in(report, task),
        lines,
    }
}

pub(crate) fn running(report: &Report, task: &TaskNode) -> Step {
    let mut lines = vec![Line::at(
        format!("{} was spawned here", task.name),
        &task.spawned_at,
    )];
    lines.extend(last_line(task));
    Step {
        task: task.name.clone(),
        since: spawned_in(report, task),
        lines,
    }
}

fn last_line(task: &TaskNode) -> Option<Line> {
    let last = task.last.as_ref()?;
    Some(Line::at(
        format!("its last operation was this `{}`", last.op),
        &last.at,
    ))
}
