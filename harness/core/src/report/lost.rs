//! Notifications that fell before the wait that needed them.

use crate::graph::{TaskNode, Wait};
use crate::op::Op;
use crate::report::Report;
use crate::site::Place;
use crate::trace::What;

/// A notification that nobody heard.
pub(super) struct Lost {
    /// Who gave it.
    pub(super) by: String,
    /// In which step.
    pub(super) step: u64,
    /// Where.
    pub(super) at: Place,
}

/// The last notification of what `wait` waits for, if it came before the wait began and there was
/// none since.
pub(super) fn notification(report: &Report, task: &TaskNode, wait: &Wait) -> Option<Lost> {
    if wait.op != Op::Notified {
        return None;
    }
    let trace = report.trace.as_ref()?;
    let id = report.finding.graph.resources.get(wait.resource)?.id? as usize;
    let waiter = trace.task(&task.path)?;
    let mut lost = None;
    for event in &trace.events {
        match event.what {
            What::Does {
                op: Op::Notify,
                resource: Some(resource),
                at,
            } if resource == id => {
                lost = Some((event.task, event.step, trace.places.get(at)?));
            }
            // Somebody heard it after all.
            What::Waits { resource, .. } if resource == id && event.task != Some(waiter) => {
                lost = None;
            }
            _ => {}
        }
    }
    let (by, step, at) = lost?;
    (step < wait.since).then(|| Lost {
        by: by.map_or_else(|| "nobody".to_owned(), |by| trace.name(by).to_owned()),
        step,
        at: at.clone(),
    })
}
