//! Text about tasks where there is no report of a run: a line for each.

use std::fmt::Write;

use standstill_model::finding::BlockedFact;
use standstill_model::graph::{TaskNode, TaskState, WaitGraph};
use standstill_rt::site::Place;

use crate::{broken, story, words};

/// The tasks of the graph that are not merely live, a line each: name, spawn site, age, waits and
/// holds.
pub fn concerned(graph: &WaitGraph) -> Vec<String> {
    let told = |task: &&TaskNode| matches!(task.state, TaskState::Waiting | TaskState::Ready);
    graph
        .tasks
        .iter()
        .filter(told)
        .map(|task| line(graph, task))
        .collect()
}

fn line(graph: &WaitGraph, task: &TaskNode) -> String {
    let mut line = format!("{}, spawned at {}", task.name, short(&task.spawned_at));
    if let Some(age) = task.age_ms {
        let _ = write!(line, " {age} ms ago");
    }
    let mut doing: Vec<String> = Vec::new();
    let resource = |index: usize| graph.resources.get(index);
    for wait in &task.waits {
        if let Some(resource) = resource(wait.resource) {
            let waits = words::waits(wait.op, resource.kind, &resource.type_text());
            doing.push(format!("{waits} at {}", short(&wait.at)));
        }
    }
    if let (TaskState::Ready, Some(last)) = (task.state, &task.last) {
        doing.push(format!("was last at `{}` at {}", last.op, short(&last.at)));
    }
    for hold in &task.holds {
        if let Some(resource) = resource(hold.resource) {
            let holds = words::holds(hold.op, resource.kind, &resource.type_text());
            doing.push(format!("{holds} since {}", short(&hold.at)));
        }
    }
    if !doing.is_empty() {
        let _ = write!(line, ": {}", doing.join("; "));
    }
    line
}

/// A poll that does not return, in sentences.
pub fn stuck_lines(blocked: &BlockedFact) -> Vec<String> {
    let told = broken::stuck(blocked);
    let line = |line: story::Line| match line.at {
        Some(at) => format!("{} ({})", line.text, short(&at)),
        None => line.text,
    };
    told.lines.into_iter().map(line).collect()
}

fn short(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}
