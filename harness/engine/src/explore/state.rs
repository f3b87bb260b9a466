//! The state of a run: its tasks, which of them are ready, and what the next step is.
//!
//! Plain data behind one borrow. Nothing in here runs code of the program under test.

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::ControlFlow;
use std::rc::{Rc, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use standstill_model::plan::Choice;
use standstill_model::slack::Slack;
use standstill_model::trace::ChoicePoint;
use standstill_rt::driver::Clock;
use standstill_rt::host::{NewTask, PollScoped, TaskBody, TimerId};
use standstill_rt::ids::{ResourceId, WaitId};
use standstill_rt::op::Op;
use standstill_rt::site::Site;
use standstill_rt::task::TaskRef;

use crate::explore::fiber::{FiberPool, JobServer};
use crate::explore::inbox::Word;
use crate::explore::per_run::{PerRun, Stage};
use crate::explore::record::Recorder;
use crate::explore::slots::{Phase, Slots};
use crate::pulse::{self, Identity};
use crate::strategy::ready::ReadySet;
use crate::strategy::{AsScheduler, Chooser, Event, Observer, Pick, Probe, Scheduler, View};
use crate::timers::Timers;
use crate::track::Tracker;
use crate::verdict::Panicked;

/// After this many steps the executor gives the runtime a turn, and checks the budgets.
pub const SLICE: u64 = 256;

/// The most tasks that are suspended inside a poll at once; beyond it polls are not preempted. The
/// kernel's limit on mappings allows about 32,000 stacks.
const MOST_SUSPENDED: u32 = 16_000;

/// With preemption inside polls switched off, a poll that passes this many switch points is spinning. It
/// is then preempted all the same, since no other task would ever run.
pub const SPIN_PATIENCE: u64 = 100_000;

/// Spreads the choices over [`PerRun::order`]: the 64 bits of the golden ratio, which are odd.
const ORDER_PRIME: u64 = 0x9e37_79b9_7f4a_7c15;

/// Stacks kept from run to run.
const FIBERS_KEPT: usize = 64;

/// The result of a switch point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The current task goes on.
    Stay,
    /// Another task has the next turn, or something else is due.
    Leave(Result<u32, Next>),
}

/// What is due instead of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The root has ended, and it is to be seen what that means.
    RootEnded,
    /// The run was taken down already.
    CutShort,
    /// The budgets are due.
    SliceOver,
    /// The earliest timer fires early.
    Fire,
    /// The strategy wants the run to end.
    Stop,
    /// Nobody is ready.
    Nothing,
}

/// The settings of a run.
#[derive(Debug)]
pub struct Setting {
    pub total_steps: u64,
    pub preempt: bool,
    pub slack: Slack,
    pub strategy: Chooser,
    pub recorder: Option<Recorder>,
    /// Whether everything is recorded.
    pub traced: bool,
}

/// The state of a run.
pub struct RunState {
    /// The part that is new for each run.
    pub run: PerRun,
    // The memory of all fields below is reused from run to run.
    pub slots: Slots,
    pub ready: ReadySet,
    pub tracker: Tracker,
    pub timers: Timers,
    pub pool: FiberPool,
    pub panics: Vec<Panicked>,
    /// Scopes that are removed from thread-locals at the end.
    pub(super) run_scopes: Vec<&'static dyn PollScoped>,
    /// Woken when a task becomes ready again.
    pub listener: Option<Waker>,
    /// The clock of the runtime that the run is polled in.
    pub source: Option<Rc<dyn Clock>>,
    /// Counts the tasks of all runs.
    stamps: u64,
    identities: Vec<&'static Identity>,
}

impl fmt::Debug for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunState")
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}

impl RunState {
    /// A state that no run uses yet.
    pub fn new(server: Weak<dyn JobServer>) -> Self {
        Self {
            run: PerRun::new(Setting {
                total_steps: SLICE,
                preempt: true,
                slack: Slack::NONE,
                strategy: crate::strategy::idle(),
                recorder: None,
                traced: false,
            }),
            slots: Slots::default(),
            ready: ReadySet::default(),
            tracker: Tracker::default(),
            timers: Timers::default(),
            pool: FiberPool::new(server),
            panics: Vec::new(),
            run_scopes: Vec::new(),
            listener: None,
            source: None,
            stamps: 0,
            identities: Vec::new(),
        }
    }

    /// Prepares for a run.
    pub fn reset(&mut self, setting: Setting) {
        self.slots.clear();
        self.ready.clear();
        self.tracker.reset();
        if setting.traced {
            self.tracker.begin_trace();
        }
        self.timers.clear();
        self.pool.shrink(FIBERS_KEPT);
        self.panics.clear();
        self.run_scopes.clear();
        self.run = PerRun::new(setting);
    }

    /// The time by the run's clock.
    pub fn now(&self) -> Instant {
        match &self.source {
            Some(clock) => clock.now(),
            None => Instant::now(),
        }
    }

    /// Virtual time since the run began.
    pub fn elapsed(&self) -> Duration {
        self.run
            .began
            .map_or(Duration::ZERO, |began| self.now() - began)
    }

    pub fn add(&mut self, new: NewTask<dyn TaskBody>, parent: Option<TaskRef>) -> TaskRef {
        let slot = self.slots.next_free();
        let task = self
            .tracker
            .spawned(slot, parent, new.kind, new.type_name, new.site);
        self.stamps += 1;
        let identity = self.identity(new.type_name, new.site);
        self.slots
            .put(task, self.stamps, new.kind, identity, new.body);
        self.run.alive += 1;
        self.run.strategy.observe(|| Event::Spawned(slot));
        self.make_ready(slot);
        task
    }

    fn identity(&mut self, type_name: &'static str, site: Site) -> &'static Identity {
        let known = self.identities.iter().find(|identity| {
            std::ptr::eq(identity.type_name, type_name) && std::ptr::eq(identity.site, site)
        });
        if let Some(identity) = known {
            return identity;
        }
        let identity = pulse::identity(type_name, site);
        self.identities.push(identity);
        identity
    }

    #[inline]
    fn make_ready(&mut self, slot: u32) {
        self.ready.insert(slot);
        self.run.strategy.observe(|| Event::Woken(slot));
        if self.run.idle {
            self.run.idle = false;
            if let Some(listener) = &self.listener {
                listener.wake_by_ref();
            }
        }
    }

    /// Handles a wake-up. A waker that outlived its task wakes nothing.
    #[inline]
    pub fn wake(&mut self, word: Word) {
        let Some(slot) = self.slots.get_mut(word.slot) else {
            return;
        };
        if !word.has_stamp(slot.stamp) {
            return;
        }
        match slot.phase {
            Phase::Idle | Phase::Parked => {
                slot.woken = true;
                slot.poll_again = true;
                if self.tracker.tracer.is_some() {
                    self.emit_woken(word.slot);
                }
                self.make_ready(word.slot);
            }
            Phase::Running | Phase::Preempted => {
                slot.woken = true;
                slot.poll_again = true;
                let slot = word.slot;
                self.run.strategy.observe(|| Event::WokenAgain(slot));
            }
            Phase::Vacant => {}
        }
    }

    #[cold]
    #[inline(never)]
    fn emit_woken(&mut self, slot: u32) {
        let task = self.slots.at(slot).task;
        self.tracker.trace(|tracer, step| tracer.woken(step, task));
    }

    /// A task is to be cancelled once its poll has returned. A blocking task that has begun is not
    /// cancelled.
    pub fn abort(&mut self, task: TaskRef) {
        let Some(slot) = self.slots.get_mut(task.slot) else {
            return;
        };
        let begun_blocking = slot.kind.may_block() && slot.begun;
        if slot.task != task || slot.phase == Phase::Vacant || begun_blocking {
            return;
        }
        slot.aborted = true;
        self.run.strategy.observe(|| Event::Abort);
        if slot.phase == Phase::Idle {
            self.make_ready(task.slot);
        } else {
            self.run.strategy.observe(|| Event::WokenAgain(task.slot));
        }
    }

    /// Removes the task in `slot`.
    pub fn retire(&mut self, slot: u32, closing: bool) {
        let entry = self.slots.at(slot);
        entry.phase = Phase::Vacant;
        entry.scopes.clear();
        entry.put_aside.clear();
        let task = entry.task;
        self.ready.remove(slot);
        self.tracker.ended(task);
        if !closing {
            self.run.strategy.observe(|| Event::Ended(slot));
        }
        self.run.alive -= 1;
        if task.serial == 0 && self.run.stage == Stage::Running {
            self.run.stage = Stage::RootEnded;
        }
        if !closing {
            self.slots.give(slot);
        }
    }

    /// The task that makes the next step, or what is due instead.
    #[expect(clippy::should_implement_trait, reason = "it is no iterator")]
    #[inline]
    pub fn next(&mut self) -> Result<u32, Next> {
        match self.run.stage {
            Stage::Running => {}
            Stage::Outlasting | Stage::Settling if self.run.alive > 0 => {}
            Stage::RootEnded | Stage::Outlasting | Stage::Settling => {
                return Err(Next::RootEnded);
            }
            Stage::CutShort => return Err(Next::CutShort),
        }
        if self.run.steps >= self.run.slice_end {
            return Err(Next::SliceOver);
        }
        self.choose_task(None)
    }

    /// The root has ended: from here on every task gets its turn, and the run watches which ones go on.
    pub fn settle(&mut self) {
        if self.run.stage != Stage::Settling {
            self.run.stage = Stage::Settling;
            self.run.fair = true;
            self.tracker.mark_polls();
            self.run.longest_timer = Duration::ZERO;
        }
    }

    /// Chooses the task that runs next, or else what is due: a timer, the end of the run, or nothing if
    /// no task is ready.
    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    pub fn choose_task(&mut self, current: Option<u32>) -> Result<u32, Next> {
        let count = self.ready.len();
        if count == 0 {
            return Err(Next::Nothing);
        }
        if self.run.fair {
            self.run.strategy.observe(|| Event::FairStep);
            let next = self.ready.at_or_after(self.run.fair_cursor);
            let slot = next.ok_or(Next::Nothing)?;
            self.run.fair_cursor = slot + 1;
            return Ok(slot);
        }
        let may_fire = self.may_fire();
        if count == 1 && !may_fire {
            let slot = self.ready.nth(0).ok_or(Next::Nothing)?;
            if matches!(self.run.strategy, Chooser::Random(_)) {
                return Ok(slot);
            }
            let view = View {
                ready: &self.ready,
                current,
                may_fire,
                tracker: &self.tracker,
                polls: &self.slots,
            };
            return match self.run.strategy.forced_step(&view, slot) {
                ControlFlow::Continue(()) => Ok(slot),
                ControlFlow::Break(()) => Err(Next::Stop),
            };
        }
        let pick = match self.run.strategy.as_scheduler() {
            // Called without a view, which would have to be built in memory on each step.
            AsScheduler::Random(random) => random.walk(&self.ready, may_fire),
            AsScheduler::Other(scheduler) => scheduler.pick(&View {
                ready: &self.ready,
                current,
                may_fire,
                tracker: &self.tracker,
                polls: &self.slots,
            }),
        };
        if self.run.recorder.is_some() {
            self.record(pick, current, may_fire);
        }
        match pick {
            Pick::Task(slot) => {
                self.run.order = (self.run.order ^ u64::from(slot)).wrapping_mul(ORDER_PRIME);
                Ok(slot)
            }
            Pick::Timer => {
                self.run.order = (self.run.order ^ u64::MAX).wrapping_mul(ORDER_PRIME);
                Err(Next::Fire)
            }
            Pick::Stop => Err(Next::Stop),
        }
    }

    #[cold]
    fn record(&mut self, pick: Pick, current: Option<u32>, may_fire: bool) {
        let Some(recorder) = &mut self.run.recorder else {
            return;
        };
        match pick {
            Pick::Task(slot) => recorder.task(self.tracker.path(slot)),
            Pick::Timer => recorder.timer(),
            Pick::Stop => return,
        }
        if self.tracker.tracer.is_none() {
            return;
        }
        let task = |slot| Choice::Task(self.tracker.path(slot).clone());
        let slots: Vec<u32> = (0..self.ready.len())
            .filter_map(|nth| self.ready.nth(nth))
            .collect();
        let by_rule = slots.iter().position(|slot| current == Some(*slot));
        let timer = may_fire.then_some(Choice::Timer);
        let point = ChoicePoint {
            current: current.map(|slot| self.tracker.path(slot).clone()),
            among: slots.iter().copied().map(task).chain(timer).collect(),
            default: by_rule.unwrap_or(0),
            matters: true,
        };
        let chosen = match pick {
            Pick::Task(slot) => task(slot),
            Pick::Timer | Pick::Stop => Choice::Timer,
        };
        let yielding = current.is_some_and(|slot| self.tracker.is_yielding(slot));
        self.tracker
            .trace(|tracer, _| tracer.chosen(point, &chosen, yielding));
    }

    /// Whether a timer may fire although tasks are ready.
    #[inline]
    pub fn may_fire(&self) -> bool {
        self.run.early.allows(&self.timers)
    }

    /// Records that the running step touches the resource that is waited for.
    #[inline]
    pub(super) fn touched_by(&mut self, wait: WaitId, granted: bool) {
        if self.run.touches {
            self.tell_touched_by(wait, granted);
        }
    }

    #[cold]
    fn tell_touched_by(&mut self, wait: WaitId, granted: bool) {
        if let Some((op, resource)) = self.tracker.waited_for(wait) {
            let info = self.tracker.info(resource);
            self.run.strategy.on(&match granted {
                true => Event::Granted(op, resource, info),
                false => Event::Touched(op, resource, info),
            });
        }
    }

    /// Records that the running step may touch anything.
    pub(super) fn touches_anything(&mut self) {
        if self.run.touches {
            self.run.strategy.on(&Event::Opaque);
        }
    }

    /// The task in `slot` lets the others go first.
    pub fn yielded(&mut self, slot: u32) {
        self.run.strategy.yielded(slot);
        self.slots.at(slot).yielded = self.run.steps;
    }

    /// Whether every ready task has yielded after this step.
    pub fn all_yield_since(&mut self, step: u64) -> bool {
        let mut ready = self.ready.iter();
        ready.all(|slot| self.slots.at(slot).yielded > step)
    }

    /// Switch points inside polls do not switch from now on.
    pub fn begin_no_preempt(&mut self) {
        self.run.no_preempt += 1;
        self.run.preempt = false;
    }

    /// Whether [`RunState::begin_no_preempt`] is in effect.
    pub fn no_preempt(&self) -> bool {
        self.run.no_preempt > 0
    }

    pub fn end_no_preempt(&mut self) {
        self.run.no_preempt = self.run.no_preempt.saturating_sub(1);
        self.run.preempt = self.run.preempts && self.run.no_preempt == 0;
    }

    /// Whether the task must return pending before it attempts `op`. It is then polled again at once.
    pub fn probe(&mut self, me: TaskRef, op: Op, resource: ResourceId) -> bool {
        if self.tracker.waits(me.slot) {
            return false;
        }
        let strategy = &mut self.run.strategy;
        let held = strategy.probe(me.slot, op, resource, &self.tracker);
        if held {
            let slot = self.slots.at(me.slot);
            slot.held_again = slot.poll_again;
            slot.poll_again = true;
            slot.woken = true;
        }
        held
    }

    /// The operation that was held back is attempted now. The wake-ups that came before it remain valid.
    pub fn probe_done(&mut self, me: TaskRef) {
        let slot = self.slots.at(me.slot);
        if std::mem::take(&mut slot.held_again) {
            slot.poll_again = true;
            slot.woken = true;
        }
        self.run.strategy.probe_done(me.slot);
    }

    /// The current task goes straight on into what it has announced.
    fn goes_on(&mut self, me: TaskRef) {
        if !self.run.touches {
            return;
        }
        match self.tracker.announced(me.slot) {
            (Some(op), Some(resource)) => {
                let info = self.tracker.info(resource);
                self.run.strategy.on(&Event::Touched(op, resource, info));
            }
            (Some(Op::Yield | Op::YieldThread) | None, None) => {}
            _ => self.touches_anything(),
        }
    }

    pub fn choose_number(&mut self, bound: u32) -> u32 {
        let number = self.run.strategy.number(bound);
        let picked = u64::from(number) << 32;
        self.run.order = (self.run.order ^ picked).wrapping_mul(ORDER_PRIME);
        self.record_number(number, bound);
        number
    }

    /// Records that this number below `bound` was chosen, if choices are recorded.
    pub fn record_number(&mut self, number: u32, bound: u32) {
        if let Some(recorder) = &mut self.run.recorder {
            recorder.number(number);
            self.tracker.trace(|tracer, _| {
                let point = ChoicePoint {
                    current: None,
                    among: (0..bound).map(Choice::Number).collect(),
                    default: 0,
                    matters: true,
                };
                tracer.chosen(point, &Choice::Number(number), false);
            });
        }
    }

    /// The core of a switch point: the current task goes on, which begins its next step, or is
    /// suspended.
    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    pub fn switch(&mut self, me: TaskRef, op: Op) -> Turn {
        if std::thread::panicking() {
            // A stack that is being unwound cannot be left.
            self.goes_on(me);
        } else if self.run.preempt || op == Op::YieldThread {
            if self.run.steps >= self.run.slice_end {
                // The executor must check the budgets; the task that is chosen after that goes on.
                return Turn::Leave(Err(Next::SliceOver));
            }
            match self.choose_task(Some(me.slot)) {
                Ok(slot) if slot == me.slot => {}
                Ok(slot) if self.run.suspended < MOST_SUSPENDED => return Turn::Leave(Ok(slot)),
                Err(Next::Fire) if self.run.suspended < MOST_SUSPENDED => {
                    return Turn::Leave(Err(Next::Fire));
                }
                Err(Next::Stop) => return Turn::Leave(Err(Next::Stop)),
                // The task is not suspended: too many are.
                Ok(_) | Err(_) => {}
            }
        } else {
            self.goes_on(me);
            if self.run.steps >= self.run.slice_end + SPIN_PATIENCE {
                return Turn::Leave(Err(Next::SliceOver));
            }
        }
        self.begin_step();
        Turn::Stay
    }

    #[inline]
    pub fn begin_step(&mut self) {
        self.run.steps += 1;
        self.tracker.step = self.run.steps;
    }

    pub fn arm(&mut self, epoch: u32, after: Duration, wait: Option<WaitId>) -> TimerId {
        let deadline = self.elapsed().saturating_add(after);
        self.run.longest_timer = self.run.longest_timer.max(after);
        self.timers.arm(epoch, deadline, wait)
    }
}
