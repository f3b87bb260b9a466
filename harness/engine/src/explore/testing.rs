//! Fixtures for the tests of the engine's parts: the state of a run without an executor.

use std::panic::Location;
use std::pin::Pin;
use std::rc::Weak;
use std::task::{Context, Poll};
use std::time::Duration;

use standstill_model::slack::Slack;
use standstill_rt::host::{Failure, NewTask, TaskBody};
use standstill_rt::ids::{ResourceId, ResourceInfo};
use standstill_rt::op::{Op, ResourceKind};
use standstill_rt::site::Site;
use standstill_rt::task::{TaskKind, TaskRef};

use crate::explore::executor::Executor;
use crate::explore::inbox::Word;
use crate::explore::record::Recorder;
use crate::explore::slots::Phase;
use crate::explore::state::{RunState, Setting};
use crate::strategy::{self, Chooser};

/// A task that waits for ever.
struct Waits;

impl TaskBody for Waits {
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    fn fail(self: Pin<&mut Self>, _: Failure) {}
}

#[track_caller]
pub fn here() -> Site {
    Location::caller()
}

/// A state that no run uses yet.
pub fn no_state() -> RunState {
    RunState::new(Weak::<Executor>::new())
}

/// A run whose choices are recorded.
pub fn setting(strategy: Chooser) -> Setting {
    Setting {
        total_steps: 1_000_000,
        preempt: true,
        slack: Slack::Time(Duration::from_secs(60)),
        strategy,
        recorder: Some(Recorder::default()),
        traced: false,
    }
}

/// The state of a run with this many tasks, all ready: the root and its children.
pub fn state_of(strategy: Chooser, tasks: u32) -> RunState {
    let mut state = no_state();
    state.reset(setting(strategy));
    for _ in 0..tasks {
        add(&mut state, TaskKind::Async);
    }
    state
}

/// The same, under an arbitrary strategy.
pub fn state_with_tasks(tasks: u32) -> RunState {
    state_of(strategy::idle(), tasks)
}

/// Adds a task: a child of the root, if there is one.
pub fn add(state: &mut RunState, kind: TaskKind) -> TaskRef {
    let new = NewTask::<dyn TaskBody> {
        body: Box::pin(Waits),
        kind,
        type_name: "task",
        site: here(),
    };
    let root = (state.tracker.serials() > 0).then_some(TaskRef { slot: 0, serial: 0 });
    state.add(new, root)
}

/// The task in `slot`.
pub fn task(state: &mut RunState, slot: u32) -> TaskRef {
    state.slots.at(slot).task
}

/// The word in the wakers of the task in `slot`.
pub fn word(state: &mut RunState, slot: u32) -> Word {
    let stamp = state.slots.at(slot).stamp;
    Word::unpack(Word::pack(0, slot, stamp))
}

/// Makes the task in `slot` idle, between two polls.
pub fn rests(state: &mut RunState, slot: u32) {
    state.slots.at(slot).phase = Phase::Idle;
    state.ready.remove(slot);
}

/// The task in `slot` is in the middle of a poll, and has announced this operation.
pub fn announces(state: &mut RunState, slot: u32, op: Op, on: Option<ResourceId>) {
    state.slots.at(slot).phase = Phase::Preempted;
    let task = task(state, slot);
    state.tracker.intends(task, op, on, here());
}

pub fn resource(state: &mut RunState, kind: ResourceKind) -> ResourceId {
    state.tracker.resource(ResourceInfo {
        kind,
        type_name: "()",
        site: here(),
        permits: 1,
        task: None,
    })
}

/// Each of the tasks in these slots holds a lock, and waits for that of the next.
pub fn deadlock(state: &mut RunState, slots: &[u32]) {
    let locks: Vec<ResourceId> = slots
        .iter()
        .map(|_| resource(state, ResourceKind::Mutex))
        .collect();
    for (at, slot) in slots.iter().enumerate() {
        let task = task(state, *slot);
        state.tracker.polled(task);
        state.tracker.hold(task, locks[at], Op::Lock, 1, here());
        let next = locks[(at + 1) % locks.len()];
        announces(state, *slot, Op::Lock, Some(next));
        state.tracker.wait(task, next, Op::Lock, 1, here());
        rests(state, *slot);
    }
}
