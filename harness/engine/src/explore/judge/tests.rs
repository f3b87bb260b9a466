//! The verdict for each way in which a run can end.

use std::time::Duration;

use standstill_model::finding::{Finding, FindingKind, Undecided, Verdict};
use standstill_model::graph::TaskState;
use standstill_model::load::Load;
use standstill_model::plan::{Leaks, Plan, Schedule, Variant};
use standstill_rt::panics::Said;
use standstill_rt::task::TaskKind;

use super::{survivors, verdict};
use crate::explore::state::RunState;
use crate::explore::testing::{add, deadlock, rests, state_with_tasks, task};
use crate::verdict::{EndReason, Panicked, RunEnd};

fn plan(leaks: Leaks) -> Plan {
    let mut plan = Plan::new(
        "judged",
        Variant::Own,
        Load::default(),
        Schedule::Choices(Vec::new()),
    );
    plan.leaks = leaks;
    plan
}

/// The end of a run in its present state.
fn end(state: &RunState, reason: EndReason) -> RunEnd {
    RunEnd {
        reason,
        survivors: survivors(state),
        after: Duration::from_millis(2_500),
    }
}

fn judged(state: &RunState, reason: EndReason) -> Verdict {
    let end = end(state, reason);
    verdict(state, &plan(Leaks::All), &end, 0, 0)
}

#[track_caller]
fn found(verdict: Verdict) -> Finding {
    match verdict {
        Verdict::Found(finding) => *finding,
        other => panic!("{other:?}"),
    }
}

fn panics(state: &mut RunState, slot: u32, message: &str, seen: bool) {
    let task = task(state, slot);
    let panicked = Panicked {
        task,
        path: state.tracker.path(slot).to_string(),
        identity: state.slots.at(slot).identity,
        said: Said {
            message: message.to_owned(),
            at: None,
        },
        seen,
        preempted: slot == 1,
    };
    state.panics.push(panicked);
}

#[test]
fn every_reason_has_its_verdict() {
    let mut state = state_with_tasks(3);
    deadlock(&mut state, &[0, 1]);
    state.run.steps = 77;
    for (reason, kind) in [
        (EndReason::Hang, FindingKind::Hang),
        (
            EndReason::PartialHang { dead: Vec::new() },
            FindingKind::PartialHang,
        ),
        (EndReason::Livelock, FindingKind::Livelock),
        (EndReason::Leak { ticking: false }, FindingKind::Leak),
    ] {
        let finding = found(judged(&state, reason));
        assert_eq!(finding.kind, kind);
        assert_eq!((finding.step, finding.virtual_ms), (77, 2_500));
        assert_eq!(finding.graph.tasks.len(), 3);
    }
    assert_eq!(judged(&state, EndReason::Done), Verdict::Clean);
    assert_eq!(
        judged(
            &state,
            EndReason::Endless {
                virtual_time: Duration::from_millis(2_500)
            }
        ),
        Verdict::Undecided(Undecided::Endless {
            steps: 77,
            virtual_seconds: 2
        })
    );
    assert_eq!(
        judged(&state, EndReason::ForeignThread { count: 3 }),
        Verdict::Undecided(Undecided::ForeignThread { count: 3 })
    );
}

#[test]
fn a_hang_names_the_cycle_and_a_partial_one_who_lives() {
    let mut state = state_with_tasks(4);
    deadlock(&mut state, &[1, 2]);
    rests(&mut state, 0);
    let states = |finding: Finding| -> Vec<TaskState> {
        finding.graph.tasks.iter().map(|task| task.state).collect()
    };
    let hang = found(judged(&state, EndReason::Hang));
    let in_cycle: Vec<usize> = hang.core.iter().map(|link| link.task).collect();
    assert_eq!(in_cycle, [1, 2]);
    assert_eq!(
        states(hang),
        [
            TaskState::Waiting,
            TaskState::Waiting,
            TaskState::Waiting,
            TaskState::Ready
        ]
    );
    let dead = vec![task(&mut state, 1), task(&mut state, 2)];
    let end = end(&state, EndReason::PartialHang { dead });
    let partial = found(verdict(&state, &plan(Leaks::All), &end, 0, 0));
    assert_eq!(
        states(partial),
        [
            TaskState::Live,
            TaskState::Waiting,
            TaskState::Waiting,
            TaskState::Ready
        ]
    );
}

#[test]
fn a_panic_goes_before_all_and_what_others_did_before_whatever_else() {
    let mut state = state_with_tasks(2);
    let end = end(&state, EndReason::Hang);
    let all = plan(Leaks::All);
    assert_eq!(
        verdict(&state, &all, &end, 2, 1),
        Verdict::Undecided(Undecided::UnscheduledTask { count: 2 })
    );
    panics(&mut state, 1, "too much", false);
    let finding = found(verdict(&state, &all, &end, 2, 1));
    assert_eq!(finding.kind, FindingKind::Panic);
    assert!(finding.core.is_empty());
}

#[test]
fn a_run_that_is_done_but_could_not_be_ended_is_undecided() {
    let state = state_with_tasks(1);
    let done = end(&state, EndReason::Done);
    let all = plan(Leaks::All);
    assert_eq!(
        verdict(&state, &all, &done, 0, 2),
        Verdict::Undecided(Undecided::Unwindable { count: 2 })
    );
    // A finding stands, whatever happens when the run is taken down.
    let hang = end(&state, EndReason::Hang);
    assert_eq!(
        found(verdict(&state, &all, &hang, 0, 2)).kind,
        FindingKind::Hang
    );
}

#[test]
fn a_panic_that_somebody_took_notice_of_is_none_unless_the_root_panicked_too() {
    let mut state = state_with_tasks(3);
    panics(&mut state, 1, "seen", true);
    assert_eq!(judged(&state, EndReason::Done), Verdict::Clean);
    panics(&mut state, 2, "unseen", false);
    let messages = |state: &RunState| -> Vec<(String, String, bool)> {
        let finding = found(judged(state, EndReason::Done));
        finding
            .panics
            .into_iter()
            .map(|panic| (panic.message, panic.role, panic.only_preempted))
            .collect()
    };
    let fact =
        |message: &str, role: &str, preempted| (message.to_owned(), role.to_owned(), preempted);
    assert_eq!(messages(&state), [fact("unseen", "task", false)]);
    panics(&mut state, 0, "the root's", true);
    assert_eq!(
        messages(&state),
        [
            fact("seen", "task", true),
            fact("unseen", "task", false),
            fact("the root's", "root", false)
        ]
    );
}

/// A run whose root has ended. Each flag adds a task: `ready` one that is ready, `polled` one that rests
/// and was polled since, `still` one that has not been polled since.
fn left_behind(ready: bool, polled: bool, still: bool) -> RunState {
    let mut state = state_with_tasks(1);
    let ready = ready.then(|| add(&mut state, TaskKind::Async));
    let polled = polled.then(|| add(&mut state, TaskKind::Async));
    let still = still.then(|| add(&mut state, TaskKind::Async));
    state.retire(0, false);
    state.settle();
    if let Some(task) = ready {
        state.tracker.polled(task);
    }
    if let Some(task) = polled {
        state.tracker.polled(task);
        rests(&mut state, task.slot);
    }
    if let Some(task) = still {
        rests(&mut state, task.slot);
    }
    state
}

#[test]
fn who_is_left_behind_counts_as_the_plan_says() {
    let is_leak = |state: &RunState, leaks, ticking| {
        let end = end(state, EndReason::Leak { ticking });
        match verdict(state, &plan(leaks), &end, 0, 0) {
            Verdict::Found(finding) => finding.kind == FindingKind::Leak,
            Verdict::Clean => false,
            Verdict::Undecided(reason) => panic!("{reason}"),
        }
    };
    let all = left_behind(true, true, true);
    for ticking in [false, true] {
        assert!(is_leak(&all, Leaks::All, ticking));
        assert!(is_leak(&all, Leaks::Blocked, ticking));
        assert!(!is_leak(&all, Leaks::Off, ticking));
    }
    // A task that could run is not blocked. Neither is one that was polled since, while time still
    // passes for some task.
    for (ready, polled, still, at_rest, while_ticking) in [
        (true, false, false, false, false),
        (false, true, false, true, false),
        (false, false, true, true, true),
        (true, true, false, true, false),
    ] {
        let state = left_behind(ready, polled, still);
        assert!(is_leak(&state, Leaks::All, true));
        assert_eq!(is_leak(&state, Leaks::Blocked, false), at_rest);
        assert_eq!(is_leak(&state, Leaks::Blocked, true), while_ticking);
    }
}
