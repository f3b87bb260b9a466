//! The part of a run's state that is new for each run.

use std::time::Duration;
use std::time::Instant;

use crate::explore::early::Early;
use crate::explore::record::Recorder;
use crate::explore::state::{Next, SLICE, Setting};
use crate::strategy::{Chooser, Observer};

/// The initial value of [`PerRun::order`]. It is not zero, which the first slot would leave unchanged.
pub const NO_CHOICES: u64 = 0xcbf2_9ce4_8422_2325;

/// The stage of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The root has not ended.
    Running,
    /// The root has ended, and the executor has to decide what follows.
    RootEnded,
    /// The remaining tasks get their chance to end, too. The strategy still chooses.
    Outlasting,
    /// The remaining tasks get their chance to end, and every task gets its turn.
    Settling,
    /// The run was taken down before its end: see [`Executor::close_blocker`].
    ///
    /// [`Executor::close_blocker`]: super::executor::Executor::close_blocker
    CutShort,
}

/// What a task that was suspended left for the executor to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub next: Next,
    /// The slot of the task.
    pub slot: u32,
}

/// The part of a run's state that is not reused from an earlier run.
#[derive(Debug)]
pub struct PerRun {
    pub strategy: Chooser,
    /// Whether the strategy is notified of what steps touch.
    pub(super) touches: bool,
    pub recorder: Option<Recorder>,
    pub stage: Stage,
    /// Runs every ready task in turn, whatever the strategy says.
    pub fair: bool,
    pub(super) fair_cursor: u32,
    /// Whether switch points inside polls switch, now and in general.
    pub(super) preempt: bool,
    pub(super) preempts: bool,
    pub(super) no_preempt: u32,
    /// What the executor has to do next.
    pub due: Option<Due>,
    /// Timers that fire although tasks are ready.
    pub early: Early,
    pub steps: u64,
    /// A hash over the choices so far.
    pub order: u64,
    pub slice_end: u64,
    pub alive: u32,
    pub suspended: u32,
    /// No task is ready, and the executor waits to be woken.
    pub idle: bool,
    pub began: Option<Instant>,
    /// Tasks were seen on the runtime that are not the engine's.
    pub raw_tasks: bool,
    /// The longest time for which a timer was armed since this was last set to zero.
    pub longest_timer: Duration,
}

impl PerRun {
    pub(super) fn new(setting: Setting) -> Self {
        Self {
            touches: setting.strategy.wants_touches(),
            strategy: setting.strategy,
            recorder: setting.recorder,
            stage: Stage::Running,
            fair: false,
            fair_cursor: 0,
            preempt: setting.preempt,
            preempts: setting.preempt,
            no_preempt: 0,
            due: None,
            early: Early::new(setting.slack),
            steps: 0,
            order: NO_CHOICES,
            slice_end: SLICE.min(setting.total_steps),
            alive: 0,
            suspended: 0,
            idle: false,
            began: None,
            raw_tasks: false,
            longest_timer: Duration::ZERO,
        }
    }
}
