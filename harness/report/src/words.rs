//! The wording of operations in sentences.

use standstill_rt::op::{Op, ResourceKind, Side};

/// What a task that waits in `op` does, to follow its name: `waits to lock` ... the resource.
pub(crate) fn waits(op: Op, kind: ResourceKind, resource: &str) -> String {
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
        Op::Notified | Op::CondvarWait => format!("waits to be notified by {resource}"),
        Op::Park => "waits to be unparked".to_owned(),
        Op::BarrierWait => format!("waits for others at {resource}"),
        Op::Init | Op::AwaitInit => format!("waits for {resource} to be initialised"),
        Op::Join => format!("waits for {resource} to end"),
        Op::JoinNext => format!("waits for a task of {resource} to end"),
        Op::Cancelled => format!("waits for {resource} to be cancelled"),
        Op::TrackerWait => format!("waits for {resource} to be closed and empty"),
        Op::Sleep => "waits for a timer".to_owned(),
        Op::Untracked => "waits for something that standstill does not track".to_owned(),
        _ if kind == ResourceKind::Untracked => {
            "waits for something that standstill does not track".to_owned()
        }
        _ => format!("waits in `{op}` on {resource}"),
    }
}

/// What a task that holds a resource by `op` does, to follow its name: `holds` ... the resource.
pub(crate) fn holds(op: Op, kind: ResourceKind, resource: &str) -> String {
    match (op, kind) {
        (Op::Read, _) => format!("holds {resource} for reading"),
        (Op::Write, _) => format!("holds {resource} for writing"),
        (_, ResourceKind::Semaphore) => format!("holds a permit of {resource}"),
        (_, ResourceKind::Channel | ResourceKind::UnboundedChannel) => {
            format!("holds room in {resource}")
        }
        (Op::Init, _) => format!("initialises {resource}"),
        _ => format!("holds {resource}"),
    }
}

/// What a task that acquires a resource by `op` does, to follow its name: `locks` ... the resource.
pub(crate) fn takes(op: Op, kind: ResourceKind, resource: &str) -> String {
    match (op, kind) {
        (Op::Lock, _) => format!("locks {resource}"),
        (Op::Read, _) => format!("locks {resource} for reading"),
        (Op::Write, _) => format!("locks {resource} for writing"),
        (_, ResourceKind::Semaphore) => format!("takes a permit of {resource}"),
        (_, ResourceKind::Channel | ResourceKind::UnboundedChannel) => {
            format!("reserves room in {resource}")
        }
        (_, ResourceKind::OnceCell) => format!("begins to initialise {resource}"),
        _ => format!("takes {resource}"),
    }
}

/// How the other side of a wait in `op` uses the resource.
pub(crate) fn seen(op: Op) -> &'static str {
    match (op, op.needs()) {
        (Op::BarrierWait, _) => "waiting at it",
        (Op::Notified | Op::CondvarWait, _) => "notifying it",
        (Op::Park, _) => "unparking it",
        (Op::AwaitInit, _) => "initialising it",
        (Op::Cancelled, _) => "cancelling it",
        (Op::Changed, _) => "changing it",
        (Op::TrackerWait, _) => "running under it",
        (_, Side::Source) => "sending into it",
        (_, Side::Sink) => "receiving from it",
        (_, Side::Holder) => "holding it",
        _ => "using it",
    }
}

/// What would end a wait in `op`.
pub(crate) fn ended_by(op: Op) -> &'static str {
    match op {
        Op::Lock | Op::Read | Op::Write => "the release of its guard",
        Op::Acquire => "a permit given back, or the end of the semaphore",
        Op::Send | Op::Reserve => "a value received, or the end of every receiver",
        Op::Recv => "a value sent, or the end of every sender",
        Op::Closed => "the end of every receiver",
        Op::Changed => "a new value, or the end of every sender",
        Op::Notified => "a `notify_one` or `notify_waiters`",
        Op::CondvarWait => "a `notify_one` or `notify_all`",
        Op::Park => "an `unpark`",
        Op::BarrierWait => "as many tasks at the barrier as it asks for",
        Op::Init | Op::AwaitInit => "the end of the initialisation",
        Op::Join => "the end of that task",
        Op::JoinNext => "the end of one of its tasks",
        Op::Cancelled => "a `cancel` of it or of one above it",
        Op::TrackerWait => "a `close`, and the end of every task that it tracks",
        Op::Sleep => "the passing of time, after which it goes on",
        _ => "a wake-up that standstill cannot see",
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn and(names: &[&str]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// How many tasks a sentence names at the most.
const NAMED: usize = 4;

/// The first few names, and the number of the others.
pub(crate) fn some(names: &[&str]) -> String {
    match names.get(..NAMED) {
        Some(first) if names.len() > NAMED => {
            format!("{} and {} more", first.join(", "), names.len() - NAMED)
        }
        _ => and(names),
    }
}

/// `1 task`, `2 tasks`.
pub(crate) fn count(number: usize, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {one}s")
    }
}
