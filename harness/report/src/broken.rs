//! The text for a panic, for a thread that is stuck, and for a process that died.

use standstill_model::finding::{BlockedFact, CrashFact, PanicFact, ThreadFact};

use crate::story::{Line, Step};

pub(crate) fn panicked(panic: &PanicFact) -> Step {
    let mut lines = vec![Line {
        text: format!(
            "{} ({}) panicked: {}",
            panic.role, panic.task, panic.message
        ),
        at: panic.at.clone(),
    }];
    lines.push(Line::at(
        "it was spawned here".to_owned(),
        &panic.spawned_at,
    ));
    if panic.only_preempted {
        lines.push(Line::new(
            "seen only with preemption inside polls: on one thread, between `.await`s, it may be \
             impossible"
                .to_owned(),
        ));
    }
    Step {
        task: panic.role.clone(),
        since: 0,
        lines,
    }
}

pub(crate) fn stuck(blocked: &BlockedFact) -> Step {
    let mut lines = vec![Line::new(match &blocked.thread {
        None => format!(
            "a poll of {} does not return: its thread sleeps",
            blocked.role
        ),
        Some(thread) => stuck_thread(&blocked.role, thread),
    })];
    if let Some((op, at)) = &blocked.last {
        lines.push(Line::at(
            format!("the last operation that it announced was this `{op}`"),
            at,
        ));
    }
    if let Some(at) = &blocked.spawned_at {
        lines.push(Line::at("it was spawned here".to_owned(), at));
    }
    Step {
        task: blocked.role.clone(),
        since: 0,
        lines,
    }
}

/// The facts about a thread that does not return, and what to do about it.
fn stuck_thread(role: &str, thread: &ThreadFact) -> String {
    let name = thread.name.as_deref().unwrap_or("unnamed");
    let doing = match (thread.asleep, thread.waits_in.as_deref()) {
        (true, Some(place)) => format!("sleeps in {place}"),
        (true, None) => "sleeps".to_owned(),
        (false, _) => "runs, in a loop without `.await` or in a long computation".to_owned(),
    };
    let mut text = format!(
        "a poll of {role} has not returned for {} ms: its thread {} ({name}) {doing}",
        thread.for_ms, thread.id
    );
    for frame in &thread.stack {
        text.push_str("\nin ");
        text.push_str(frame);
    }
    text
}

/// The process died; its last output is all that is known.
pub(crate) fn crashed(crash: &CrashFact) -> Step {
    let mut lines = vec![Line::new(format!(
        "the process that made the run is gone: {}",
        crash.how
    ))];
    if !crash.said.is_empty() {
        lines.push(Line::new(format!(
            "the last that it said:\n{}",
            crash.said.join("\n")
        )));
    }
    Step {
        since: 0,
        task: "the process".to_owned(),
        lines,
    }
}
