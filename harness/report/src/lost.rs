//! Notifications that were sent before the wait that needed them.

use standstill_model::graph::{TaskNode, Wait};
use standstill_model::trace::What;
use standstill_rt::op::Op;
use standstill_rt::site::Place;

use crate::Report;

/// A notification that no task received.
pub(crate) struct Lost {
    /// The task that sent it.
    pub(crate) by: String,
    /// The step in which it was sent.
    pub(crate) step: u64,
    /// The place where it was sent.
    pub(crate) at: Place,
}

/// The last notification of what `wait` waits for, if it was sent before the wait began and none was
/// sent since.
pub(crate) fn notification(report: &Report, task: &TaskNode, wait: &Wait) -> Option<Lost> {
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
            // A waiter received it after all.
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
