//! How to fix the finding: given only where the facts match a known pattern exactly.

use standstill_model::finding::FindingKind;
use standstill_model::graph::{Link, TaskNode, TaskState, Wait, Why};
use standstill_rt::op::{Op, ResourceKind, Side};

use crate::left::{left_behind_tasks, spawner};
use crate::names::called;
use crate::story::{blocker, is_cycle, kind_of, told_core};
use crate::{Report, lost};

/// A member of the core: the link, its task, its wait.
type Member<'a> = (Link, &'a TaskNode, &'a Wait);

/// The advice for a finding, if one of the patterns fits.
pub(crate) fn help(report: &Report) -> Option<String> {
    match report.finding.kind {
        FindingKind::Hang | FindingKind::PartialHang => {
            let core = told_core(report);
            if let Some(help) = notify_before_wait(report, &core) {
                return Some(help);
            }
            if is_cycle(report) {
                return lock_across_channel(report, &core)
                    .or_else(|| read_again(report, &core))
                    .or_else(|| lock_again(report, &core))
                    .or_else(|| inverse_order(report, &core));
            }
            let (_, task, wait) = core.first()?;
            own_sender(report, task, wait)
        }
        FindingKind::Leak if !is_cycle(report) => {
            let tasks = left_behind_tasks(report);
            tasks.iter().find_map(|task| match task.waits.as_slice() {
                [only] => own_sender(report, task, only).or_else(|| no_cancel(report, task)),
                _ => no_cancel(report, task),
            })
        }
        _ => None,
    }
}

fn short(report: &Report, resource: usize) -> String {
    called(report, resource).short
}

fn is_lock(kind: ResourceKind) -> bool {
    matches!(
        kind,
        ResourceKind::Mutex
            | ResourceKind::RwLock
            | ResourceKind::Semaphore
            | ResourceKind::StdMutex
            | ResourceKind::StdRwLock
            | ResourceKind::ParkingLotMutex
            | ResourceKind::ParkingLotRwLock
    )
}

fn is_channel(kind: ResourceKind) -> bool {
    matches!(
        kind,
        ResourceKind::Channel
            | ResourceKind::UnboundedChannel
            | ResourceKind::Oneshot
            | ResourceKind::Watch
            | ResourceKind::Broadcast
            | ResourceKind::StdChannel
            | ResourceKind::StdSyncChannel
    )
}

/// One task waits for the other end of a channel under a lock, and the task at the other end needs that
/// lock.
fn lock_across_channel(report: &Report, core: &[Member<'_>]) -> Option<String> {
    let [first, second] = core else { return None };
    let fits = |holder: &Member<'_>, other: &Member<'_>| {
        let (link, task, wait) = holder;
        let (other_link, other_task, wanted) = other;
        let waits_for_it = blocker(link, wait)?.why == Why::OtherSide;
        let wants_lock = blocker(other_link, wanted)?.why == Why::Holds;
        let locked = is_lock(kind_of(report, wanted.resource));
        if !(waits_for_it && wants_lock && locked && is_channel(kind_of(report, wait.resource))) {
            return None;
        }
        let lock = short(report, wanted.resource);
        let channel = short(report, wait.resource);
        let (name, other) = (&task.name, &other_task.name);
        Some(match wait.op.needs() {
            Side::Sink => format!(
                "{name} holds {lock} across the `{}`, and {other}, who would make room in {channel}, \
                 needs {lock} first. Let go of {lock} before the `{0}`: collect what is to be sent \
                 under the lock, drop the guard, then send. Or let {other} go on receiving without \
                 {lock}",
                wait.op
            ),
            _ => format!(
                "{name} holds {lock} across the `{}`, and {other}, who would put something into \
                 {channel}, needs {lock} first. Wait before the lock is taken: `{0}` first, then \
                 lock {lock} for what came. Or drop the guard before the `{0}`",
                wait.op
            ),
        })
    };
    fits(first, second).or_else(|| fits(second, first))
}

/// A second read lock queues behind a writer that waits for the first one.
fn read_again(report: &Report, core: &[Member<'_>]) -> Option<String> {
    let [first, second] = core else { return None };
    let fits = |reader: &Member<'_>, writer: &Member<'_>| {
        let (link, task, wait) = reader;
        let (_, other, wanted) = writer;
        let behind = blocker(link, wait)?.why == Why::Ahead;
        let holds = task
            .holds
            .iter()
            .any(|hold| hold.resource == wait.resource && hold.op == Op::Read);
        let same = wait.resource == wanted.resource && wanted.op == Op::Write;
        if !(behind && holds && same && wait.op == Op::Read) {
            return None;
        }
        let lock = short(report, wait.resource);
        let (name, other) = (&task.name, &other.name);
        let order = match kind_of(report, wait.resource).is_fair() {
            true => "tokio's RwLock is fair",
            false => "This RwLock lets a writer go before new readers",
        };
        Some(format!(
            "{name} locks {lock} for reading while it already holds it for reading. {order}: once \
             {other} has queued for writing, a new `read` waits behind it, and {other} waits for the \
             first read guard. Take the read lock once, and hand the guard (or what it guards) to the \
             functions that {name} calls under it"
        ))
    };
    fits(first, second).or_else(|| fits(second, first))
}

/// A task locks what it already holds.
fn lock_again(report: &Report, core: &[Member<'_>]) -> Option<String> {
    let [(link, task, wait)] = core else {
        return None;
    };
    let itself = blocker(link, wait)?.why == Why::Holds;
    let kind = kind_of(report, wait.resource);
    if !(itself && is_lock(kind) && kind != ResourceKind::Semaphore) {
        return None;
    }
    let lock = short(report, wait.resource);
    Some(format!(
        "{lock} is not reentrant. Drop the first guard before {} locks it again, or hand that guard \
         to the code that needs it",
        task.name
    ))
}

/// Locks are acquired in different orders.
fn inverse_order(report: &Report, core: &[Member<'_>]) -> Option<String> {
    let mut locks: Vec<usize> = Vec::new();
    for (link, _, wait) in core {
        let locked = is_lock(kind_of(report, wait.resource));
        if blocker(link, wait)?.why != Why::Holds || !locked || locks.contains(&wait.resource) {
            return None;
        }
        locks.push(wait.resource);
    }
    if locks.len() < 2 {
        return None;
    }
    let (_, first, wanted) = core.first()?;
    // The lock that the first task holds is what the last one waits for.
    let held = core.last()?.2.resource;
    let orders = core
        .iter()
        .skip(1)
        .map(|(_, task, _)| task.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    Some(format!(
        "the locks are taken in different orders: {} takes {} and then {}, {orders} the other way \
         round. Take them in one order everywhere, or let go of the first before the second is taken \
         (copy out what is needed from under it)",
        first.name,
        short(report, held),
        short(report, wanted.resource),
    ))
}

/// A notification was sent while no task waited for it.
fn notify_before_wait(report: &Report, core: &[Member<'_>]) -> Option<String> {
    let unheard = |(_, task, wait): &Member<'_>| {
        Some((
            task.name.clone(),
            wait.resource,
            lost::notification(report, task, wait)?,
        ))
    };
    let (task, resource, lost) = core.iter().find_map(unheard)?;
    let source = report.source(&lost.at)?;
    if !source.contains("notify_waiters") {
        return None;
    }
    let name = short(report, resource);
    Some(format!(
        "`notify_waiters` wakes only those who wait already, and {} did not yet. Make its `notified()` \
         future and `enable()` it before looking at the condition; or use `notify_one`, which {name} \
         remembers for the next to wait",
        task
    ))
}

/// A receiver that holds a sender of its own channel, and so keeps it open.
fn own_sender(report: &Report, task: &TaskNode, wait: &Wait) -> Option<String> {
    let receives = wait.op == Op::Recv && is_channel(kind_of(report, wait.resource));
    if !(receives && wait.keeps_open && wait.blockers.is_empty()) {
        return None;
    }
    let name = short(report, wait.resource);
    Some(format!(
        "{} waits for {name} to close, but holds a sender of it itself. Drop that sender before \
         receiving",
        task.name
    ))
}

/// A task that only a signal could have ended, and the signal was never sent.
fn no_cancel(report: &Report, task: &TaskNode) -> Option<String> {
    if task.state == TaskState::Ended || task.waits.is_empty() {
        return None;
    }
    let signals: Vec<&Wait> = task
        .waits
        .iter()
        .filter(|wait| is_channel(kind_of(report, wait.resource)) || wait.op == Op::Notified)
        .collect();
    let from_outside = |wait: &&Wait| wait.op.needs() == Side::Source && wait.blockers.is_empty();
    if signals.is_empty() || !signals.iter().all(from_outside) {
        return None;
    }
    // If there are a value channel and a signal, the signal is what ends a task.
    let signal = signals
        .iter()
        .find(|wait| matches!(wait.op, Op::Changed | Op::Notified))
        .or(signals.first())?;
    let signal = short(report, signal.resource);
    let name = &task.name;
    let spawner = spawner(report, task);
    let who = spawner.map_or_else(
        || "whoever spawned it".to_owned(),
        |(spawner, ended)| match ended {
            Some(_) => format!("{spawner}, which spawned it and has ended,"),
            None => format!("{spawner}, which spawned it,"),
        },
    );
    Some(format!(
        "{name} ends only when {signal} says so, and {who} never did. Signal {signal} on every way out, \
         early returns and `?` among them (a guard whose `Drop` signals does); or keep the \
         `JoinHandle` and `abort()` {name} when it is no longer needed"
    ))
}
