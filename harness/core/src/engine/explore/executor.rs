//! The executor: steps, and how a task is suspended and resumed in the middle of a poll.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::engine::explore::censuses::Censuses;
use crate::engine::explore::fiber::{self, Fiber, Job, Pause};
use crate::engine::explore::inbox::{self, Inbox, Word};
use crate::engine::explore::panics;
use crate::engine::explore::slots::{Phase, Slot};
use crate::engine::explore::state::{Panicked, RunState, Setting, Turn};
use crate::engine::pulse::Pulse;
use crate::host::PollScoped;
use crate::op::Op;
use crate::raw;
use crate::site::Site;
use crate::task::TaskRef;
use crate::track::ResourceId;
use crate::unmodelled;

/// Switch points that one poll may pass while its run is being closed.
const CLOSING_PATIENCE: u32 = 10_000;

/// One engine thread. No borrow of its state outlives a method, and none is held while code of the
/// program runs.
pub(crate) struct Executor {
    engine: u32,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) epoch: Cell<u32>,
    /// The task whose step is running.
    pub(crate) current: Cell<Option<TaskRef>>,
    /// The run is over and is being taken down.
    pub(crate) closing: Cell<bool>,
    pub(crate) closing_switches: Cell<u32>,
    /// Tasks that could not be ended.
    pub(crate) given_up: Cell<u32>,
    /// How many tasks are being ended on top of another that waits in a destructor.
    pub(crate) nested: Cell<u32>,
    /// The current task, which is being ended on top of another, goes on as if nothing were wrong,
    /// although its thread is panicking: how many panics had begun when it was let go on.
    pub(crate) upright: Cell<Option<u32>>,
    pub(crate) state: RefCell<RunState>,
    /// The strategy wants to know who awaits nothing but one operation.
    pub(crate) observed: Cell<bool>,
    /// A runtime that the next run may use: see [`Executor::keep_runtime`].
    runtime: Cell<Option<Runtime>>,
    /// What trials counted.
    pub(super) censuses: Censuses,
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
            current: Cell::new(None),
            closing: Cell::new(false),
            closing_switches: Cell::new(0),
            given_up: Cell::new(0),
            nested: Cell::new(0),
            upright: Cell::new(None),
            state: RefCell::new(RunState::new()),
            observed: Cell::new(false),
            runtime: Cell::new(None),
            censuses: Censuses::default(),
        }
    }

    /// Makes ready for a run.
    pub(crate) fn reset(&self, epoch: u32, setting: Setting) {
        self.epoch.set(epoch);
        self.current.set(None);
        self.closing.set(false);
        self.inbox.drain();
        let mut state = self.state.borrow_mut();
        state.reset(setting);
        let strategy = state.strategy.other();
        self.observed
            .set(strategy.is_some_and(|strategy| strategy.observes()));
        drop(state);
        #[cfg(feature = "fuzz")]
        crate::fuzz::coverage::begin();
    }

    /// A runtime as good as new.
    pub(crate) fn take_runtime(&self) -> Runtime {
        self.runtime.take().unwrap_or_else(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .thread_name_fn(unmodelled::name_blocking_thread)
                // Who asks for a thread is seen when one is started, so none is kept.
                .thread_keep_alive(Duration::ZERO)
                .build()
                .unwrap_or_else(|error| panic!("cannot build a tokio runtime: {error}"))
        })
    }

    /// Keeps the runtime for the next run, if the last one left no mark on it: no task of
    /// third-party code is left, it is fit for another run, and the clock has not moved. An advance leaves a phase behind
    /// that later timers would be rounded by; the next run would not be the same run.
    pub(crate) fn keep_runtime(&self, runtime: Runtime, elapsed: Duration, fit: bool) {
        if fit && elapsed.is_zero() && runtime.metrics().num_alive_tasks() == 0 {
            self.runtime.set(Some(runtime));
        } else {
            runtime.shutdown_background();
        }
    }

    /// A waker was woken on this thread. False if it is not one of this engine.
    #[inline]
    pub(crate) fn wake(&self, word: usize) -> bool {
        let word = Word::unpack(word);
        let ours = word.engine == self.engine;
        if ours {
            self.state.borrow_mut().wake(word);
        }
        ours
    }

    pub(crate) fn waker_word(&self, slot: &Slot) -> usize {
        Word::pack(self.engine, slot.task.slot, slot.stamp)
    }

    pub(crate) fn current_waker(&self) -> Waker {
        match self.current.get() {
            Some(me) => raw::waker(self.waker_word(self.state.borrow_mut().slots.at(me.slot))),
            None => Waker::noop().clone(),
        }
    }

    // ---- suspending, on the task's side -----------------------------------------------------

    #[expect(clippy::inline_always, reason = "see `leave`")]
    #[inline(always)]
    pub(crate) fn switch_point(
        &self,
        me: TaskRef,
        op: Op,
        resource: Option<ResourceId>,
        site: Site,
    ) {
        let turn = {
            let mut state = self.state.borrow_mut();
            state.tracker.intends(me, op, resource, site);
            if self.closing.get() {
                drop(state);
                return self.switch_while_closing();
            }
            self.pulse.intends(op, site);
            if matches!(op, Op::Yield | Op::YieldThread) {
                state.strategy.yielded(me.slot);
            }
            state.switch(me, op)
        };
        if turn == Turn::Leave {
            self.leave(Pause::Preempted);
        }
        #[cfg(feature = "fuzz")]
        crate::fuzz::coverage::operation(me, resource, site);
    }

    // Inlined down to the switch of stacks, like all on the way to it: a processor predicts returns
    // by the calls of the stack it has just left, so that each frame to return from costs a miss.
    #[expect(clippy::inline_always, reason = "see above")]
    #[inline(always)]
    fn leave(&self, pause: Pause) {
        self.current.set(None);
        fiber::suspend(pause);
    }

    /// A run that is being closed goes straight on, but not for ever: a poll that spins is unwound.
    #[cold]
    pub(crate) fn switch_while_closing(&self) {
        let passed = self.closing_switches.get() + 1;
        self.closing_switches.set(passed);
        if passed > CLOSING_PATIENCE && !std::thread::panicking() {
            fiber::suspend(Pause::Stuck);
        }
    }

    /// Suspends the current task until it is woken, in the middle of its poll if need be.
    pub(crate) fn park(&self, me: TaskRef) {
        if std::thread::panicking() {
            return self.resolve(me);
        }
        if self.closing.get() {
            self.switch_while_closing();
        }
        {
            let mut state = self.state.borrow_mut();
            if std::mem::take(&mut state.slots.at(me.slot).woken) {
                return;
            }
            if !self.closing.get() {
                state.tracker.parked(me, true);
            }
        }
        self.leave(Pause::Parked);
        self.state.borrow_mut().tracker.parked(me, false);
    }

    /// Whether the operation that the current task is about to attempt is not to be made yet.
    #[cold]
    #[inline(never)]
    pub(crate) fn hold_back(&self, op: Op, resource: ResourceId) -> bool {
        let Some(me) = self.current.get() else {
            return false;
        };
        !self.closing.get()
            && !std::thread::panicking()
            && self.state.borrow_mut().hold_back(me, op, resource)
    }

    // ---- stepping, on the executor's side ---------------------------------------------------

    /// Lets one task after the other run, each until it is suspended or its poll returns, as long
    /// as `next` names one. Returns what it names instead in the end.
    pub(crate) fn run_steps<N>(&self, mut next: impl FnMut(&mut RunState) -> Result<u32, N>) -> N {
        let mut state = self.state.borrow_mut();
        loop {
            let slot = match next(&mut state) {
                Ok(slot) => slot,
                Err(other) => return other,
            };
            let (mut fiber, scoped) = self.begin(&mut state, slot);
            drop(state);
            if scoped {
                self.resume_scopes(slot);
            }
            let pause = fiber.resume();
            self.current.set(None);
            self.pulse.step_ends();
            state = self.state.borrow_mut();
            if state.tracker.tracer.is_some() {
                tell_stop(&mut state, pause);
            }
            if end(&mut state, slot, fiber, pause) {
                drop(state);
                self.suspend_scopes(slot);
                state = self.state.borrow_mut();
            }
        }
    }

    #[inline]
    fn begin(&self, state: &mut RunState, index: u32) -> (Fiber, bool) {
        let slot = state.slots.at(index);
        let task = slot.task;
        let before = std::mem::replace(&mut slot.phase, Phase::Running);
        let scoped = !slot.put_aside.is_empty();
        let fiber = if let Some(fiber) = slot.fiber.take() {
            if before == Phase::Parked {
                slot.woken = false;
                state.tracker.polled(task);
            }
            state.suspended -= 1;
            fiber
        } else {
            slot.woken = false;
            slot.poll_again = false;
            slot.begun = true;
            let Some(body) = slot.body.take() else {
                unreachable!("a task without code was ready");
            };
            let job = if slot.aborted {
                Job::Cancel
            } else {
                Job::Poll(Word::pack(self.engine, index, slot.stamp))
            };
            state.tracker.polled(task);
            let fiber = state.pool.take();
            fiber.give(job, body);
            fiber
        };
        self.pulse.step_begins(slot.identity, state.suspended);
        state.begin_step();
        self.current.set(Some(task));
        (fiber, scoped)
    }
}

#[cold]
#[inline(never)]
fn tell_stop(state: &mut RunState, pause: Pause) {
    let suspended = pause == Pause::Preempted;
    let tracker = &mut state.tracker;
    tracker.trace(|tracer, step| tracer.stops(step, suspended));
}

/// Takes a task back from its fiber. True if it was suspended with something in thread-locals.
#[inline]
fn end(state: &mut RunState, index: u32, fiber: Fiber, pause: Pause) -> bool {
    match pause {
        Pause::Pending => {
            let slot = state.slots.at(index);
            slot.body = fiber.take_body();
            slot.phase = Phase::Idle;
            if !slot.poll_again && !slot.aborted {
                state.ready.remove(index);
            }
            state.pool.give(fiber);
        }
        Pause::Preempted | Pause::Parked | Pause::Stuck => {
            state.suspended += 1;
            let slot = state.slots.at(index);
            slot.fiber = Some(fiber);
            slot.phase = Phase::Preempted;
            let scoped = !slot.scopes.is_empty();
            if pause == Pause::Parked {
                slot.phase = Phase::Parked;
                state.ready.remove(index);
            }
            return scoped;
        }
        Pause::Ended | Pause::Unwound => {
            state.pool.give(fiber);
            state.retire(index, false);
        }
        Pause::Panicked => {
            state.pool.give(fiber);
            note_panic(state, index);
            state.retire(index, false);
        }
        // Its destructors have begun to take the run down, so it had panicked before that.
        Pause::Lost => {
            fiber.abandon();
            note_panic(state, index);
            state.retire(index, true);
        }
    }
    false
}

pub(crate) fn note_panic(state: &mut RunState, index: u32) {
    let slot = state.slots.at(index);
    let panicked = Panicked {
        task: slot.task,
        path: state.tracker.path(index).to_string(),
        identity: slot.identity,
        said: panics::take(),
        seen: false,
        preempted: state.suspended > 0,
    };
    state.panics.push(panicked);
}

/// What lives in thread-locals during a poll.
impl Executor {
    pub(crate) fn push_scope(&self, me: TaskRef, scoped: &'static dyn PollScoped) {
        let mut state = self.state.borrow_mut();
        state.slots.at(me.slot).scopes.push(scoped);
    }

    pub(crate) fn pop_scope(&self, me: TaskRef) {
        let mut state = self.state.borrow_mut();
        state.slots.at(me.slot).scopes.pop();
    }

    #[cold]
    pub(crate) fn suspend_scopes(&self, index: u32) {
        let scopes = std::mem::take(&mut self.state.borrow_mut().slots.at(index).scopes);
        let aside: Vec<_> = scopes.iter().rev().map(|scope| scope.suspended()).collect();
        let mut state = self.state.borrow_mut();
        let slot = state.slots.at(index);
        slot.scopes = scopes;
        slot.put_aside = aside;
    }

    #[cold]
    pub(crate) fn resume_scopes(&self, index: u32) {
        let (scopes, aside) = {
            let mut state = self.state.borrow_mut();
            let slot = state.slots.at(index);
            (
                std::mem::take(&mut slot.scopes),
                std::mem::take(&mut slot.put_aside),
            )
        };
        for (scope, value) in scopes.iter().zip(aside.into_iter().rev()) {
            scope.resumed(value);
        }
        self.state.borrow_mut().slots.at(index).scopes = scopes;
    }

    pub(crate) fn may_block(&self) -> bool {
        self.current.get().is_some_and(|me| {
            let mut state = self.state.borrow_mut();
            let slot = state.slots.at(me.slot);
            slot.kind.may_block() || slot.may_block > 0
        })
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
