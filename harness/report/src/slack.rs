//! The slack that a finding needs: timers that fired although tasks were ready.

use serde::Serialize;
use standstill_model::trace::{Trace, What};
use standstill_rt::site::Place;

use crate::{Report, words};

/// The slack that the run of a finding spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Spent {
    /// Whether the same was looked for without slack, in vain.
    pub(crate) needed: bool,
    /// The timers that fired early, in order.
    pub(crate) timers: Vec<EarlyTimer>,
}

/// A timer that fired although tasks were ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct EarlyTimer {
    /// The step after which it fired.
    pub(crate) step: u64,
    /// The time that was left until its deadline, in milliseconds.
    pub(crate) ahead_ms: u64,
    /// The task that waited for it, and where.
    pub(crate) task: Option<String>,
    pub(crate) at: Option<Place>,
}

/// None if no timer fired early, or nothing is known of the run.
pub(crate) fn spent(report: &Report) -> Option<Spent> {
    let trace = report.trace.as_ref()?;
    let timers: Vec<EarlyTimer> = early_timers(trace).collect();
    (!timers.is_empty()).then_some(Spent {
        needed: report.minimised.is_some_and(|smaller| smaller.needs_slack),
        timers,
    })
}

fn early_timers(trace: &Trace) -> impl Iterator<Item = EarlyTimer> {
    trace.events.iter().filter_map(|event| {
        let What::TimerFired { wait, ahead_ms } = event.what else {
            return None;
        };
        let begun = trace.events.iter().find_map(|other| match other.what {
            What::Waits {
                wait: other_wait,
                at,
                ..
            } if Some(other_wait) == wait => Some((other.task, at)),
            _ => None,
        });
        let task = begun.and_then(|(task, _)| trace.tasks.get(task?));
        let at = begun.and_then(|(_, at)| trace.places.get(at));
        Some(EarlyTimer {
            step: event.step,
            ahead_ms,
            task: task.map(|task| task.name.clone()),
            at: at.cloned(),
        })
    })
}

impl Spent {
    /// As one line.
    pub(crate) fn text(&self) -> String {
        let total: u64 = self.timers.iter().map(|timer| timer.ahead_ms).sum();
        let one = |timer: &EarlyTimer| {
            let whose = timer
                .task
                .as_ref()
                .map_or_else(String::new, |task| format!(" of {task}"));
            let place = timer
                .at
                .as_ref()
                .map_or_else(String::new, |at| format!(" ({at})"));
            format!(
                "the timer{whose}{place} fires {} early, after step {}",
                time(timer.ahead_ms),
                timer.step
            )
        };
        let timers: Vec<String> = self.timers.iter().map(one).collect();
        let timers: Vec<&str> = timers.iter().map(String::as_str).collect();
        let needed = match self.needed {
            true => "needed (it was not found without)",
            false => "spent",
        };
        format!(
            "{} {needed}: although tasks are ready, {}; their computing would have to take that long",
            time(total),
            words::and(&timers)
        )
    }
}

fn time(ms: u64) -> String {
    if ms != 0 && ms.is_multiple_of(1_000) {
        format!("{} s", ms / 1_000)
    } else {
        format!("{ms} ms")
    }
}
