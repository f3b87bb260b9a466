//! Steps on real stacks: how tasks are suspended and resumed, and that a run is independent of those
//! before.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use standstill_model::finding::{FindingKind, Verdict};
use standstill_model::load::Load;
use standstill_model::plan::{Plan, Schedule, StrategyKind, Variant};
use standstill_model::scenario::Program;
use standstill_rt::current;
use standstill_rt::facade::{
    Deadline, NoPreempt, PollWait, Tag, select_start, spawn_future, spawn_thread,
};
use standstill_rt::host::{Failure, NewTask, TaskBody};
use standstill_rt::op::{Op, ResourceKind};
use standstill_rt::task::{TaskKind, TaskRef};
use standstill_rt::unmodelled;

use super::{Executor, Next};
use crate::explore::run::{Surroundings, conclude, conduct, new_epoch, taken_down};
use crate::explore::slots::Phase;
use crate::explore::state::Setting;
use crate::explore::testing::{here, setting};
use crate::strategy::logged::{Log, Logged};
use crate::strategy::{self, Chooser, Pick};
use crate::{RecordLevel, Run};

/// Runs a test with an outer time limit: a hang tester's own tests must not hang.
fn within(seconds: u64, test: impl FnOnce() + Send + 'static) {
    let (done, finished) = channel();
    let thread = std::thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    match finished.recv_timeout(Duration::from_secs(seconds)) {
        Ok(()) => {}
        Err(RecvTimeoutError::Timeout) => panic!("the test took longer than {seconds} s"),
        Err(RecvTimeoutError::Disconnected) => {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

// ---- programs -------------------------------------------------------------------------------

/// The actions of a task, one after the other.
#[derive(Clone, Debug)]
enum Deed {
    Switch(u8),
    Yield,
    Choose,
    Sleep(u64),
    Signal(u8),
    Await(u8),
    Spawn(Vec<Deed>),
    Thread(Vec<u8>),
    NoPreempt(u8),
    Panic,
}

const RESOURCES: usize = 3;

/// Signals that are given once, and the tasks that wait for them.
#[derive(Default)]
struct Signals(Mutex<[(bool, Vec<Waker>); RESOURCES]>);

impl Signals {
    fn give(&self, signal: u8) {
        let mut signals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (given, waiting) = &mut signals[usize::from(signal)];
        *given = true;
        for waker in waiting.drain(..) {
            waker.wake();
        }
    }

    fn was_given(&self, signal: u8, waker: &Waker) -> bool {
        let mut signals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (given, waiting) = &mut signals[usize::from(signal)];
        if !*given {
            waiting.push(waker.clone());
        }
        *given
    }
}

struct World {
    tags: [Tag; RESOURCES],
    signals: Signals,
}

type Code = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn task(world: Arc<World>, deeds: Vec<Deed>) -> Code {
    Box::pin(async move {
        for deed in deeds {
            match deed {
                Deed::Switch(on) => world.tags[usize::from(on)].switch(Op::Lock, here()),
                Deed::Yield => {
                    standstill_rt::facade::switch(Op::Yield, here());
                    let mut polled = false;
                    poll_fn(|cx| {
                        if std::mem::replace(&mut polled, true) {
                            return Poll::Ready(());
                        }
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    })
                    .await;
                }
                Deed::Choose => {
                    select_start(3);
                }
                Deed::Sleep(ms) => {
                    if let Some(mut deadline) = Deadline::after(Duration::from_millis(ms), here()) {
                        poll_fn(|_| match deadline.has_come() {
                            true => Poll::Ready(()),
                            false => Poll::Pending,
                        })
                        .await;
                    }
                }
                Deed::Signal(signal) => {
                    world.tags[usize::from(signal)].switch(Op::Notify, here());
                    world.signals.give(signal);
                }
                Deed::Await(signal) => {
                    let tag = &world.tags[usize::from(signal)];
                    tag.switch(Op::Notified, here());
                    let mut wait = PollWait::new();
                    poll_fn(|cx| {
                        if world.signals.was_given(signal, cx.waker()) {
                            return Poll::Ready(());
                        }
                        wait.begin(tag, Op::Notified, here());
                        Poll::Pending
                    })
                    .await;
                    wait.end();
                }
                Deed::Spawn(deeds) => {
                    let _ = spawn_future(task(Arc::clone(&world), deeds), here());
                }
                Deed::Thread(switches) => {
                    let world = Arc::clone(&world);
                    let code = move || {
                        for on in switches {
                            world.tags[usize::from(on)].switch(Op::Lock, here());
                        }
                    };
                    let _ = spawn_thread(code, "thread", here());
                }
                Deed::NoPreempt(on) => {
                    let _calm = NoPreempt::begin();
                    world.tags[usize::from(on)].switch(Op::Lock, here());
                }
                Deed::Panic => panic!("it was too much"),
            }
        }
    })
}

fn program(deeds: &[Deed]) -> Program {
    let deeds = deeds.to_vec();
    Program::new(move |_| {
        let world = World {
            tags: [
                Tag::new(ResourceKind::Mutex),
                Tag::new(ResourceKind::Notify),
                Tag::new(ResourceKind::Channel),
            ],
            signals: Signals::default(),
        };
        task(Arc::new(world), deeds.clone())
    })
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let on = || 0..u8::try_from(RESOURCES).unwrap_or(0);
    let leaf = prop_oneof![
        6 => on().prop_map(Deed::Switch),
        2 => Just(Deed::Yield),
        2 => Just(Deed::Choose),
        2 => (1_u64..50).prop_map(Deed::Sleep),
        3 => on().prop_map(Deed::Signal),
        3 => on().prop_map(Deed::Await),
        1 => prop::collection::vec(on(), 0..3).prop_map(Deed::Thread),
        1 => on().prop_map(Deed::NoPreempt),
        1 => Just(Deed::Panic),
    ];
    let deed = leaf.prop_recursive(2, 24, 4, |deed| {
        prop::collection::vec(deed, 0..4).prop_map(Deed::Spawn)
    });
    prop::collection::vec(deed, 0..8)
}

// ---- whole runs -----------------------------------------------------------------------------

fn plan(strategy: StrategyKind, seed: u64) -> Plan {
    let schedule = Schedule::Seeded {
        strategy,
        seed,
        digest: None,
    };
    Plan::new("deeds", Variant::Own, Load::default(), schedule)
}

/// Makes a run and records everything that happens. Other activity in the tests' process is not watched.
fn run(executor: &Executor, program: &Program, plan: &Plan, strategy: Chooser) -> Run {
    executor.reset(new_epoch(), Setting::of(plan, strategy, RecordLevel::Trace));
    let runtime = executor.take_runtime();
    let mut conducted = None;
    current::within(executor, || {
        executor.state.borrow_mut().source = Some(runtime.clock());

        runtime.block_on(pin!(async {
            let surroundings = Surroundings::of(RecordLevel::Hunt);
            let end = conduct(executor, program, plan, surroundings).await;
            conducted = Some(taken_down(executor, end));
        }));
    });
    let unscheduled = runtime.unscheduled();
    runtime.shut_down();
    let (refused, _) = unmodelled::take();
    match conducted {
        Some(conducted) => conclude(executor, plan, &conducted, unscheduled, refused).0,
        None => panic!("the runtime came back before its future was ready"),
    }
}

fn executor() -> Rc<Executor> {
    Executor::shared(Arc::default())
}

/// Makes a run under the strategy that its plan names.
fn planned(executor: &Executor, deeds: &[Deed], plan: &Plan) -> Run {
    let strategy = strategy::of(&plan.schedule, None);
    run(executor, &program(deeds), plan, strategy)
}

fn plans() -> impl Strategy<Value = Plan> {
    let kind = prop::sample::select(vec![
        StrategyKind::Random,
        StrategyKind::Pct { depth: 3 },
        StrategyKind::Pos,
        StrategyKind::Urw,
        StrategyKind::Surw,
        StrategyKind::Directed,
    ]);
    (kind, any::<u64>()).prop_map(|(strategy, seed)| plan(strategy, seed))
}

#[test]
fn a_run_is_the_same_whatever_was_run_before() {
    within(120, || {
        let used = executor();
        let cases = (deeds(), plans());
        let mut runner = TestRunner::deterministic();
        let mut verdicts = std::collections::BTreeSet::new();
        let outcome = runner.run(&cases, |(deeds, plan)| {
            let new = executor();
            let expected = planned(&new, &deeds, &plan);
            new.retire(&new);
            // The earlier runs are those of all cases so far.
            let run = planned(&used, &deeds, &plan);
            prop_assert_eq!(format!("{:#?}", run), format!("{:#?}", expected));
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{failure}");
        }
        // The earlier programs were of all kinds.
        let mut samples = TestRunner::deterministic();
        for _ in 0..256 {
            if let Ok(tree) = deeds().new_tree(&mut samples) {
                let deeds = proptest::strategy::ValueTree::current(&tree);
                let run = planned(&used, &deeds, &plan(StrategyKind::Random, 1));
                verdicts.insert(match run.verdict {
                    Verdict::Clean => None,
                    Verdict::Found(finding) => Some(finding.kind),
                    Verdict::Undecided(reason) => panic!("{reason}"),
                });
            }
        }
        used.retire(&used);
        for kind in [FindingKind::Hang, FindingKind::Leak, FindingKind::Panic] {
            assert!(verdicts.contains(&Some(kind)), "{verdicts:?}");
        }
        assert!(verdicts.contains(&None), "{verdicts:?}");
    });
}

#[test]
fn a_run_that_is_over_leaves_no_task_and_no_stack_behind() {
    within(60, || {
        let executor = executor();
        let left = [
            Deed::Spawn(vec![Deed::Switch(0), Deed::Await(1)]),
            Deed::Spawn(vec![Deed::Sleep(5)]),
            Deed::Thread(vec![0, 1, 2]),
            Deed::Switch(0),
            Deed::Await(2),
        ];
        for seed in 0..50 {
            let run = planned(&executor, &left, &plan(StrategyKind::Random, seed));
            assert!(
                matches!(run.verdict, Verdict::Found(_)),
                "{:?}",
                run.verdict
            );
            let mut state = executor.state.borrow_mut();
            assert_eq!((state.run.alive, state.run.suspended), (0, 0));
            assert_eq!(state.run.due, None);
            for slot in 0..4 {
                let slot = state.slots.at(slot);
                assert_eq!(slot.phase, Phase::Vacant);
                assert!(slot.fiber.is_none() && slot.body.is_none());
            }
        }
        executor.retire(&executor);
    });
}

#[test]
fn a_task_that_is_left_in_the_middle_of_a_poll_goes_on_from_there() {
    within(60, || {
        let executor = executor();
        let log = Log::default();
        // The root begins, and spawns; then the two tasks alternate at each of their switch points.
        let picks = [1, 0, 1, 0, 1].map(Pick::Task);
        let strategy = Logged {
            log: Rc::clone(&log),
            picks: picks.into(),
            ..Logged::default()
        };
        let deeds = [
            Deed::Spawn(vec![Deed::Switch(1), Deed::Switch(2)]),
            Deed::Switch(0),
            Deed::Switch(0),
        ];
        let plan = plan(StrategyKind::Random, 0);
        let strategy = Chooser::Probing(Box::new(strategy));
        let run = run(&executor, &program(&deeds), &plan, strategy);
        executor.retire(&executor);
        assert_eq!(run.verdict, Verdict::Clean);
        // Two polls and four switch points.
        assert_eq!(run.steps, 6);
        assert_eq!(
            *log.borrow(),
            [
                "probes?",
                "0 spawned",
                "0 woken",
                "force 0?",
                "0 forced, current None",
                "1 spawned",
                "1 woken",
                "pick of [0, 1], current Some(0), may fire false",
                "pick of [0, 1], current Some(1), may fire false",
                "pick of [0, 1], current Some(0), may fire false",
                "pick of [0, 1], current Some(1), may fire false",
                "0 ended",
                "outlasts root?",
                "fair step",
                "1 ended",
                "end",
            ]
        );
    });
}

#[test]
fn a_task_that_is_woken_in_its_own_poll_is_polled_again() {
    within(60, || {
        let executor = executor();
        let deeds = [Deed::Yield, Deed::Spawn(vec![Deed::Yield, Deed::Yield])];
        for seed in 0..20 {
            let run = planned(&executor, &deeds, &plan(StrategyKind::Random, seed));
            assert_eq!(run.verdict, Verdict::Clean);
            // Five polls, and a switch point before each yield.
            assert_eq!(run.steps, 8);
        }
        executor.retire(&executor);
    });
}

#[test]
fn a_panic_is_noted_with_what_it_said_and_whether_others_were_suspended() {
    within(60, || {
        let executor = executor();
        let deeds = [
            Deed::Spawn(vec![Deed::Panic]),
            Deed::Switch(0),
            Deed::Switch(0),
        ];
        for (picks, preempted) in [
            // The root is suspended at its first switch point, or has ended by then.
            (vec![Pick::Task(1)], true),
            (vec![Pick::Task(0), Pick::Task(0)], false),
        ] {
            let strategy = Logged {
                picks: picks.into(),
                ..Logged::default()
            };
            let plan = plan(StrategyKind::Random, 0);
            let strategy = Chooser::Probing(Box::new(strategy));
            let run = run(&executor, &program(&deeds), &plan, strategy);
            let Verdict::Found(finding) = run.verdict else {
                panic!("{:?}", run.verdict);
            };
            let [panic] = &finding.panics[..] else {
                panic!("{finding:?}");
            };
            assert_eq!(panic.message, "it was too much");
            assert_eq!(panic.only_preempted, preempted);
        }
        executor.retire(&executor);
    });
}

// ---- step by step ---------------------------------------------------------------------------

/// A root that is ready once its waker was called, which it stores for the test.
struct Woken {
    waker: Arc<Mutex<Option<Waker>>>,
    polled: bool,
}

impl TaskBody for Woken {
    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<()> {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        if std::mem::replace(&mut self.polled, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn fail(self: std::pin::Pin<&mut Self>, _: Failure) {}
}

/// Begins a run whose root waits for its waker.
fn begun(executor: &Executor) -> Arc<Mutex<Option<Waker>>> {
    executor.reset(new_epoch(), setting(strategy::idle()));
    let waker = Arc::<Mutex<Option<Waker>>>::default();
    let root = NewTask::<dyn TaskBody> {
        body: Box::pin(Woken {
            waker: Arc::clone(&waker),
            polled: false,
        }),
        kind: TaskKind::Async,
        type_name: "root",
        site: here(),
    };
    executor.state.borrow_mut().add(root, None);
    waker
}

fn kept(waker: &Mutex<Option<Waker>>) -> Waker {
    let waker = waker.lock().unwrap_or_else(PoisonError::into_inner);
    waker.clone().unwrap_or_else(|| Waker::noop().clone())
}

#[test]
fn steps_are_made_until_something_else_is_due() {
    within(60, || {
        let executor = executor();
        let waker = begun(&executor);
        current::within(&*executor, || {
            assert_eq!(executor.run_steps(), Next::Nothing);
            assert_eq!(executor.run_steps(), Next::Nothing);
            assert_eq!(executor.state.borrow().run.steps, 1);
            kept(&waker).wake();
            assert_eq!(executor.run_steps(), Next::RootEnded);
            assert_eq!(executor.state.borrow().run.steps, 2);
        });
        executor.retire(&executor);
    });
}

#[test]
fn a_waker_is_of_one_engine_and_one_run() {
    within(60, || {
        let (executor, other) = (executor(), executor());
        let waker = begun(&executor);
        begun(&other);
        current::within(&*executor, || {
            assert_eq!(executor.run_steps(), Next::Nothing);
        });
        // Another engine does not handle this waker, though it has a task in that slot.
        let word = kept(&waker).data().addr();
        current::within(&*other, || {
            assert_eq!(other.run_steps(), Next::Nothing);
            assert!(!other.wake(word));
            assert_eq!(other.run_steps(), Next::Nothing);
        });
        // In its own engine, it wakes no task of the next run.
        let old = kept(&waker);
        begun(&executor);
        current::within(&*executor, || {
            assert_eq!(executor.run_steps(), Next::Nothing);
            assert!(executor.wake(old.data().addr()));
            assert_eq!(executor.run_steps(), Next::Nothing);
        });
        executor.retire(&executor);
        other.retire(&other);
    });
}

#[test]
fn a_wake_from_another_thread_waits_in_the_inbox() {
    within(60, || {
        let executor = executor();
        let waker = begun(&executor);
        current::within(&*executor, || {
            assert_eq!(executor.run_steps(), Next::Nothing);
            let foreign = kept(&waker);
            let expected = foreign.data().addr();
            assert!(std::thread::spawn(move || foreign.wake()).join().is_ok());
            assert_eq!(executor.run_steps(), Next::Nothing);
            assert_eq!(executor.inbox.drain(), [expected]);
            // The values in it do not outlive its run.
            let foreign = kept(&waker);
            assert!(std::thread::spawn(move || foreign.wake()).join().is_ok());
        });
        begun(&executor);
        assert!(executor.inbox.drain().is_empty());
        executor.retire(&executor);
    });
}

#[test]
fn a_strategy_is_probed_for_only_if_it_says_so_as_the_run_begins() {
    within(60, || {
        let executor = executor();
        for yes in [false, true] {
            let log = Log::default();
            let strategy = Logged {
                log: Rc::clone(&log),
                yes,
                ..Logged::default()
            };
            let strategy = Chooser::Probing(Box::new(strategy));
            executor.reset(new_epoch(), setting(strategy));
            assert_eq!(executor.probes.get(), yes);
            assert_eq!(*log.borrow(), ["probes?"]);
            // In code that the engine does not schedule, no operation is held back.
            let lock = {
                let mut state = executor.state.borrow_mut();
                crate::explore::testing::resource(&mut state, ResourceKind::Mutex)
            };
            assert!(!executor.probe(Op::Lock, lock));
            executor.current.set(Some(TaskRef { slot: 0, serial: 0 }));
            executor.begin_closing();
            assert!(!executor.probe(Op::Lock, lock));
            assert_eq!(*log.borrow(), ["probes?"]);
        }
        executor.reset(new_epoch(), setting(strategy::idle()));
        assert!(!executor.probes.get());
        assert!(!executor.closing.begun());
        assert_eq!(executor.current.get(), None);
    });
}

#[test]
fn a_runtime_that_is_kept_is_taken_once() {
    within(60, || {
        let executor = executor();
        let runtime = executor.take_runtime();
        let clock = runtime.clock();
        let began = clock.now();
        clock.advance(Duration::from_secs(1_000));
        executor.keep_runtime(runtime);
        let again = executor.take_runtime();
        assert_eq!(again.clock().now(), began + Duration::from_secs(1_000));
        let other = executor.take_runtime();
        assert!(other.clock().now() < began + Duration::from_secs(500));
    });
}
