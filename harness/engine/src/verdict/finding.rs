//! Derives the finding from a wait graph.

use standstill_model::finding::{Finding, FindingKind, PanicFact};
use standstill_model::fingerprint::Fingerprint;
use standstill_model::graph::{Link, TaskState, WaitGraph};
use standstill_rt::site::Place;

/// The finding that this graph shows: its core and its fingerprint. The engine adds the time at which it
/// was detected.
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

/// The details beside their cores that distinguish two findings.
fn telling_details(
    kind: FindingKind,
    graph: &WaitGraph,
    core: &[Link],
    panics: &[PanicFact],
) -> Vec<String> {
    match kind {
        FindingKind::Panic => panics
            .first()
            .map(|panic| {
                let without_numbers = panic.message.chars().filter(|c| !c.is_ascii_digit());
                let place = panic.at.as_ref().map(Place::stable_file);
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
