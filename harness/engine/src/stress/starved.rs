//! Tasks that were woken and will never be polled: every worker thread of the runtime is blocked, in
//! the middle of a poll, in a wait of `standstill-std`.
//!
//! Such a wait is known to the tracker, so the thread that is blocked does not count as busy. But
//! whoever was woken does, and so the run is never quiet. What can be said for certain is this: no
//! worker is left, and nobody who could run without one is about to.

use std::sync::Arc;
use std::time::Duration;

use standstill_rt::task::TaskRef;

use crate::stress::judge;
use crate::stress::member::Member;
use crate::stress::shared::Book;
use crate::stress::suspects::Suspect;
use crate::verdict::EndReason;

/// Whether everybody who could go on waits for a worker thread, and all the `workers` are blocked.
pub(super) fn is_starved(book: &Book, workers: usize) -> bool {
    let blocked = book.living().filter(|member| member.blocks_worker());
    let is_stuck = |member: &Arc<Member>| member.is_idle() || member.awaits_worker();
    blocked.count() >= workers && book.living().all(is_stuck)
}

/// What that has come to: a hang if the root is among those who wait for each other, so that not even
/// who is starved could help; else a worker that is blocked.
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
