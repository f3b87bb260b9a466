//! When tasks count as dead while others go on.

use std::time::Duration;

use standstill_rt::driver::Driver;
use standstill_rt::driver::simple::Simple;
use standstill_rt::ids::HoldId;
use standstill_rt::op::{Op, ResourceKind};
use standstill_rt::task::{TaskKind, TaskRef};

use super::{FIRST_LOOK, HORIZON, PartialHangs};
use crate::explore::state::RunState;
use crate::explore::testing::{
    add, announces, deadlock, here, resource, rests, state_with_tasks, task, word,
};

/// Moves the run's clock.
fn advance(state: &RunState, by: Duration) {
    match &state.source {
        Some(clock) => clock.advance(by),
        None => panic!("a run without a clock"),
    }
}

/// Tasks 1 and 2 wait for each other; the root waits for a timer, and task 3 is ready.
fn half_dead() -> (RunState, [TaskRef; 2]) {
    let mut state = state_with_tasks(4);
    state.source = Some(Simple.paused().clock());
    state.run.began = Some(state.now());
    deadlock(&mut state, &[1, 2]);
    let root = task(&mut state, 0);
    let timer = resource(&mut state, ResourceKind::Timer);
    state.tracker.wait(root, timer, Op::Sleep, 1, here());
    rests(&mut state, 0);
    let dead = [task(&mut state, 1), task(&mut state, 2)];
    (state, dead)
}

/// Makes this many turns, none of which may confirm a candidate.
#[track_caller]
fn turns(partial: &mut PartialHangs, state: &mut RunState, count: u32) {
    for _ in 0..count {
        assert_eq!(partial.turn(state), None);
    }
}

#[test]
fn looks_are_taken_seldom_and_ever_more_seldom() {
    let (mut state, dead) = half_dead();
    let mut partial = PartialHangs::new();
    // No task is dead at the first check, since one of them could run.
    state.ready.insert(1);
    turns(&mut partial, &mut state, FIRST_LOOK);
    assert!(!state.run.fair);
    state.ready.remove(1);
    turns(&mut partial, &mut state, FIRST_LOOK - 1);
    assert!(!state.run.fair);
    // The second check comes after twice as many turns, and finds them.
    turns(&mut partial, &mut state, 1);
    assert!(state.run.fair);
    advance(&state, HORIZON.long + Duration::from_secs(1));
    assert_eq!(partial.turn(&mut state), Some(dead.to_vec()));
}

#[test]
fn a_candidate_is_confirmed_once_the_others_were_polled_often_and_time_has_passed() {
    let (mut state, dead) = half_dead();
    let mut partial = PartialHangs::new();
    assert!(partial.look(&mut state));
    advance(&state, HORIZON.time + Duration::from_secs(1));
    let [root, busy] = [task(&mut state, 0), task(&mut state, 3)];
    // A task that was never polled since waits for the others: they do not wait for it.
    for _ in 0..HORIZON.polls - 1 {
        state.tracker.polled(busy);
    }
    turns(&mut partial, &mut state, 1);
    state.tracker.polled(busy);
    state.tracker.polled(root);
    turns(&mut partial, &mut state, 1);
    for _ in 1..HORIZON.polls {
        state.tracker.polled(root);
    }
    assert_eq!(partial.turn(&mut state), Some(dead.to_vec()));
}

#[test]
fn polls_alone_confirm_nothing_and_time_alone_does_after_long() {
    let (mut state, dead) = half_dead();
    let mut partial = PartialHangs::new();
    assert!(partial.look(&mut state));
    let busy = task(&mut state, 3);
    for _ in 0..HORIZON.polls {
        state.tracker.polled(busy);
    }
    advance(&state, HORIZON.time);
    turns(&mut partial, &mut state, 1);
    let (mut state, _) = half_dead();
    let mut partial = PartialHangs::new();
    assert!(partial.look(&mut state));
    let busy = task(&mut state, 3);
    state.tracker.polled(busy);
    advance(&state, HORIZON.long);
    turns(&mut partial, &mut state, 1);
    advance(&state, Duration::from_millis(1));
    assert_eq!(partial.turn(&mut state), Some(dead.to_vec()));
}

#[test]
fn a_timer_that_is_armed_is_waited_for() {
    let (mut state, dead) = half_dead();
    state.arm(1, Duration::from_secs(1_000), None);
    let mut partial = PartialHangs::new();
    assert!(partial.look(&mut state));
    advance(&state, Duration::from_secs(1_000) + HORIZON.time);
    turns(&mut partial, &mut state, 1);
    advance(&state, Duration::from_millis(1));
    assert_eq!(partial.turn(&mut state), Some(dead.to_vec()));
}

#[test]
fn a_candidate_that_moves_is_none_and_the_strategy_chooses_again() {
    type Move = fn(&mut RunState);
    let moves: [Move; 4] = [
        // It is woken ...
        |state| {
            let word = word(state, 1);
            state.wake(word);
        },
        // ... it is polled ...
        |state| {
            let task = task(state, 2);
            state.tracker.polled(task);
        },
        // ... it takes a guard ...
        |state| {
            let (task, lock) = (task(state, 1), resource(state, ResourceKind::Mutex));
            state.tracker.hold(task, lock, Op::Lock, 1, here());
        },
        // ... or one of its guards is released, by any task.
        |state| state.tracker.release(HoldId(0), None),
    ];
    for (number, moves) in moves.into_iter().enumerate() {
        let (mut state, _) = half_dead();
        let mut partial = PartialHangs::new();
        assert!(partial.look(&mut state));
        turns(&mut partial, &mut state, 1);
        assert!(state.run.fair, "move {number}");
        moves(&mut state);
        advance(&state, 2 * HORIZON.long);
        turns(&mut partial, &mut state, 1);
        assert!(!state.run.fair, "move {number}");
    }
}

#[test]
fn who_waits_for_a_signal_is_idle_unless_the_root_is_among_them() {
    let waits_for_signal = |state: &mut RunState, slot| {
        let task = task(state, slot);
        let signal = resource(state, ResourceKind::Notify);
        announces(state, slot, Op::Notified, Some(signal));
        state.tracker.wait(task, signal, Op::Notified, 1, here());
        rests(state, slot);
    };
    let mut state = state_with_tasks(1);
    add(&mut state, TaskKind::Async);
    add(&mut state, TaskKind::Async);
    waits_for_signal(&mut state, 1);
    assert!(!PartialHangs::new().look(&mut state));
    assert!(!state.run.fair);
    waits_for_signal(&mut state, 0);
    assert!(PartialHangs::new().look(&mut state));
}
