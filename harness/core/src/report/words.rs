//! How operations read in a sentence.

use crate::op::{Op, ResourceKind, Side};

/// What a task does that waits in `op`, after its name: `waits to lock` ... the resource.
pub(super) fn waits(op: Op, kind: ResourceKind, resource: &str) -> String {
    match op {
        Op::Lock => format!("waits to lock {resource}"),
        Op::Read => format!("waits to lock {resource} for reading"),
        Op::Write => format!("waits to lock {resource} for writing"),
        Op::Acquire => format!("waits for a permit of {resource}"),
        Op::Send => format!("waits to send into {resource}"),
        Op::Reserve => format!("waits for room in {resource}"),
        Op::Recv => format!("waits to receive from {resource}"),
        Op::Closed => format!("waits for every receiver of {resource} to go away"),
        Op::Changed => format!("waits for {resource} to change"),
        Op::Notified => format!("waits to be notified by {resource}"),
        Op::BarrierWait => format!("waits for others at {resource}"),
        Op::Init => format!("waits for {resource} to be initialised"),
        Op::Join => format!("waits for {resource} to end"),
        Op::JoinNext => format!("waits for a task of {resource} to end"),
        Op::Sleep => "waits for a timer".to_owned(),
        Op::Untracked => "waits for something that standstill does not track".to_owned(),
        _ if kind == ResourceKind::Untracked => {
            "waits for something that standstill does not track".to_owned()
        }
        _ => format!("waits in `{op}` on {resource}"),
    }
}

/// What a task has that holds a resource, after its name: `holds`, `holds a permit of`.
pub(super) fn holds(op: Op, kind: ResourceKind) -> (&'static str, &'static str) {
    match (op, kind) {
        (Op::Read, _) => ("holds", " for reading"),
        (Op::Write, _) => ("holds", " for writing"),
        (_, ResourceKind::Semaphore) => ("holds a permit of", ""),
        (_, ResourceKind::Channel | ResourceKind::UnboundedChannel) => ("holds room in", ""),
        (_, ResourceKind::OnceCell) => ("initialises", ""),
        _ => ("holds", ""),
    }
}

/// What the other side of a wait in `op` is seen doing.
pub(super) fn seen(op: Op) -> &'static str {
    match (op, op.needs()) {
        (Op::BarrierWait, _) => "waiting at it",
        (Op::Notified, _) => "notifying it",
        (_, Side::Source) => "sending into it",
        (_, Side::Sink) => "receiving from it",
        (_, Side::Holder) => "holding it",
        _ => "using it",
    }
}

/// What would end a wait in `op`.
pub(super) fn ended_by(op: Op) -> &'static str {
    match op {
        Op::Lock | Op::Read | Op::Write => "the release of its guard",
        Op::Acquire => "a permit given back, or the end of the semaphore",
        Op::Send | Op::Reserve => "a value received, or the end of every receiver",
        Op::Recv => "a value sent, or the end of every sender",
        Op::Closed => "the end of every receiver",
        Op::Changed => "a new value, or the end of every sender",
        Op::Notified => "a `notify_one` or `notify_waiters`",
        Op::BarrierWait => "as many tasks at the barrier as it asks for",
        Op::Init => "the end of the initialisation",
        Op::Join => "the end of that task",
        Op::JoinNext => "the end of one of its tasks",
        Op::Sleep => "the passing of time, after which it goes on",
        _ => "a wake-up that standstill cannot see",
    }
}
