//! How a finding is written down.

use std::path::Path;

use standstill::graph::{TaskNode, Wait, Why};
use standstill::{Finding, Place};

/// The core of a finding, a line per wait: `worker: write RwLock<Jobs> <- reader (holds)`.
pub fn core(finding: &Finding) -> Vec<String> {
    let graph = &finding.graph;
    finding
        .core
        .iter()
        .map(|link| {
            let (task, wait, blocker) = graph.follow(*link);
            let what = graph.resources[wait.resource].type_text();
            let whom = match blocker {
                Some(blocker) => {
                    let role = &graph.tasks[blocker.task].role;
                    format!("{role} ({})", why(blocker.why))
                }
                None => "nobody".to_owned(),
            };
            format!("{}: {} {what} <- {whom}", task.role, wait.op)
        })
        .collect()
}

fn why(why: Why) -> &'static str {
    match why {
        Why::Holds => "holds",
        Why::Granted => "granted",
        Why::Ahead => "ahead",
        Why::OtherSide => "other side",
        Why::Joined => "joined",
    }
}

/// The task of this role in the core of a finding, and the wait that put it there.
///
/// # Panics
///
/// If there is none.
#[track_caller]
pub fn in_core<'a>(finding: &'a Finding, role: &str) -> (&'a TaskNode, &'a Wait) {
    finding
        .core
        .iter()
        .map(|link| finding.graph.follow(*link))
        .find(|(task, _, _)| task.role == role)
        .map_or_else(
            || panic!("no {role} in {:?}", core(finding)),
            |(task, wait, _)| (task, wait),
        )
}

/// The task of this role in the core of a finding waits at this line of the source.
///
/// # Panics
///
/// If it waits at another, or there is no such task.
#[track_caller]
pub fn assert_waits_at(finding: &Finding, role: &str, line: &str) {
    let (_, wait) = in_core(finding, role);
    assert_eq!(source(&wait.at), line);
}

/// What the task of this role in the core of a finding holds first, it took at this line of the
/// source.
///
/// # Panics
///
/// If it took it at another, or there is no such task.
#[track_caller]
pub fn assert_holds_since(finding: &Finding, role: &str, line: &str) {
    let (task, _) = in_core(finding, role);
    assert_eq!(source(&task.holds[0].at), line);
}

/// The tasks of a finding, a line each, with all that they wait for:
/// `resync: changed watch channel of `bool`, sleep timer`.
pub fn tasks(finding: &Finding) -> Vec<String> {
    let graph = &finding.graph;
    let mut lines: Vec<String> = graph
        .tasks
        .iter()
        .map(|task| {
            let mut waits: Vec<String> = task
                .waits
                .iter()
                .map(|wait| format!("{} {}", wait.op, graph.resources[wait.resource].type_text()))
                .collect();
            waits.sort();
            format!("{}: {}", task.role, waits.join(", "))
        })
        .collect();
    lines.sort();
    lines
}

/// The source code at a place, without what is around it: `let jobs = jobs.lock().await;`.
///
/// # Panics
///
/// If the place's file is not in this workspace.
#[track_caller]
pub fn source(place: &Place) -> String {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = workspace.join(&place.file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let line = usize::try_from(place.line).map_or(0, |line| line - 1);
    text.lines().nth(line).unwrap_or_default().trim().to_owned()
}
