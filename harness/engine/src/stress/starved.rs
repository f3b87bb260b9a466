//! Tasks that were woken and will never be polled: every worker thread of the runtime is blocked, in the
//! middle of a poll, in a wait of `standstill-std`.
//!
//! Such a wait is known to the tracker, so the blocked thread does not count as busy. But the tasks that
//! were woken do count as busy, and so the run is never quiet. What is certain is this: no worker is
//! left, and no task that can run without a worker is about to run.

use std::sync::Arc;
use std::time::Duration;

use standstill_rt::task::TaskRef;

use crate::stress::judge;
use crate::stress::member::Member;
use crate::stress::shared::Book;
use crate::stress::suspects::Suspect;
use crate::verdict::EndReason;

/// Whether all tasks that could go on wait for a worker thread, and all the `workers` are blocked.
pub(super) fn is_starved(book: &Book, workers: usize) -> bool {
    let blocked = book.living().filter(|member| member.blocks_worker());
    let is_stuck = |member: &Arc<Member>| member.is_idle() || member.awaits_worker();
    blocked.count() >= workers && book.living().all(is_stuck)
}

/// The resulting end. It is a hang if the root is among the tasks that wait for each other, so that not
/// even the starved tasks could help. Otherwise it is a blocked worker.
pub(super) fn judge(book: &mut Book, now: Duration) -> Option<EndReason> {
    book.take_notes();
    let alive: Vec<TaskRef> = book.living().map(|member| member.task).collect();
    let is_idle = |task: TaskRef| {
        let member = book.living().find(|member| member.task == task);
        member.is_some_and(|member| member.is_idle())
    };
    let dead = book.tracker.dead(&alive, |task| !is_idle(task));
    let root = dead.iter().any(|task| task.serial == 0);
    if root && book.tracker.is_circle(&alive, &dead) {
        return Some(EndReason::Hang);
    }
    let blocked = book.living().find(|member| member.blocks_worker())?;
    let suspect = Suspect::parked(blocked.kind, blocked.reading()?);
    Some(judge::blocked(blocked, &suspect, now))
}
