//! The input for a stress run's verdict.

use std::time::Duration;

use standstill_model::finding::{BlockedFact, Verdict};
use standstill_model::plan::Plan;

use crate::stress::member::Member;
use crate::stress::shared::Book;
use crate::stress::suspects::Suspect;
use crate::threads;
use crate::verdict::{self, EndReason, Facts, RunEnd, Survivor, millis};

/// The end of a run, recorded while the books are locked.
pub(super) fn end(reason: EndReason, book: &mut Book, after: Duration) -> RunEnd {
    book.take_notes();
    let book = &*book;
    let survivors = book.living().map(|member| Survivor {
        task: member.task,
        ready: !member.is_idle(),
        still: book.tracker.unpolled_since_mark(member.task.slot),
        age: Some(after.saturating_sub(member.born)),
    });
    RunEnd {
        reason,
        survivors: survivors.collect(),
        after,
    }
}

/// The verdict of a run that has been closed. `steps` are its polls and switch points.
pub(super) fn verdict(book: &Book, plan: &Plan, end: &RunEnd, steps: u64) -> Verdict {
    let facts = Facts {
        tracker: &book.tracker,
        panics: &book.panics,
        leaks: plan.leaks,
        steps,
        unscheduled: 0,
        abandoned: 0,
    };
    facts.verdict(end)
}

/// A poll that does not return, at the time `now` of the run.
pub(super) fn blocked(member: &Member, suspect: &Suspect, now: Duration) -> EndReason {
    let reading = &suspect.reading;
    let for_time = now.saturating_sub(reading.since);
    EndReason::Blocked(Box::new(BlockedFact {
        role: verdict::role(member.task, member.identity),
        spawned_at: Some(member.identity.site.into()),
        last: reading.last.map(|(op, site)| (op, site.into())),
        thread: Some(threads::fact(
            reading.thread,
            suspect.is_asleep(),
            millis(for_time),
        )),
    }))
}
