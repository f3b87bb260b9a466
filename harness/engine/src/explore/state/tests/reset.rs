//! No trace of a run is visible in the next one.

use std::task::Waker;
use std::time::Duration;

use proptest::prelude::*;
use standstill_model::plan::{Choice, Schedule, StrategyKind};
use standstill_model::slack::Slack;
use standstill_rt::op::{Op, ResourceKind};
use standstill_rt::panics::Said;
use standstill_rt::task::{TaskKind, TaskRef};

use crate::explore::fiber::{Body, Job};
use crate::explore::inbox::Word;
use crate::explore::per_run::{Due, PerRun, Stage};
use crate::explore::record::Recorder;
use crate::explore::slots::Phase;
use crate::explore::state::{FIBERS_KEPT, Next, Panicked, RunState, SLICE, Setting};
use crate::explore::testing::{
    add, announces, deadlock, resource, rests, setting, state_with_tasks, word,
};
use crate::strategy;

/// An event in a run. The task or timer that it is about is taken modulo their number.
#[derive(Clone, Debug)]
enum Act {
    Add(TaskKind),
    Next,
    Switch(u32, Op),
    Wake(u32),
    Abort(u32),
    End(u32),
    EndWhileClosing(u32),
    Panic(u32),
    Deadlock(u32),
    Forget,
    NoPreempt(bool),
    Arm(u64),
    Disarm(u32),
    Number(u32),
    Settle,
    Outlast,
    CutShort,
    Idle,
    Due(u32),
    Suspended,
    Fair(bool),
    Fiber,
    Close,
    Begin,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let kind = prop::sample::select(vec![TaskKind::Async, TaskKind::Blocking, TaskKind::Thread]);
    let op = prop::sample::select(vec![Op::Lock, Op::Notify, Op::Yield, Op::YieldThread]);
    let task = || 0_u32..8;
    let act = prop_oneof![
        4 => kind.prop_map(Act::Add),
        4 => Just(Act::Next),
        4 => (task(), op).prop_map(|(task, op)| Act::Switch(task, op)),
        2 => task().prop_map(Act::Wake),
        1 => task().prop_map(Act::Abort),
        2 => task().prop_map(Act::End),
        1 => task().prop_map(Act::EndWhileClosing),
        1 => task().prop_map(Act::Panic),
        1 => task().prop_map(Act::Deadlock),
        1 => any::<bool>().prop_map(Act::NoPreempt),
        2 => (0_u64..100_000).prop_map(Act::Arm),
        1 => task().prop_map(Act::Disarm),
        1 => (2_u32..9).prop_map(Act::Number),
        1 => prop::sample::select(vec![
            Act::Settle,
            Act::Outlast,
            Act::CutShort,
            Act::Forget,
            Act::Idle,
            Act::Due(3),
            Act::Suspended,
            Act::Fair(true),
            Act::Fair(false),
            Act::Fiber,
            Act::Close,
            Act::Begin,
        ]),
    ];
    prop::collection::vec(act, 0..60)
}

/// A setting, created anew for each use.
#[derive(Clone, Debug)]
struct Settings {
    total_steps: u64,
    preempt: bool,
    slack: u64,
    schedule: Schedule,
    observed: bool,
    recorded: bool,
    traced: bool,
}

fn settings() -> impl Strategy<Value = Settings> {
    let kind = prop::sample::select(vec![
        StrategyKind::Random,
        StrategyKind::Pct { depth: 3 },
        StrategyKind::Pos,
        StrategyKind::Urw,
        StrategyKind::Surw,
        StrategyKind::Directed,
    ]);
    let seeded = (kind, any::<u64>()).prop_map(|(strategy, seed)| Schedule::Seeded {
        strategy,
        seed,
        digest: None,
    });
    let schedule = prop_oneof![
        4 => seeded,
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Schedule::Bytes),
        1 => Just(Schedule::Choices(vec![Choice::Number(1), Choice::Timer])),
    ];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (0..2 * SLICE, 0..100_u64, schedule, flags).prop_map(
        |(total_steps, slack, schedule, (preempt, observed, recorded, traced))| Settings {
            total_steps,
            preempt,
            slack,
            schedule,
            observed,
            recorded,
            traced,
        },
    )
}

impl Settings {
    fn setting(&self) -> Setting {
        let strategy = strategy::of(&self.schedule, None);
        Setting {
            total_steps: self.total_steps,
            preempt: self.preempt,
            slack: Slack::Time(Duration::from_millis(self.slack)),
            strategy: if self.observed {
                strategy::observed(strategy)
            } else {
                strategy
            },
            recorder: self.recorded.then(Recorder::default),
            traced: self.traced,
        }
    }
}

/// A job for a fiber that is never resumed.
fn no_code() -> Body {
    struct Nothing;
    impl standstill_rt::host::TaskBody for Nothing {
        fn poll(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<()> {
            std::task::Poll::Ready(())
        }
        fn fail(self: std::pin::Pin<&mut Self>, _: standstill_rt::host::Failure) {}
    }
    Box::pin(Nothing)
}

fn perform(state: &mut RunState, act: &Act) {
    let living = state.slots.living();
    let nth = |number: u32| -> Option<TaskRef> {
        let at = number as usize % living.len().max(1);
        living.get(at).copied()
    };
    match *act {
        Act::Add(kind) => {
            add(state, kind);
        }
        Act::Next => {
            if state.next().is_ok() {
                state.begin_step();
            }
        }
        Act::Switch(number, op) => {
            if let Some(me) = nth(number) {
                let lock = resource(state, ResourceKind::Mutex);
                announces(state, me.slot, op, Some(lock));
                state.slots.at(me.slot).phase = Phase::Running;
                let _ = state.switch(me, op);
            }
        }
        Act::Wake(number) => {
            if let Some(me) = nth(number) {
                let word = word(state, me.slot);
                state.wake(word);
            }
        }
        Act::Abort(number) => {
            if let Some(me) = nth(number) {
                state.abort(me);
            }
        }
        Act::End(number) => {
            if let Some(me) = nth(number) {
                state.retire(me.slot, false);
            }
        }
        Act::EndWhileClosing(number) => {
            if let Some(me) = nth(number) {
                state.retire(me.slot, true);
            }
        }
        Act::Panic(number) => {
            if let Some(me) = nth(number) {
                let panicked = panicked(state, me);
                state.panics.push(panicked);
            }
        }
        Act::Deadlock(number) => {
            if let Some(me) = nth(number) {
                deadlock(state, &[me.slot]);
            }
        }
        Act::Forget => {
            let lock = resource(state, ResourceKind::Mutex);
            state.tracker.forget(lock);
        }
        Act::NoPreempt(true) => state.begin_no_preempt(),
        Act::NoPreempt(false) => state.end_no_preempt(),
        Act::Arm(ms) => {
            state.arm(1, Duration::from_millis(ms), None);
        }
        Act::Disarm(index) => {
            let timer = standstill_rt::host::TimerId(1 << 32 | u64::from(index));
            state.timers.disarm(1, timer);
        }
        Act::Number(bound) => {
            state.choose_number(bound);
        }
        Act::Settle => state.settle(),
        Act::Outlast => state.run.stage = Stage::Outlasting,
        Act::CutShort => state.run.stage = Stage::CutShort,
        Act::Idle => state.run.idle = true,
        Act::Due(slot) => {
            let next = Next::Fire;
            state.run.due = Some(Due { next, slot });
        }
        Act::Suspended => state.run.suspended += 1,
        Act::Fair(fair) => state.run.fair = fair,
        Act::Fiber => {
            let fiber = state.pool.employ(Job::Drop, no_code());
            drop(fiber.shared().body.take());
            state.pool.give(fiber);
        }
        Act::Close => state.tracker.close(),
        Act::Begin => {
            state.run.began = Some(std::time::Instant::now());
            let now = state.timers.now() + Duration::from_millis(3);
            state.timers.advanced(now);
        }
    }
}

fn panicked(state: &mut RunState, task: TaskRef) -> Panicked {
    Panicked {
        task,
        path: state.tracker.path(task.slot).to_string(),
        identity: state.slots.at(task.slot).identity,
        said: Said {
            message: "it was too much".to_owned(),
            at: None,
        },
        seen: false,
        preempted: false,
    }
}

/// Every field of the state, as a run can see it. New fields have to be added here.
fn fields(state: &RunState) -> Vec<(&'static str, String)> {
    let RunState {
        run,
        slots,
        ready,
        tracker,
        timers,
        panics,
        run_scopes,
        // Kept on purpose: stacks, the listener, and what must differ between runs.
        pool: _,
        listener: _,
        source: _,
        stamps: _,
        identities: _,
    } = state;
    let PerRun {
        strategy,
        touches,
        recorder,
        stage,
        fair,
        fair_cursor,
        preempt,
        preempts,
        no_preempt,
        due,
        early,
        steps,
        order,
        slice_end,
        alive,
        suspended,
        idle,
        began,
        raw_tasks,
        longest_timer,
    } = run;
    let paths: Vec<&str> = panics.iter().map(|panic| panic.path.as_str()).collect();
    vec![
        ("slots", format!("{slots:?}")),
        ("ready", format!("{ready:?}")),
        ("tracker", format!("{:#?}", tracker.seen_by_a_run())),
        ("timers", format!("{timers:?}")),
        ("panics", format!("{paths:?}")),
        ("run_scopes", run_scopes.len().to_string()),
        ("strategy", format!("{strategy:?} {touches}")),
        ("recorder", format!("{recorder:?}")),
        ("stage", format!("{stage:?}")),
        ("fair", format!("{fair} {fair_cursor}")),
        ("preempt", format!("{preempt} {preempts} {no_preempt}")),
        ("due", format!("{due:?}")),
        ("early", format!("{early:?}")),
        ("steps", format!("{steps} {slice_end}")),
        ("order", format!("{order}")),
        ("tasks", format!("{alive} {suspended} {idle}")),
        ("time", format!("{began:?} {longest_timer:?}")),
        ("raw_tasks", format!("{raw_tasks}")),
    ]
}

proptest! {
    #[test]
    fn reset_leaves_nothing_of_the_runs_before(
        before in prop::collection::vec((settings(), acts()), 1..4),
        setting in settings(),
        acts in acts(),
    ) {
        let mut used = crate::explore::testing::no_state();
        for (setting, acts) in &before {
            used.reset(setting.setting());
            for act in acts {
                perform(&mut used, act);
            }
        }
        let mut new = crate::explore::testing::no_state();
        used.reset(setting.setting());
        new.reset(setting.setting());
        prop_assert_eq!(fields(&used), fields(&new));
        // Nor does a difference become visible later.
        for act in acts.iter().filter(|act| !matches!(act, Act::Begin)) {
            perform(&mut used, act);
            perform(&mut new, act);
        }
        prop_assert_eq!(fields(&used), fields(&new));
    }
}

#[test]
fn reset_keeps_few_stacks_and_whom_to_wake() {
    let mut state = state_with_tasks(2);
    let fibers: Vec<_> = (0..FIBERS_KEPT + 9)
        .map(|_| state.pool.employ(Job::Drop, no_code()))
        .collect();
    for fiber in fibers {
        drop(fiber.shared().body.take());
        state.pool.give(fiber);
    }
    state.listener = Some(Waker::noop().clone());
    let stamp = state.slots.at(1).stamp;
    state.reset(setting(strategy::idle()));
    assert_eq!(state.pool.count(), FIBERS_KEPT);
    assert!(state.listener.is_some());
    // A waker of the last run wakes nothing in this one.
    add(&mut state, TaskKind::Async);
    add(&mut state, TaskKind::Async);
    rests(&mut state, 1);
    state.wake(Word::unpack(Word::pack(0, 1, stamp)));
    assert!(!state.ready.contains(1));
    let word = word(&mut state, 1);
    state.wake(word);
    assert!(state.ready.contains(1));
}
