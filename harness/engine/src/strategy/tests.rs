//! What a wrapper passes on to a strategy: everything that the strategy wants, and nothing else.

use std::ops::ControlFlow;
use std::rc::Rc;

use standstill_model::plan::{Choice, Schedule, StrategyKind};
use standstill_rt::op::{Op, ResourceKind};
use standstill_rt::task::TaskPath;

use crate::explore::testing;
use crate::strategy::logged::{Log, Logged};
use crate::strategy::{self, Chooser, Event, Observer, Pick, Probe, Scheduler, View};

/// Calls every method of a strategy, and returns the answers.
fn call_all(strategy: &mut Chooser) -> Vec<String> {
    let mut state = testing::state_with_tasks(3);
    let resource = testing::resource(&mut state, ResourceKind::Mutex);
    let info = *state.tracker.info(resource);
    let view = &View {
        ready: &state.ready,
        current: Some(1),
        may_fire: true,
        tracker: &state.tracker,
        polls: &state.slots,
    };
    let answers = vec![
        format!("{:?}", strategy.pick(view)),
        format!("{:?}", strategy.number(7)),
        format!("{:?}", strategy.probes()),
        format!("{:?}", strategy.probe(2, Op::Lock, resource, view.tracker)),
        format!("{:?}", strategy.forced(view, 1)),
        format!("{:?}", strategy.outlasts_root()),
        format!("{:?}", strategy.wants_touches()),
    ];
    strategy.probe_done(2);
    strategy.yielded(1);
    for event in [
        Event::Spawned(0),
        Event::Woken(1),
        Event::WokenAgain(2),
        Event::Ended(0),
        Event::Forced { view, slot: 1 },
        Event::Touched(Op::Lock, resource, &info),
        Event::Granted(Op::Lock, resource, &info),
        Event::Opaque,
        Event::Abort,
        Event::FairStep,
        Event::RuntimeTurn,
        Event::Idle,
        Event::Truncated,
    ] {
        strategy.on(&event);
    }
    let summary = strategy.end();
    [answers, vec![format!("{:?}", summary.divergence)]].concat()
}

fn logged(yes: bool) -> (Chooser, Log) {
    let log = Log::default();
    let strategy = Logged {
        log: Rc::clone(&log),
        picks: [Pick::Task(2)].into(),
        yes,
        touches: yes,
    };
    (Chooser::Probing(Box::new(strategy)), log)
}

#[test]
fn a_wrapper_forwards_all_that_a_strategy_is_asked_and_told() {
    for yes in [false, true] {
        let (mut bare, log) = logged(yes);
        let answers = call_all(&mut bare);
        let (inner, wrapped_log) = logged(yes);
        let mut wrapped = strategy::observed(inner);
        assert_eq!(call_all(&mut wrapped), answers);
        assert_eq!(*wrapped_log.borrow(), *log.borrow());
        // Every method, and every event.
        assert_eq!(log.borrow().len(), 8 + 13 + 1);
    }
}

#[test]
fn a_wrapper_notes_the_orders_that_its_strategy_leads_to() {
    let orders = |second: u32| {
        let (inner, _) = logged(false);
        let mut wrapped = strategy::observed(inner);
        let mut state = testing::state_with_tasks(3);
        let resource = testing::resource(&mut state, ResourceKind::Mutex);
        for slot in 0..3 {
            testing::announces(&mut state, slot, Op::Lock, Some(resource));
        }
        let view = &View {
            ready: &state.ready,
            current: None,
            may_fire: false,
            tracker: &state.tracker,
            polls: &state.slots,
        };
        // The first step is chosen, the second one forced.
        assert_eq!(wrapped.pick(view), Pick::Task(2));
        wrapped.on(&Event::Forced { view, slot: second });
        wrapped.end().orders
    };
    assert_eq!(orders(0).len(), 1);
    assert_eq!(orders(0), orders(0));
    assert_ne!(orders(0), orders(1));
}

#[test]
fn a_strategy_that_only_chooses_is_told_nothing() {
    let seeded = |strategy| Schedule::Seeded {
        strategy,
        seed: 1,
        digest: None,
    };
    for (schedule, observes) in [
        (seeded(StrategyKind::Random), false),
        (Schedule::Bytes(vec![1, 2]), false),
        (seeded(StrategyKind::Pct { depth: 3 }), true),
        (seeded(StrategyKind::Pos), true),
        (seeded(StrategyKind::Urw), true),
        (seeded(StrategyKind::Surw), true),
        (seeded(StrategyKind::Directed), true),
    ] {
        let mut strategy = strategy::of(&schedule, None);
        let mut made = false;
        strategy.observe(|| {
            made = true;
            Event::Spawned(0)
        });
        assert_eq!(made, observes, "{schedule:?}");
        assert!(!strategy.probes(), "{schedule:?}");
        assert!(!strategy.outlasts_root(), "{schedule:?}");
    }
}

#[test]
fn a_forced_step_is_asked_about_before_it_is_told() {
    for (yes, then) in [
        (false, ControlFlow::Continue(())),
        (true, ControlFlow::Break(())),
    ] {
        let (mut strategy, log) = logged(yes);
        let state = testing::state_with_tasks(1);
        let view = &View {
            ready: &state.ready,
            current: None,
            may_fire: false,
            tracker: &state.tracker,
            polls: &state.slots,
        };
        assert_eq!(strategy.forced_step(view, 0), then);
        let told = ["force 0?", "0 forced, current None"];
        let told = if yes { &told[..1] } else { &told[..] };
        assert_eq!(*log.borrow(), told);
    }
}

#[test]
fn a_replay_outlasts_the_root_as_long_as_it_has_choices_of_a_proof() {
    let task = Choice::Task(TaskPath::root());
    for (choices, outlasts) in [
        (vec![], false),
        (vec![Choice::Number(1)], false),
        (vec![Choice::Number(1), task.clone()], true),
        (vec![Choice::Timer], true),
    ] {
        let replay = strategy::of(&Schedule::Choices(choices.clone()), None);
        assert_eq!(replay.outlasts_root(), outlasts, "{choices:?}");
    }
}
