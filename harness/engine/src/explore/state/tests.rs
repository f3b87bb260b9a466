//! A run's state, without an executor: which choices are made, and what is due first.

mod reset;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

use standstill_model::plan::Choice;
use standstill_rt::op::{Op, ResourceKind};
use standstill_rt::task::{TaskKind, TaskPath, TaskRef};

use super::{MOST_SUSPENDED, Next, RunState, SLICE, SPIN_PATIENCE, Setting, Turn};
use crate::explore::per_run::{NO_CHOICES, Stage};
use crate::explore::slots::Phase;
use crate::explore::testing::{
    add, announces, here, resource, rests, setting, state_of, state_with_tasks, task, word,
};
use crate::strategy::logged::{Log, Logged};
use crate::strategy::{self, Chooser, Pick};

// ---- what is chosen -------------------------------------------------------------------------

/// A run with this many tasks whose strategy makes these picks.
fn scripted(tasks: u32, picks: &[Pick]) -> (RunState, Log) {
    let log = Log::default();
    let strategy = Logged {
        log: Rc::clone(&log),
        picks: picks.iter().copied().collect(),
        touches: true,
        ..Logged::default()
    };
    let state = state_of(Chooser::Probing(Box::new(strategy)), tasks);
    log.borrow_mut().clear();
    (state, log)
}

fn recorded(state: &mut RunState) -> Vec<Choice> {
    let recorder = state.run.recorder.take();
    recorder
        .map(|recorder| recorder.finish().0)
        .unwrap_or_default()
}

fn path(of: &[u32]) -> Choice {
    Choice::Task(TaskPath::from(of.to_vec()))
}

#[test]
fn the_strategy_chooses_where_there_is_a_choice_and_that_is_written_down() {
    let (mut state, log) = scripted(3, &[Pick::Task(1), Pick::Task(2)]);
    assert_eq!(state.next(), Ok(1));
    let first = state.run.order;
    assert_ne!(first, NO_CHOICES);
    rests(&mut state, 1);
    assert_eq!(state.choose_task(Some(0)), Ok(2));
    let second = state.run.order;
    assert_ne!(second, first);
    rests(&mut state, 2);
    // Only the root is left: nothing is chosen, and nothing is recorded.
    assert_eq!(state.next(), Ok(0));
    assert_eq!(state.run.order, second);
    assert_eq!(recorded(&mut state), [path(&[0]), path(&[1])]);
    assert_eq!(
        *log.borrow(),
        [
            "pick of [0, 1, 2], current None, may fire false",
            "pick of [0, 2], current Some(0), may fire false",
            "force 0?",
            "0 forced, current None",
        ]
    );
}

#[test]
fn nobody_is_asked_where_nobody_is_ready() {
    let (mut state, log) = scripted(1, &[]);
    rests(&mut state, 0);
    assert_eq!(state.next(), Err(Next::Nothing));
    assert!(log.borrow().is_empty());
}

#[test]
fn the_order_of_choices_tells_runs_apart() {
    let order = |picks: &[Pick]| {
        let (mut state, _) = scripted(3, picks);
        state.arm(1, Duration::from_millis(1), None);
        for _ in picks {
            let _ = state.next();
        }
        state.run.order
    };
    let orders = [
        order(&[Pick::Task(0), Pick::Task(1)]),
        order(&[Pick::Task(1), Pick::Task(0)]),
        order(&[Pick::Task(0), Pick::Task(2)]),
        order(&[Pick::Task(0)]),
        order(&[Pick::Timer]),
        order(&[Pick::Task(0), Pick::Timer]),
    ];
    for (at, order) in orders.iter().enumerate() {
        assert_eq!(orders.iter().position(|other| other == order), Some(at));
    }
}

#[test]
fn under_fairness_every_ready_task_has_its_turn_whatever_the_strategy_says() {
    let (mut state, log) = scripted(4, &[Pick::Task(3); 9]);
    rests(&mut state, 2);
    state.run.fair = true;
    let mut turns: Vec<_> = (0..7).map(|_| state.next()).collect();
    assert_eq!(turns, [0, 1, 3, 0, 1, 3, 0].map(Ok));
    // The script goes on where it left off, with the tasks that are ready by then.
    state.run.fair = false;
    assert_eq!(state.next(), Ok(3));
    state.run.fair = true;
    let word = word(&mut state, 2);
    state.wake(word);
    turns = (0..4).map(|_| state.next()).collect();
    assert_eq!(turns, [1, 2, 3, 0].map(Ok));
    // A step that was not chosen is not recorded, but the strategy is notified.
    assert_eq!(recorded(&mut state), [path(&[2])]);
    let told = log
        .borrow()
        .iter()
        .filter(|entry| *entry == "fair step")
        .count();
    assert_eq!(told, 11);
}

#[test]
fn a_timer_that_is_farther_away_than_the_slack_is_no_choice() {
    let (mut state, log) = scripted(1, &[Pick::Timer; 9]);
    let slack = Duration::from_secs(60);
    let far = state.arm(1, slack + Duration::from_millis(1), None);
    assert_eq!(state.next(), Ok(0));
    state.timers.disarm(1, far);
    state.arm(1, slack, None);
    assert_eq!(state.next(), Err(Next::Fire));
    state.run.early.spend(slack);
    state.timers.advanced(slack);
    state.arm(1, slack + Duration::from_millis(1), None);
    assert_eq!(state.next(), Ok(0));
    assert_eq!(recorded(&mut state), [Choice::Timer]);
    let log = log.borrow();
    let picks = log.iter().filter(|entry| entry.starts_with("pick"));
    assert_eq!(picks.count(), 1);
}

#[test]
fn a_strategy_that_wants_the_run_to_end_is_obeyed_at_once() {
    let (mut state, _) = scripted(2, &[Pick::Stop, Pick::Stop]);
    assert_eq!(state.next(), Err(Next::Stop));
    let me = task(&mut state, 0);
    // Even where no more tasks could be suspended.
    state.run.suspended = MOST_SUSPENDED;
    assert_eq!(state.switch(me, Op::Lock), Turn::Leave(Err(Next::Stop)));
    assert!(recorded(&mut state).is_empty());
    // Where there is no choice, the strategy is called as a probe.
    let strategy = Logged {
        yes: true,
        ..Logged::default()
    };
    let mut state = state_of(Chooser::Probing(Box::new(strategy)), 1);
    assert_eq!(state.next(), Err(Next::Stop));
}

// ---- what is due first ----------------------------------------------------------------------

#[test]
fn what_is_due_goes_before_a_step_and_the_end_before_all() {
    let (mut state, log) = scripted(2, &[]);
    state.run.slice_end = 0;
    assert_eq!(state.next(), Err(Next::SliceOver));
    state.retire(0, false);
    assert_eq!(state.next(), Err(Next::RootEnded));
    state.run.stage = Stage::Outlasting;
    assert_eq!(state.next(), Err(Next::SliceOver));
    state.run.slice_end = SLICE;
    assert_eq!(state.next(), Ok(1));
    state.settle();
    assert_eq!(state.next(), Ok(1));
    state.retire(1, false);
    assert_eq!(state.next(), Err(Next::RootEnded));
    state.run.stage = Stage::CutShort;
    assert_eq!(state.next(), Err(Next::CutShort));
    assert_eq!(
        *log.borrow(),
        [
            "0 ended",
            "force 1?",
            "1 forced, current None",
            "fair step",
            "1 ended"
        ]
    );
}

#[test]
fn the_end_of_the_root_does_not_revive_a_run_that_was_taken_down() {
    let mut state = state_with_tasks(2);
    state.run.stage = Stage::CutShort;
    state.retire(0, true);
    assert_eq!(state.run.stage, Stage::CutShort);
    let mut state = state_with_tasks(2);
    state.retire(1, false);
    assert_eq!(state.run.stage, Stage::Running);
    state.retire(0, false);
    assert_eq!(state.run.stage, Stage::RootEnded);
}

#[test]
fn a_run_settles_once() {
    let mut state = state_with_tasks(2);
    let other = task(&mut state, 1);
    state.arm(1, Duration::from_secs(5), None);
    state.settle();
    assert!(state.run.fair);
    assert_eq!(state.run.longest_timer, Duration::ZERO);
    assert!(state.tracker.unpolled_since_mark(1));
    state.tracker.polled(other);
    state.arm(1, Duration::from_secs(7), None);
    state.settle();
    assert_eq!(state.run.longest_timer, Duration::from_secs(7));
    assert!(!state.tracker.unpolled_since_mark(1));
}

#[test]
fn a_slot_is_used_again_unless_the_run_is_being_closed() {
    let mut state = state_with_tasks(3);
    state.retire(1, false);
    assert_eq!(
        add(&mut state, TaskKind::Async),
        TaskRef { slot: 1, serial: 3 }
    );
    state.retire(2, true);
    assert_eq!(
        add(&mut state, TaskKind::Async),
        TaskRef { slot: 3, serial: 4 }
    );
    assert_eq!(state.run.alive, 3);
}

// ---- switch points --------------------------------------------------------------------------

#[test]
fn a_switch_point_lets_another_go_on_or_begins_the_next_step() {
    let (mut state, _) = scripted(2, &[Pick::Task(0), Pick::Task(1)]);
    let me = task(&mut state, 0);
    assert_eq!(state.switch(me, Op::Lock), Turn::Stay);
    assert_eq!((state.run.steps, state.tracker.step), (1, 1));
    assert_eq!(state.switch(me, Op::Lock), Turn::Leave(Ok(1)));
    assert_eq!((state.run.steps, state.tracker.step), (1, 1));
}

#[test]
fn a_switch_point_leaves_to_the_executor_what_is_due() {
    let (mut state, log) = scripted(2, &[Pick::Timer]);
    let me = task(&mut state, 0);
    state.arm(1, Duration::from_millis(1), None);
    assert_eq!(state.switch(me, Op::Lock), Turn::Leave(Err(Next::Fire)));
    log.borrow_mut().clear();
    state.run.slice_end = 0;
    assert_eq!(
        state.switch(me, Op::Lock),
        Turn::Leave(Err(Next::SliceOver))
    );
    assert!(log.borrow().is_empty());
}

#[test]
fn nobody_is_suspended_where_too_many_are() {
    let (mut state, _) = scripted(2, &[Pick::Task(1), Pick::Timer]);
    state.run.suspended = MOST_SUSPENDED;
    let me = task(&mut state, 0);
    assert_eq!(state.switch(me, Op::Lock), Turn::Stay);
    state.arm(1, Duration::from_millis(1), None);
    assert_eq!(state.switch(me, Op::Lock), Turn::Stay);
    assert_eq!(state.run.steps, 2);
}

#[test]
fn a_calm_poll_is_left_for_a_yield_or_when_it_spins() {
    let (mut state, log) = scripted(2, &[Pick::Task(1); 9]);
    let me = task(&mut state, 0);
    let lock = resource(&mut state, ResourceKind::Mutex);
    state.begin_no_preempt();
    state.begin_no_preempt();
    state.end_no_preempt();
    announces(&mut state, 0, Op::Lock, Some(lock));
    assert_eq!(state.switch(me, Op::Lock), Turn::Stay);
    // The task continues directly with the operation that it has announced.
    assert_eq!(*log.borrow(), [format!("lock touches Mutex {lock:?}")]);
    assert_eq!(state.switch(me, Op::YieldThread), Turn::Leave(Ok(1)));
    state.run.steps = state.run.slice_end + SPIN_PATIENCE;
    assert_eq!(
        state.switch(me, Op::Lock),
        Turn::Leave(Err(Next::SliceOver))
    );
    state.run.steps = 0;
    state.end_no_preempt();
    assert_eq!(state.switch(me, Op::Lock), Turn::Leave(Ok(1)));
    // One exit too many changes nothing.
    state.end_no_preempt();
    state.begin_no_preempt();
    assert_eq!(state.switch(me, Op::Lock), Turn::Stay);
}

#[test]
fn a_plan_without_preemption_stays_without_it() {
    let mut state = crate::explore::testing::no_state();
    state.reset(Setting {
        preempt: false,
        ..setting(strategy::idle())
    });
    for _ in 0..2 {
        add(&mut state, TaskKind::Async);
    }
    let me = task(&mut state, 0);
    state.begin_no_preempt();
    state.end_no_preempt();
    for _ in 0..50 {
        assert_eq!(state.switch(me, Op::Lock), Turn::Stay);
    }
}

#[test]
fn a_task_that_goes_straight_on_touches_what_it_has_announced_or_anything() {
    let (mut state, log) = scripted(1, &[]);
    let me = task(&mut state, 0);
    state.begin_no_preempt();
    for (op, resource) in [(Op::Yield, None), (Op::Lock, None)] {
        announces(&mut state, 0, op, resource);
        state.switch(me, op);
    }
    assert_eq!(*log.borrow(), ["opaque"]);
}

#[test]
fn what_steps_touch_is_told_to_who_wants_to_know() {
    for touches in [false, true] {
        let log = Log::default();
        let strategy = Logged {
            log: Rc::clone(&log),
            touches,
            ..Logged::default()
        };
        let mut state = state_of(Chooser::Probing(Box::new(strategy)), 1);
        let me = task(&mut state, 0);
        let lock = resource(&mut state, ResourceKind::Mutex);
        let wait = state.tracker.wait(me, lock, Op::Lock, 1, here());
        log.borrow_mut().clear();
        state.touched_by(wait, false);
        state.touched_by(wait, true);
        state.touches_anything();
        let told = [
            format!("lock touches Mutex {lock:?}"),
            format!("lock granted by Mutex {lock:?}"),
            "opaque".to_owned(),
        ];
        let told = if touches { &told[..] } else { &[] };
        assert_eq!(*log.borrow(), told);
    }
}

// ---- wakes ----------------------------------------------------------------------------------

#[derive(Default)]
struct Rings(AtomicU32);

impl Wake for Rings {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_wake_makes_a_task_at_rest_ready_and_another_be_polled_again() {
    let (mut state, log) = scripted(2, &[]);
    for phase in [Phase::Idle, Phase::Parked] {
        rests(&mut state, 1);
        state.slots.at(1).phase = phase;
        let word = word(&mut state, 1);
        state.wake(word);
        assert!(state.ready.contains(1));
        assert!(state.slots.at(1).woken && state.slots.at(1).poll_again);
    }
    for phase in [Phase::Running, Phase::Preempted] {
        let slot = state.slots.at(1);
        (slot.phase, slot.woken, slot.poll_again) = (phase, false, false);
        let word = word(&mut state, 1);
        state.wake(word);
        assert!(state.slots.at(1).woken && state.slots.at(1).poll_again);
    }
    assert_eq!(
        *log.borrow(),
        ["1 woken", "1 woken", "1 woken again", "1 woken again"]
    );
    log.borrow_mut().clear();
    // A waker that outlived its task wakes nothing, not even the task that has its slot by then.
    let stale = word(&mut state, 1);
    state.retire(1, false);
    log.borrow_mut().clear();
    state.wake(stale);
    assert!(log.borrow().is_empty());
    add(&mut state, TaskKind::Async);
    rests(&mut state, 1);
    state.wake(stale);
    assert!(!state.ready.contains(1));
}

#[test]
fn who_is_ready_while_the_executor_waits_wakes_it_once() {
    let rings = Arc::new(Rings::default());
    let mut state = state_with_tasks(2);
    state.listener = Some(Waker::from(Arc::clone(&rings)));
    let words = [word(&mut state, 0), word(&mut state, 1)];
    for slot in 0..2 {
        rests(&mut state, slot);
    }
    state.run.idle = true;
    for word in words {
        state.wake(word);
    }
    assert_eq!(rings.0.load(Ordering::Relaxed), 1);
    assert!(!state.run.idle);
}

#[test]
fn what_may_block_is_not_cancelled_once_it_has_begun() {
    let mut state = state_with_tasks(1);
    let blocking = add(&mut state, TaskKind::Blocking);
    let gone = TaskRef {
        serial: 7,
        ..blocking
    };
    state.abort(gone);
    assert!(!state.slots.at(1).aborted);
    state.slots.at(1).begun = true;
    state.abort(blocking);
    assert!(!state.slots.at(1).aborted);
    state.slots.at(1).begun = false;
    rests(&mut state, 1);
    state.abort(blocking);
    assert!(state.slots.at(1).aborted && state.ready.contains(1));
}

// ---- probes ---------------------------------------------------------------------------------

#[test]
fn a_probe_is_polled_again_and_whoever_woke_its_task_before_still_has() {
    for woken in [false, true] {
        let strategy = Logged {
            yes: true,
            ..Logged::default()
        };
        let mut state = state_of(Chooser::Probing(Box::new(strategy)), 1);
        let me = task(&mut state, 0);
        let lock = resource(&mut state, ResourceKind::Mutex);
        state.slots.at(0).poll_again = woken;
        assert!(state.probe(me, Op::Lock, lock));
        assert!(state.slots.at(0).poll_again && state.slots.at(0).woken);
        // Its next poll begins.
        let slot = state.slots.at(0);
        (slot.poll_again, slot.woken) = (false, false);
        state.probe_done(me);
        assert_eq!(state.slots.at(0).poll_again, woken);
        assert_eq!(state.slots.at(0).woken, woken);
    }
}

#[test]
fn nothing_is_probed_for_a_task_that_waits_already_or_a_strategy_that_does_not_probe() {
    let strategy = Logged {
        yes: true,
        ..Logged::default()
    };
    let mut state = state_of(Chooser::Probing(Box::new(strategy)), 1);
    let me = task(&mut state, 0);
    let lock = resource(&mut state, ResourceKind::Mutex);
    state.tracker.wait(me, lock, Op::Lock, 1, here());
    assert!(!state.probe(me, Op::Lock, lock));
    let mut state = state_with_tasks(1);
    let lock = resource(&mut state, ResourceKind::Mutex);
    assert!(!state.probe(me, Op::Lock, lock));
    assert!(!state.slots.at(0).poll_again);
}
