//! The state of a run: its tasks, who is ready, and what the next step is.
//!
//! Plain data behind one borrow. Nothing in here runs code of the program under test.

use std::rc::{Rc, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use standstill_model::plan::Choice;
use standstill_model::trace::ChoicePoint;
use standstill_rt::driver::Clock;
use standstill_rt::host::{NewTask, TaskBody, TimerId};
use standstill_rt::ids::{ResourceId, WaitId};
use standstill_rt::op::Op;
use standstill_rt::panics::Said;
use standstill_rt::site::Site;
use standstill_rt::task::TaskRef;

use crate::explore::fiber::{FiberPool, JobServer};
use crate::explore::inbox::Word;
use crate::explore::record::Recorder;
use crate::explore::slots::{Phase, Slots};
use crate::pulse::{self, Identity};
use crate::strategy::ready::ReadySet;
use crate::strategy::{Chooser, EARLY_TIMERS, Pick, Touch, View};
use crate::timers::Timers;
use crate::track::Tracker;

/// After this many steps the executor lets the runtime have a turn, and looks at the budgets.
pub const SLICE: u64 = 256;

/// Tasks suspended inside a poll at once; beyond it polls are not preempted. The kernel's limit on
/// mappings allows about 32,000 stacks.
const MOST_SUSPENDED: u32 = 16_000;

/// With preemption inside polls switched off, a poll that passes this many switch points is spinning
/// and is preempted all the same: nothing else would ever run.
pub const SPIN_PATIENCE: u64 = 100_000;

/// A timer farther away than this never fires early: code that is slow by more is not slow but stuck.
const EARLY_AT_MOST: Duration = Duration::from_secs(60);

/// Spreads the choices over [`RunState::order`]: the 64 bits of the golden ratio, which are odd.
const ORDER_PRIME: u64 = 0x9e37_79b9_7f4a_7c15;

/// Stacks kept from run to run.
const FIBERS_KEPT: usize = 64;

/// A task's panic, until it is known whether anybody handles it.
#[derive(Debug)]
pub struct Panicked {
    pub task: TaskRef,
    pub path: String,
    pub identity: &'static Identity,
    pub said: Said,
    pub seen: bool,
    pub preempted: bool,
}

/// What a switch point comes to.
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
    /// Nobody is ready.
    Nothing,
}

/// What a run is to be like.
#[derive(Debug)]
pub struct Setting {
    pub total_steps: u64,
    pub preempt: bool,
    pub strategy: Chooser,
    pub recorder: Option<Recorder>,
    /// Whether everything is written down.
    pub traced: bool,
}

/// The state of a run. Memory is kept from run to run.
#[derive(Debug)]
pub struct RunState {
    pub slots: Slots,
    pub ready: ReadySet,
    pub tracker: Tracker,
    pub strategy: Chooser,
    pub recorder: Option<Recorder>,
    pub timers: Timers,
    pub pool: FiberPool,
    pub panics: Vec<Panicked>,
    /// Every ready task in turn, whatever the strategy says.
    pub fair: bool,
    fair_cursor: u32,
    /// They do since the root has ended.
    settles: bool,
    /// Whether switch points inside polls switch, now and in general.
    preempt: bool,
    preempts: bool,
    calm: u32,
    /// What the executor has to do, and the slot of the task that left it to it.
    pub due: Option<(Next, u32)>,
    /// The last choice was to let the earliest timer fire.
    pub fire: bool,
    /// The strategy wants the run to end.
    pub stopped: bool,
    pub early_timers: u32,
    pub steps: u64,
    /// A hash over the choices so far.
    pub order: u64,
    pub slice_end: u64,
    pub alive: u32,
    pub suspended: u32,
    pub root_ended: bool,
    /// It is known that the root has ended: the others get their chance to end, too.
    pub settling: bool,
    /// The run was taken down before its end: see [`Executor::resolve`].
    ///
    /// [`Executor::resolve`]: super::executor::Executor::resolve
    pub cut_short: bool,
    /// Nobody is ready, and the executor waits to be woken.
    pub idle: bool,
    /// Whom to wake then.
    pub listener: Option<Waker>,
    pub began: Option<Instant>,
    /// The clock of the runtime that the run is polled in.
    pub source: Option<Rc<dyn Clock>>,
    /// Virtual time since then, as of the executor's last turn: it stands still during one.
    pub clock: Duration,
    /// The longest time a timer was armed for, since this was last set to nought.
    pub longest_timer: Duration,
    stamps: u64,
    identities: Vec<&'static Identity>,
}

impl RunState {
    pub fn new(server: Weak<dyn JobServer>) -> Self {
        Self {
            slots: Slots::default(),
            ready: ReadySet::default(),
            tracker: Tracker::default(),
            strategy: crate::strategy::idle(),
            recorder: None,
            timers: Timers::default(),
            pool: FiberPool::new(server),
            panics: Vec::new(),
            fair: false,
            fair_cursor: 0,
            settles: false,
            preempt: true,
            preempts: true,
            calm: 0,
            due: None,
            fire: false,
            stopped: false,
            early_timers: 0,
            steps: 0,
            order: 0,
            slice_end: SLICE,
            alive: 0,
            suspended: 0,
            root_ended: false,
            settling: false,
            cut_short: false,
            idle: false,
            listener: None,
            began: None,
            source: None,
            clock: Duration::ZERO,
            longest_timer: Duration::ZERO,
            stamps: 0,
            identities: Vec::new(),
        }
    }

    /// Makes ready for a run.
    pub fn reset(&mut self, setting: Setting) {
        self.slots.clear();
        self.ready.clear();
        self.tracker.reset();
        if setting.traced {
            self.tracker.begin_trace();
        }
        self.strategy = setting.strategy;
        self.recorder = setting.recorder;
        self.timers.clear();
        self.pool.shrink(FIBERS_KEPT);
        self.panics.clear();
        self.fair = false;
        self.fair_cursor = 0;
        self.settles = false;
        self.preempt = setting.preempt;
        self.preempts = setting.preempt;
        self.calm = 0;
        self.due = None;
        self.settling = false;
        self.fire = false;
        self.stopped = false;
        self.early_timers = EARLY_TIMERS;
        self.steps = 0;
        self.order = 0;
        self.slice_end = SLICE.min(setting.total_steps);
        self.alive = 0;
        self.suspended = 0;
        self.root_ended = false;
        self.cut_short = false;
        self.idle = false;
        self.began = None;
        self.clock = Duration::ZERO;
        self.longest_timer = Duration::ZERO;
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
        self.began
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
        self.alive += 1;
        self.strategy.spawned(slot);
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
        self.strategy.woken(slot);
        if self.idle {
            self.idle = false;
            if let Some(listener) = &self.listener {
                listener.wake_by_ref();
            }
        }
    }

    /// A waker was woken. One that outlived its task wakes nobody.
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
                    self.tell_woken(word.slot);
                }
                self.make_ready(word.slot);
            }
            Phase::Running | Phase::Preempted => {
                slot.woken = true;
                slot.poll_again = true;
                self.strategy.woken_again(word.slot);
            }
            Phase::Vacant => {}
        }
    }

    #[cold]
    #[inline(never)]
    fn tell_woken(&mut self, slot: u32) {
        let task = self.slots.at(slot).task;
        self.tracker.trace(|tracer, step| tracer.woken(step, task));
    }

    /// A task is to be cancelled once its poll has returned. A blocking one that has begun is left
    /// alone.
    pub fn abort(&mut self, task: TaskRef) {
        let Some(slot) = self.slots.get_mut(task.slot) else {
            return;
        };
        let begun_blocking = slot.kind.may_block() && slot.begun;
        if slot.task != task || slot.phase == Phase::Vacant || begun_blocking {
            return;
        }
        slot.aborted = true;
        if let Some(strategy) = self.strategy.other() {
            strategy.aborts();
        }
        if slot.phase == Phase::Idle {
            self.make_ready(task.slot);
        } else {
            self.strategy.woken_again(task.slot);
        }
    }

    /// The task in `slot` is no more.
    pub fn retire(&mut self, slot: u32, closing: bool) {
        let entry = self.slots.at(slot);
        entry.phase = Phase::Vacant;
        entry.scopes.clear();
        entry.put_aside.clear();
        let task = entry.task;
        self.ready.remove(slot);
        self.tracker.ended(task);
        if !closing {
            self.strategy.ended(slot);
        }
        self.alive -= 1;
        self.root_ended |= task.serial == 0;
        if !closing {
            self.slots.give(slot);
        }
    }

    /// The task that makes the next step, or what is done instead.
    #[expect(clippy::should_implement_trait, reason = "it is no iterator")]
    #[inline]
    pub fn next(&mut self) -> Result<u32, Next> {
        if self.cut_short {
            return Err(Next::CutShort);
        }
        if self.root_ended && (!self.settling || self.alive == 0) {
            return Err(Next::RootEnded);
        }
        if self.steps >= self.slice_end {
            return Err(Next::SliceOver);
        }
        match self.choose_task(None) {
            Some(slot) => Ok(slot),
            None if std::mem::take(&mut self.fire) => Err(Next::Fire),
            None => Err(Next::Nothing),
        }
    }

    /// The root has ended: from here on everybody has a turn, and it is watched who goes on.
    pub fn settle(&mut self) {
        if !self.settles {
            self.settles = true;
            self.fair = true;
            self.tracker.mark_polls();
            self.longest_timer = Duration::ZERO;
        }
    }

    /// Chooses who runs next. None when nobody can, or when a timer is to fire first.
    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    pub fn choose_task(&mut self, current: Option<u32>) -> Option<u32> {
        let count = self.ready.len();
        if count == 0 {
            return None;
        }
        if self.fair {
            if let Some(strategy) = self.strategy.other() {
                strategy.fairly();
            }
            let slot = self.ready.at_or_after(self.fair_cursor)?;
            self.fair_cursor = slot + 1;
            return Some(slot);
        }
        let may_fire = self.may_fire();
        if count == 1 && !may_fire {
            let slot = self.ready.nth(0);
            if let (Chooser::Other(other), Some(slot)) = (&mut self.strategy, slot) {
                let view = View {
                    ready: &self.ready,
                    current,
                    may_fire,
                    tracker: &self.tracker,
                    slots: &self.slots,
                };
                let pick = other.forced(&view, slot);
                if pick == Pick::Stop {
                    return self.stop();
                }
            }
            return slot;
        }
        let pick = match &mut self.strategy {
            // Without a view, which would be put together in memory on each step.
            Chooser::Random(random) => random.walk(&self.ready, may_fire),
            Chooser::Other(other) => other.pick(&View {
                ready: &self.ready,
                current,
                may_fire,
                tracker: &self.tracker,
                slots: &self.slots,
            }),
        };
        if self.recorder.is_some() {
            self.record(pick, current, may_fire);
        }
        match pick {
            Pick::Task(slot) => {
                self.order = (self.order ^ u64::from(slot)).wrapping_mul(ORDER_PRIME);
                Some(slot)
            }
            Pick::Timer => {
                self.order = (self.order ^ u64::MAX).wrapping_mul(ORDER_PRIME);
                self.early_timers -= 1;
                self.fire = true;
                None
            }
            Pick::Stop => self.stop(),
        }
    }

    #[cold]
    fn record(&mut self, pick: Pick, current: Option<u32>, may_fire: bool) {
        let Some(recorder) = &mut self.recorder else {
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

    /// Whether the earliest timer may fire although tasks are ready.
    #[inline]
    pub fn may_fire(&self) -> bool {
        !self.timers.is_empty() && self.early_timers > 0 && self.timer_is_near()
    }

    /// The strategy has seen enough: the executor ends the run where it would fire a timer.
    #[cold]
    fn stop(&mut self) -> Option<u32> {
        self.stopped = true;
        self.fire = true;
        None
    }

    /// Whether the earliest timer may fire early: real code is slow at times, but not for ever.
    #[cold]
    fn timer_is_near(&self) -> bool {
        let earliest = self.timers.earliest();
        earliest.is_some_and(|deadline| deadline <= self.clock + EARLY_AT_MOST)
    }

    /// The step that runs touches what is waited for.
    #[inline]
    pub(super) fn touched_by(&mut self, wait: WaitId, granted: bool) {
        if let Some(strategy) = self.strategy.other()
            && let Some((op, resource)) = self.tracker.waited_for(wait)
        {
            let info = self.tracker.info(resource);
            strategy.touched(match granted {
                true => Touch::Granted(op, resource, info),
                false => Touch::Resource(op, resource, info),
            });
        }
    }

    /// Switch points inside polls do not switch from now on.
    pub fn enter_calm(&mut self) {
        self.calm += 1;
        self.preempt = false;
    }

    /// Whether somebody asked for that.
    pub fn is_calm(&self) -> bool {
        self.calm > 0
    }

    pub fn exit_calm(&mut self) {
        self.calm = self.calm.saturating_sub(1);
        self.preempt = self.preempts && self.calm == 0;
    }

    /// Whether the task is to come back pending before it attempts `op`. Then it goes on at once.
    pub fn hold_back(&mut self, me: TaskRef, op: Op, resource: ResourceId) -> bool {
        let Some(strategy) = self.strategy.other() else {
            return false;
        };
        if self.tracker.waits(me.slot) {
            return false;
        }
        let held = strategy.holds_back(me.slot, op, resource, &self.tracker);
        if held {
            let slot = self.slots.at(me.slot);
            slot.held_again = slot.poll_again;
            slot.poll_again = true;
            slot.woken = true;
        }
        held
    }

    /// What the task held back is attempted now. Who woke it before that still has.
    pub fn attempts(&mut self, me: TaskRef) {
        let slot = self.slots.at(me.slot);
        if std::mem::take(&mut slot.held_again) {
            slot.poll_again = true;
            slot.woken = true;
        }
        if let Some(strategy) = self.strategy.other() {
            strategy.attempts(me.slot);
        }
    }

    /// The current task goes straight on into what it has announced.
    fn goes_on(&mut self, me: TaskRef) {
        let Some(strategy) = self.strategy.other() else {
            return;
        };
        match self.tracker.announced(me.slot) {
            (Some(op), Some(resource)) => {
                let info = self.tracker.info(resource);
                strategy.touched(Touch::Resource(op, resource, info));
            }
            (Some(Op::Yield | Op::YieldThread) | None, None) => {}
            _ => strategy.touched(Touch::Everything),
        }
    }

    pub fn choose_number(&mut self, bound: u32) -> u32 {
        let number = self.strategy.number(bound);
        let picked = u64::from(number) << 32;
        self.order = (self.order ^ picked).wrapping_mul(ORDER_PRIME);
        self.record_number(number, bound);
        number
    }

    /// Writes down that this number below `bound` was chosen, if choices are recorded.
    pub fn record_number(&mut self, number: u32, bound: u32) {
        if let Some(recorder) = &mut self.recorder {
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

    /// The heart of a switch point: the current task goes on, which begins its next step, or
    /// leaves.
    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    pub fn switch(&mut self, me: TaskRef, op: Op) -> Turn {
        if std::thread::panicking() {
            // A stack that is being unwound cannot be left.
            self.goes_on(me);
        } else if self.preempt || op == Op::YieldThread {
            if self.steps >= self.slice_end {
                // The executor has to look around; whoever is chosen after that goes on.
                return Turn::Leave(Err(Next::SliceOver));
            }
            match self.choose_task(Some(me.slot)) {
                Some(slot) if slot == me.slot => {}
                None if !self.fire => {}
                Some(slot) if self.suspended < MOST_SUSPENDED => return Turn::Leave(Ok(slot)),
                None if self.suspended < MOST_SUSPENDED => {
                    self.fire = false;
                    return Turn::Leave(Err(Next::Fire));
                }
                _ => self.fire = false,
            }
        } else {
            self.goes_on(me);
            if self.steps >= self.slice_end + SPIN_PATIENCE {
                return Turn::Leave(Err(Next::SliceOver));
            }
        }
        self.begin_step();
        Turn::Stay
    }

    #[inline]
    pub fn begin_step(&mut self) {
        self.steps += 1;
        self.tracker.step = self.steps;
    }

    pub fn arm(&mut self, epoch: u32, after: Duration) -> TimerId {
        let deadline = self.elapsed().saturating_add(after);
        self.longest_timer = self.longest_timer.max(after);
        self.timers.arm(epoch, deadline)
    }
}
