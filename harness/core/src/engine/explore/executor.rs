//! The executor: slots, steps, and where a step may be interrupted.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::explore::fiber::{self, Fiber, FiberPool, Job, Pause};
use crate::engine::explore::inbox::{self, Inbox, MOST_TASKS, Word};
use crate::engine::explore::panics::{self, Said};
use crate::engine::explore::pulse::{self, Identity, Pulse};
use crate::engine::explore::ready::ReadySet;
use crate::engine::explore::record::Recorder;
use crate::engine::explore::timers::Timers;
use crate::host::{Failure, NewTask, PollScoped, TaskBody};
use crate::op::Op;
use crate::raw;
use crate::site::Site;
use crate::strategy::{EARLY_TIMERS, Pick, Strategy, View};
use crate::task::{TaskKind, TaskRef};
use crate::track::Tracker;

/// After this many steps the executor lets the runtime have a turn, and looks at the budgets.
pub(super) const SLICE: u64 = 256;

/// Tasks suspended inside a poll at once; beyond it polls are not preempted. The kernel's limit on
/// mappings allows about 32,000 stacks.
const MOST_SUSPENDED: u32 = 16_000;

/// With preemption inside polls switched off, a poll that passes this many switch points is spinning
/// and is preempted all the same: nothing else would ever run.
const SPIN_PATIENCE: u64 = 100_000;

/// Stacks kept from run to run.
const FIBERS_KEPT: usize = 64;

/// Switch points that one poll may pass while its run is being closed.
pub(super) const CLOSING_PATIENCE: u32 = 10_000;

/// Where a slot's task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There is none.
    Vacant,
    /// Between two polls.
    Idle,
    /// In the poll that is running.
    Running,
    /// Suspended inside a poll, ready to go on.
    Preempted,
    /// A blocking task, suspended until it is woken.
    Parked,
}

pub(super) struct Slot {
    pub(super) state: State,
    pub(super) task: TaskRef,
    stamp: u64,
    kind: TaskKind,
    begun: bool,
    woken: bool,
    aborted: bool,
    pub(super) body: Option<std::pin::Pin<Box<dyn TaskBody>>>,
    pub(super) fiber: Option<Fiber>,
    identity: &'static Identity,
    scopes: Vec<&'static dyn PollScoped>,
    put_aside: Vec<Box<dyn std::any::Any>>,
}

impl Slot {
    pub(super) fn kind(&self) -> TaskKind {
        self.kind
    }
}

/// A task's panic, until it is known whether anybody handles it.
pub(super) struct Panicked {
    pub(super) task: TaskRef,
    pub(super) path: String,
    pub(super) identity: &'static Identity,
    pub(super) said: Said,
    pub(super) seen: bool,
    pub(super) preempted: bool,
}

/// The state of one engine thread. Memory is kept from run to run.
pub(crate) struct Executor {
    engine: u32,
    pub(super) inbox: Arc<Inbox>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) epoch: Cell<u32>,
    pub(super) closing: Cell<bool>,
    pub(super) closing_switches: Cell<u32>,
    /// Every ready task in turn, whatever the strategy says.
    pub(super) fair: Cell<bool>,
    fair_cursor: Cell<u32>,
    pub(super) preempt: Cell<bool>,
    pub(super) current: Cell<Option<TaskRef>>,
    /// The task that the last switch point chose.
    pub(super) chosen: Cell<Option<u32>>,
    /// The last choice was to let the earliest timer fire.
    pub(super) fire: Cell<bool>,
    early_timers: Cell<u32>,
    pub(super) steps: Cell<u64>,
    pub(super) slice_end: Cell<u64>,
    pub(super) alive: Cell<u32>,
    pub(super) root_ended: Cell<bool>,
    pub(super) idle: Cell<bool>,
    pub(super) began: Cell<Option<Instant>>,
    stamps: Cell<u64>,
    suspended: Cell<u32>,
    pub(super) listener: RefCell<Option<Waker>>,
    pub(super) slots: RefCell<Vec<Slot>>,
    free: RefCell<Vec<u32>>,
    pub(super) ready: RefCell<ReadySet>,
    pub(super) tracker: RefCell<Tracker>,
    pub(super) strategy: RefCell<Box<dyn Strategy>>,
    pub(super) recorder: RefCell<Option<Recorder>>,
    pub(super) timers: RefCell<Timers>,
    timers_armed: Cell<bool>,
    /// The longest time a timer was armed for, since this was last set to nought.
    pub(super) longest_timer: Cell<Duration>,
    pub(super) pool: RefCell<FiberPool>,
    pub(super) panics: RefCell<Vec<Panicked>>,
    identities: RefCell<Vec<&'static Identity>>,
}

impl Executor {
    pub(crate) fn new(pulse: Arc<Pulse>) -> Self {
        panics::install_hook();
        let inbox = Arc::new(Inbox::default());
        Self {
            engine: inbox::register(&inbox),
            inbox,
            pulse,
            epoch: Cell::new(0),
            closing: Cell::new(false),
            closing_switches: Cell::new(0),
            fair: Cell::new(false),
            fair_cursor: Cell::new(0),
            preempt: Cell::new(true),
            current: Cell::new(None),
            chosen: Cell::new(None),
            fire: Cell::new(false),
            early_timers: Cell::new(0),
            steps: Cell::new(0),
            slice_end: Cell::new(SLICE),
            alive: Cell::new(0),
            root_ended: Cell::new(false),
            idle: Cell::new(false),
            began: Cell::new(None),
            stamps: Cell::new(0),
            suspended: Cell::new(0),
            listener: RefCell::new(None),
            slots: RefCell::new(Vec::new()),
            free: RefCell::new(Vec::new()),
            ready: RefCell::new(ReadySet::default()),
            tracker: RefCell::new(Tracker::default()),
            strategy: RefCell::new(crate::strategy::idle()),
            recorder: RefCell::new(None),
            timers: RefCell::new(Timers::default()),
            timers_armed: Cell::new(false),
            longest_timer: Cell::new(Duration::ZERO),
            pool: RefCell::new(FiberPool::default()),
            panics: RefCell::new(Vec::new()),
            identities: RefCell::new(Vec::new()),
        }
    }

    /// Makes ready for a run.
    pub(super) fn reset(
        &self,
        epoch: u32,
        total_steps: u64,
        preempt: bool,
        strategy: Box<dyn Strategy>,
        recorder: Option<Recorder>,
    ) {
        self.epoch.set(epoch);
        self.closing.set(false);
        self.fair.set(false);
        self.fair_cursor.set(0);
        self.preempt.set(preempt);
        self.current.set(None);
        self.chosen.set(None);
        self.fire.set(false);
        self.early_timers.set(EARLY_TIMERS);
        self.steps.set(0);
        self.slice_end.set(SLICE.min(total_steps));
        self.alive.set(0);
        self.root_ended.set(false);
        self.idle.set(false);
        self.suspended.set(0);
        self.slots.borrow_mut().clear();
        self.free.borrow_mut().clear();
        self.ready.borrow_mut().clear();
        self.tracker.borrow_mut().reset();
        *self.strategy.borrow_mut() = strategy;
        *self.recorder.borrow_mut() = recorder;
        self.timers.borrow_mut().clear();
        self.timers_armed.set(false);
        self.pool.borrow_mut().shrink(FIBERS_KEPT);
        self.panics.borrow_mut().clear();
        self.inbox.drain();
    }

    /// Virtual time since the run began.
    pub(super) fn elapsed(&self) -> Duration {
        self.began
            .get()
            .map_or(Duration::ZERO, |began| began.elapsed())
    }

    /// The tasks that have not ended, in slot order.
    pub(super) fn living(&self) -> Vec<TaskRef> {
        let slots = self.slots.borrow();
        let alive = slots.iter().filter(|slot| slot.state != State::Vacant);
        alive.map(|slot| slot.task).collect()
    }

    // ---- tasks -----------------------------------------------------------------------------

    pub(super) fn add(&self, new: NewTask) -> TaskRef {
        let slot = self.free.borrow_mut().pop().unwrap_or_else(|| {
            let count = self.slots.borrow().len();
            u32::try_from(count).unwrap_or(u32::MAX)
        });
        assert!(
            slot < MOST_TASKS,
            "more than {MOST_TASKS} tasks alive in one run; the program spawns without bound"
        );
        let task = self.tracker.borrow_mut().spawned(
            slot,
            self.current.get(),
            new.kind,
            new.type_name,
            new.site,
        );
        let stamp = self.stamps.get().wrapping_add(1);
        self.stamps.set(stamp);
        let identity = self.identity(new.type_name, new.site);
        let mut slots = self.slots.borrow_mut();
        if let Some(entry) = slots.get_mut(slot as usize) {
            entry.state = State::Idle;
            entry.task = task;
            entry.stamp = stamp;
            entry.kind = new.kind;
            entry.begun = false;
            entry.woken = false;
            entry.aborted = false;
            entry.body = Some(new.body);
            entry.identity = identity;
        } else {
            slots.push(Slot {
                state: State::Idle,
                task,
                stamp,
                kind: new.kind,
                begun: false,
                woken: false,
                aborted: false,
                body: Some(new.body),
                fiber: None,
                identity,
                scopes: Vec::new(),
                put_aside: Vec::new(),
            });
        }
        drop(slots);
        self.alive.set(self.alive.get() + 1);
        self.strategy.borrow_mut().spawned(slot);
        self.make_ready(slot);
        task
    }

    fn identity(&self, type_name: &'static str, site: Site) -> &'static Identity {
        let mut identities = self.identities.borrow_mut();
        let known = identities.iter().find(|identity| {
            std::ptr::eq(identity.type_name, type_name) && std::ptr::eq(identity.site, site)
        });
        if let Some(identity) = known {
            return identity;
        }
        let identity = pulse::identity(type_name, site);
        identities.push(identity);
        identity
    }

    fn make_ready(&self, slot: u32) {
        self.ready.borrow_mut().insert(slot);
        self.strategy.borrow_mut().woken(slot);
        if self.idle.replace(false) {
            if let Some(listener) = &*self.listener.borrow() {
                listener.wake_by_ref();
            }
        }
    }

    /// A waker of this engine was woken, on this thread.
    pub(super) fn wake(&self, word: usize) -> bool {
        let word = Word::unpack(word);
        if word.engine != self.engine {
            return false;
        }
        let mut slots = self.slots.borrow_mut();
        let Some(slot) = slots.get_mut(word.slot as usize) else {
            return true;
        };
        if slot.stamp & ((1 << 34) - 1) != word.stamp {
            return true;
        }
        match slot.state {
            State::Idle | State::Parked => {
                slot.woken = true;
                drop(slots);
                self.make_ready(word.slot);
            }
            State::Running | State::Preempted => slot.woken = true,
            State::Vacant => {}
        }
        true
    }

    pub(super) fn waker_of(&self, slot: &Slot) -> Waker {
        raw::waker(Word::pack(self.engine, slot.task.slot, slot.stamp))
    }

    pub(super) fn request_abort(&self, task: TaskRef) {
        let mut slots = self.slots.borrow_mut();
        let Some(slot) = slots.get_mut(task.slot as usize) else {
            return;
        };
        let begun_blocking = slot.kind == TaskKind::Blocking && slot.begun;
        if slot.task != task || slot.state == State::Vacant || begun_blocking {
            return;
        }
        slot.aborted = true;
        if slot.state == State::Idle {
            drop(slots);
            self.make_ready(task.slot);
        }
    }

    // ---- choosing --------------------------------------------------------------------------

    /// Chooses who runs next. None when nobody can, or when a timer is to fire first.
    pub(super) fn choose_task(&self, current: Option<u32>) -> Option<u32> {
        let ready = self.ready.borrow();
        let count = ready.len();
        if count == 0 {
            return None;
        }
        if self.fair.get() {
            let slot = ready.at_or_after(self.fair_cursor.get())?;
            self.fair_cursor.set(slot + 1);
            return Some(slot);
        }
        let may_fire = self.timers_armed.get() && self.early_timers.get() > 0;
        if count == 1 && !may_fire {
            return ready.nth(0);
        }
        let tracker = self.tracker.borrow();
        let pick = self.strategy.borrow_mut().pick(&View {
            ready: &ready,
            current,
            may_fire,
            tracker: &tracker,
        });
        if let Some(recorder) = &mut *self.recorder.borrow_mut() {
            match pick {
                Pick::Task(slot) => recorder.task(tracker.path(slot)),
                Pick::Timer => recorder.timer(),
            }
        }
        match pick {
            Pick::Task(slot) => Some(slot),
            Pick::Timer => {
                self.early_timers.set(self.early_timers.get() - 1);
                self.fire.set(true);
                None
            }
        }
    }

    pub(super) fn choose_number(&self, bound: u32) -> u32 {
        if bound < 2 || self.closing.get() {
            return 0;
        }
        let number = self.strategy.borrow_mut().number(bound);
        if let Some(recorder) = &mut *self.recorder.borrow_mut() {
            recorder.number(number);
        }
        number
    }

    /// The heart of a switch point: goes on with the current task, which begins its next step, or
    /// suspends it; then the executor begins the next step.
    #[inline]
    pub(super) fn switch_from(&self, me: TaskRef) {
        let steps = self.steps.get();
        if self.preempt.get() && !std::thread::panicking() {
            if steps >= self.slice_end.get() {
                // The executor has to look around; whoever is chosen after that goes on.
                return self.suspend_current(Pause::Preempted);
            }
            match self.choose_task(Some(me.slot)) {
                Some(slot) if slot == me.slot => {}
                None if !self.fire.get() => {}
                chosen if self.suspended.get() < MOST_SUSPENDED => {
                    self.chosen.set(chosen);
                    return self.suspend_current(Pause::Preempted);
                }
                _ => self.fire.set(false),
            }
        } else if steps >= self.slice_end.get() + SPIN_PATIENCE && !std::thread::panicking() {
            return self.suspend_current(Pause::Preempted);
        }
        self.begin_step();
    }

    #[inline]
    fn begin_step(&self) {
        let step = self.steps.get() + 1;
        self.steps.set(step);
        self.tracker.borrow_mut().step = step;
    }

    fn suspend_current(&self, pause: Pause) {
        self.current.set(None);
        fiber::suspend(pause);
    }

    /// Suspends the current blocking task until it is woken.
    pub(super) fn park_current(&self, me: TaskRef) {
        if self.closing.get() {
            if std::thread::panicking() {
                // A stack that is being unwound cannot be left, and nobody will ever wake it.
                panic!("a destructor waits for something while its task is being unwound");
            }
            fiber::suspend(Pause::Parked);
            return;
        }
        if std::thread::panicking() {
            panic!("a destructor blocks while its task panics");
        }
        {
            let mut slots = self.slots.borrow_mut();
            let slot = &mut slots[me.slot as usize];
            if std::mem::take(&mut slot.woken) {
                return;
            }
        }
        self.suspend_current(Pause::Parked);
    }

    // ---- stepping --------------------------------------------------------------------------

    /// Lets the task in `slot` run until it is suspended or its poll returns.
    pub(super) fn step(&self, index: u32) {
        let (mut fiber, job, task) = {
            let mut slots = self.slots.borrow_mut();
            let slot = &mut slots[index as usize];
            let before = std::mem::replace(&mut slot.state, State::Running);
            let (fiber, job) = match before {
                State::Preempted | State::Parked => {
                    self.suspended.set(self.suspended.get() - 1);
                    (slot.fiber.take(), Job::Continue)
                }
                State::Idle | State::Running | State::Vacant => {
                    slot.woken = false;
                    slot.begun = true;
                    let Some(body) = slot.body.take() else {
                        unreachable!("a task without code was ready");
                    };
                    let job = if slot.aborted {
                        Job::Fail(body, Failure::Cancelled)
                    } else {
                        let waker = self.waker_of(slot);
                        Job::Poll(body, waker)
                    };
                    (None, job)
                }
            };
            if before == State::Parked {
                slot.woken = false;
            }
            self.pulse.step_begins(slot.identity, self.suspended.get());
            (fiber, job, slot.task)
        };
        let mut fiber = fiber
            .take()
            .unwrap_or_else(|| self.pool.borrow_mut().take());
        if matches!(job, Job::Continue) {
            self.scopes_resumed(index);
        } else {
            self.tracker.borrow_mut().polled(task);
        }
        self.begin_step();
        self.current.set(Some(task));
        let pause = fiber.resume(job);
        self.current.set(None);
        self.pulse.step_ends();
        self.paused(index, fiber, pause);
    }

    fn paused(&self, index: u32, fiber: Fiber, pause: Pause) {
        match pause {
            Pause::Pending(body) => {
                let mut slots = self.slots.borrow_mut();
                let slot = &mut slots[index as usize];
                slot.body = Some(body);
                slot.state = State::Idle;
                if !slot.woken && !slot.aborted {
                    self.ready.borrow_mut().remove(index);
                }
                drop(slots);
                self.pool.borrow_mut().give(fiber);
            }
            Pause::Preempted | Pause::Stuck => self.put_away(index, fiber, State::Preempted),
            Pause::Parked => {
                self.put_away(index, fiber, State::Parked);
                self.ready.borrow_mut().remove(index);
            }
            Pause::Ended | Pause::Unwound => {
                self.pool.borrow_mut().give(fiber);
                self.retire(index);
            }
            Pause::Panicked => {
                self.pool.borrow_mut().give(fiber);
                self.note_panic(index);
                self.retire(index);
            }
        }
    }

    fn put_away(&self, index: u32, fiber: Fiber, state: State) {
        self.suspended.set(self.suspended.get() + 1);
        let mut slots = self.slots.borrow_mut();
        let slot = &mut slots[index as usize];
        slot.fiber = Some(fiber);
        slot.state = state;
        let scoped = !slot.scopes.is_empty();
        drop(slots);
        if scoped {
            self.scopes_suspended(index);
        }
    }

    fn note_panic(&self, index: u32) {
        let said = panics::take();
        if self.closing.get() {
            return;
        }
        let slots = self.slots.borrow();
        let slot = &slots[index as usize];
        self.panics.borrow_mut().push(Panicked {
            task: slot.task,
            path: self.tracker.borrow().path(index).to_string(),
            identity: slot.identity,
            said,
            seen: false,
            preempted: self.suspended.get() > 0,
        });
    }

    /// The task in `slot` is no more.
    pub(super) fn retire(&self, index: u32) {
        let task = {
            let mut slots = self.slots.borrow_mut();
            let slot = &mut slots[index as usize];
            slot.state = State::Vacant;
            slot.scopes.clear();
            slot.put_aside.clear();
            slot.task
        };
        self.ready.borrow_mut().remove(index);
        self.tracker.borrow_mut().ended(task);
        self.alive.set(self.alive.get() - 1);
        if task.serial == 0 {
            self.root_ended.set(true);
        }
        if !self.closing.get() {
            self.free.borrow_mut().push(index);
        }
    }

    // ---- what lives in thread-locals during a poll -----------------------------------------

    pub(super) fn push_scope(&self, me: TaskRef, scoped: &'static dyn PollScoped) {
        self.slots.borrow_mut()[me.slot as usize]
            .scopes
            .push(scoped);
    }

    pub(super) fn pop_scope(&self, me: TaskRef) {
        self.slots.borrow_mut()[me.slot as usize].scopes.pop();
    }

    #[cold]
    fn scopes_suspended(&self, index: u32) {
        let scopes = std::mem::take(&mut self.slots.borrow_mut()[index as usize].scopes);
        let aside: Vec<_> = scopes.iter().rev().map(|scope| scope.suspended()).collect();
        let mut slots = self.slots.borrow_mut();
        let slot = &mut slots[index as usize];
        slot.scopes = scopes;
        slot.put_aside = aside;
    }

    #[inline]
    pub(super) fn scopes_resumed(&self, index: u32) {
        let aside = {
            let mut slots = self.slots.borrow_mut();
            std::mem::take(&mut slots[index as usize].put_aside)
        };
        if aside.is_empty() {
            return;
        }
        let scopes = std::mem::take(&mut self.slots.borrow_mut()[index as usize].scopes);
        for (scope, state) in scopes.iter().zip(aside.into_iter().rev()) {
            scope.resumed(state);
        }
        self.slots.borrow_mut()[index as usize].scopes = scopes;
    }

    // ---- timers ----------------------------------------------------------------------------

    pub(super) fn arm_timer(&self, after: Duration) -> crate::host::TimerId {
        let deadline = self.elapsed().saturating_add(after);
        self.longest_timer.set(self.longest_timer.get().max(after));
        self.timers_armed.set(true);
        self.timers.borrow_mut().arm(self.epoch.get(), deadline)
    }

    pub(super) fn disarm_timer(&self, timer: crate::host::TimerId) {
        let mut timers = self.timers.borrow_mut();
        timers.disarm(self.epoch.get(), timer);
        self.timers_armed.set(timers.any());
    }

    // ---- facts for the watcher -------------------------------------------------------------

    #[inline]
    pub(super) fn announce(&self, op: Op, site: Site) {
        self.pulse.intends(op, site);
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        inbox::unregister(self.engine);
    }
}

impl std::fmt::Debug for Executor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor")
            .field("engine", &self.engine)
            .field("epoch", &self.epoch.get())
            .finish_non_exhaustive()
    }
}
