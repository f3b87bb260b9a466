//! The executor: steps, and how a task is suspended and resumed in the middle of a poll.

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell, RefMut};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Waker;

use standstill_rt::host::PollScoped;
use standstill_rt::ids::ResourceId;
use standstill_rt::op::Op;
use standstill_rt::panics;
use standstill_rt::site::Site;
use standstill_rt::task::{TaskKind, TaskRef};
use standstill_rt::unmodelled;

use crate::explore::closing::Closing;
use crate::explore::fiber::{
    self, Body, CoroutineStack, Fiber, FiberPool, Job, JobServer, JobSlot, Pause,
};
use crate::explore::inbox::{self, Inbox, Word};
use crate::explore::per_run::Due;
use crate::explore::profiles::Profiles;
use crate::explore::runtime::RunRuntime;
use crate::explore::slots::{Phase, Slot};
use crate::explore::state::{Next, RunState, Setting, Turn};
use crate::explore::waker;
use crate::pulse::Pulse;
use crate::strategy::Probe;
use crate::verdict::Panicked;

/// How a step begins.
enum Begun {
    /// By resuming a task that was suspended in the middle of a poll.
    GoesOn(Fiber),
    /// By starting a poll.
    Job(Job, Body),
}

/// The executor of one engine thread. No borrow of its state outlives a method, and none is held while
/// code of the program runs.
pub struct Executor {
    engine: u32,
    pub inbox: Arc<Inbox>,
    pub pulse: Arc<Pulse>,
    pub epoch: Cell<u32>,
    /// The task whose step is running.
    pub current: Cell<Option<TaskRef>>,
    pub closing: Closing,
    pub state: RefCell<RunState>,
    /// Where the tasks' fibers run.
    seat: CoroutineStack,
    /// Whether the fiber that is resumed next is to unwind.
    unwinds: Cell<bool>,
    /// The strategy wants to know which tasks await a single operation.
    pub probes: Cell<bool>,
    /// A runtime that the next run may reuse: see [`Executor::keep_runtime`].
    runtime: Cell<Option<RunRuntime>>,
    /// What profiling runs counted.
    pub(super) profiles: Profiles,
}

impl Executor {
    /// An executor that serves its own fibers.
    pub fn shared(pulse: Arc<Pulse>) -> Rc<Self> {
        Rc::new_cyclic(|me: &Weak<Self>| Self::new(pulse, Weak::clone(me) as Weak<dyn JobServer>))
    }

    /// An executor whose fibers `me` serves.
    pub fn new(pulse: Arc<Pulse>, me: Weak<dyn JobServer>) -> Self {
        panics::install_hook();
        let inbox = Arc::new(Inbox::default());
        Self {
            engine: inbox::register(&inbox),
            inbox,
            pulse,
            epoch: Cell::new(0),
            current: Cell::new(None),
            closing: Closing::default(),
            state: RefCell::new(RunState::new(me)),
            seat: CoroutineStack::default(),
            unwinds: Cell::new(false),
            probes: Cell::new(false),
            runtime: Cell::new(None),
            profiles: Profiles::default(),
        }
    }

    /// Prepares for a run.
    pub fn reset(&self, epoch: u32, setting: Setting) {
        self.epoch.set(epoch);
        self.current.set(None);
        self.closing.reset();
        self.inbox.drain();
        // Discards what an earlier run has left on the thread.
        panics::forget_last();
        unmodelled::forget();
        let mut state = self.state.borrow_mut();
        state.reset(setting);
        self.probes.set(state.run.strategy.probes());
        drop(state);
        #[cfg(feature = "fuzz")]
        crate::coverage::begin();
    }

    /// Resumes a fiber while the run is being closed, and unwinds it if `unwinding`.
    pub(super) fn go_on(&self, fiber: Fiber, unwinding: bool) -> (Fiber, Pause) {
        self.unwinds.set(unwinding);
        self.seat.resume(fiber)
    }

    /// A runtime with no traces of an earlier run.
    pub fn take_runtime(&self) -> RunRuntime {
        let kept = self.runtime.take().filter(RunRuntime::is_current);
        kept.unwrap_or_default()
    }

    /// Keeps a runtime for the next run. The run must have left no trace in it: no task of third-party
    /// code is left, and the clock has not moved.
    pub fn keep_runtime(&self, runtime: RunRuntime) {
        self.runtime.set(Some(runtime));
    }

    /// Handles a wake-up on this thread. False if the waker does not belong to this engine.
    #[inline]
    pub fn wake(&self, word: usize) -> bool {
        let word = Word::unpack(word);
        let ours = word.engine == self.engine;
        if ours {
            self.state.borrow_mut().wake(word);
        }
        ours
    }

    pub fn waker_word(&self, slot: &Slot) -> usize {
        Word::pack(self.engine, slot.task.slot, slot.stamp)
    }

    pub fn current_waker(&self) -> Waker {
        match self.current.get() {
            Some(me) => waker::waker(self.waker_word(self.state.borrow_mut().slots.at(me.slot))),
            None => Waker::noop().clone(),
        }
    }

    // ---- suspending, on the task's side -----------------------------------------------------

    #[expect(clippy::inline_always, reason = "see `leave`")]
    #[inline(always)]
    pub fn switch_point(&self, me: TaskRef, op: Op, resource: Option<ResourceId>, site: Site) {
        let mut state = self.state.borrow_mut();
        state.tracker.intends(me, op, resource, site);
        if self.closing.begun() {
            drop(state);
            return self.switch_while_closing(me);
        }
        self.pulse.intends(op, site);
        if matches!(op, Op::Yield | Op::YieldThread) {
            state.yielded(me.slot);
        }
        match state.switch(me, op) {
            Turn::Stay => drop(state),
            Turn::Leave(next) => self.leave(state, me, Pause::Preempted, |_| next),
        }
        #[cfg(feature = "fuzz")]
        crate::coverage::operation(me, resource, site);
    }

    /// Suspends the current task until it is woken, in the middle of its poll if necessary.
    pub fn park(&self, me: TaskRef) {
        if self.closing.begun() {
            return self.park_while_closing(me);
        }
        let mut state = self.state.borrow_mut();
        if std::mem::take(&mut state.slots.at(me.slot).woken) {
            return;
        }
        if std::thread::panicking() {
            drop(state);
            return self.park_while_unwinding(me);
        }
        state.tracker.parked(me, true);
        self.leave(state, me, Pause::Parked, RunState::next);
        self.state.borrow_mut().tracker.parked(me, false);
    }

    /// As [`Executor::park`], in a destructor of a task that panics.
    #[cold]
    #[inline(never)]
    fn park_while_unwinding(&self, me: TaskRef) {
        let Some(unwinding) = self.take_unwinding(me) else {
            return self.close_blocker(me);
        };
        let mut state = self.state.borrow_mut();
        state.tracker.parked(me, true);
        self.leave(state, me, Pause::Parked, RunState::next);
        self.state.borrow_mut().tracker.parked(me, false);
        self.go_on_unwinding(me, unwinding);
    }

    /// Suspends the current task in the middle of its poll, and starts the step of the task that `next`
    /// names once the current one has stopped. It switches from one stack directly to the other: the end
    /// of the one step and the start of the other run on the stack that is left.
    // Inlined down to the switch of stacks, like everything on the way to it. A processor predicts
    // returns by the calls made on the stack it has just left, so each frame to return from costs a
    // misprediction.
    #[expect(clippy::inline_always, reason = "see above")]
    #[inline(always)]
    fn leave<'a>(
        &'a self,
        mut state: RefMut<'a, RunState>,
        me: TaskRef,
        pause: Pause,
        next: impl FnOnce(&mut RunState) -> Result<u32, Next>,
    ) {
        self.current.set(None);
        if stop(&mut state, me.slot, pause) {
            state = self.put_scopes_aside(state, me.slot);
        }
        match next(&mut state) {
            Ok(slot) => {
                let fiber = match self.begin(&mut state, slot) {
                    Begun::GoesOn(fiber) => fiber,
                    Begun::Job(job, body) => state.pool.employ(job, body),
                };
                state = self.put_scopes_back(state, slot);
                self.seat.transfer(fiber, |mine| {
                    state.slots.at(me.slot).fiber = Some(mine);
                    drop(state);
                });
            }
            Err(next) => {
                let slot = me.slot;
                state.run.due = Some(Due { next, slot });
                drop(state);
                self.seat.suspend(pause);
            }
        }
        self.gone_on();
    }

    /// Suspends the fiber that is running, and goes on where it was resumed.
    #[cold]
    pub fn suspend(&self, pause: Pause) {
        self.seat.suspend(pause);
        self.gone_on();
    }

    #[inline]
    fn gone_on(&self) {
        if self.unwinds.get() {
            self.unwinds.set(false);
            fiber::unwind();
        }
    }

    /// A fiber has finished its job: its step ends and the next one begins, on this same stack if that
    /// step starts a poll. False if the fiber is to end.
    fn next_job(&self, pause: Pause, jobs: &JobSlot) -> bool {
        let Some(me) = self.current.get().filter(|_| !self.closing.begun()) else {
            return self.seat.rest(pause);
        };
        self.current.set(None);
        let mut state = self.state.borrow_mut();
        if pause == Pause::Pending {
            state.slots.at(me.slot).body = jobs.body.take();
        }
        stop(&mut state, me.slot, pause);
        let slot = match state.next() {
            Ok(slot) => slot,
            Err(next) => {
                let slot = me.slot;
                state.run.due = Some(Due { next, slot });
                drop(state);
                return self.seat.rest(pause);
            }
        };
        match self.begin(&mut state, slot) {
            Begun::Job(job, body) => {
                jobs.give(job, body);
                true
            }
            Begun::GoesOn(fiber) => {
                state = self.put_scopes_back(state, slot);
                self.seat.rest_for(fiber, |mine| {
                    state.pool.give(mine);
                    drop(state);
                })
            }
        }
    }

    /// Suspends a fiber that has finished its job, until it is resumed. False if it is to end.
    pub fn rest(&self, pause: Pause) -> bool {
        self.seat.rest(pause)
    }

    /// Whether the operation that the current task is about to attempt is held back.
    #[cold]
    #[inline(never)]
    pub fn probe(&self, op: Op, resource: ResourceId) -> bool {
        let Some(me) = self.current.get() else {
            return false;
        };
        !self.closing.begun()
            && !std::thread::panicking()
            && self.state.borrow_mut().probe(me, op, resource)
    }

    // ---- stepping, on the executor's side ---------------------------------------------------

    /// Runs one task after the other, each until it is suspended or its poll returns, as long as there
    /// is one to run. Returns what is due instead.
    pub fn run_steps(&self) -> Next {
        let mut state = self.state.borrow_mut();
        loop {
            let slot = match state.next() {
                Ok(slot) => slot,
                Err(due) => return due,
            };
            let fiber = self.begin_fiber(state, slot);
            // From here on, each task that stops switches directly to the next one.
            let (fiber, pause) = self.resume(fiber);
            state = self.state.borrow_mut();
            if let Some(due) = state.run.due.take() {
                keep(&mut state, due.slot, fiber, pause);
                return due.next;
            }
            // The run was taken down in the middle of that step.
            if state.tracker.tracer.is_some() {
                emit_stop(&mut state, pause);
            }
            drop(state);
            self.end_step(fiber, pause);
            state = self.state.borrow_mut();
        }
    }

    /// Begins the next step of the task in `slot`, on the fiber that is returned.
    pub fn begin_fiber(&self, mut state: RefMut<'_, RunState>, slot: u32) -> Fiber {
        let fiber = match self.begin(&mut state, slot) {
            Begun::GoesOn(fiber) => fiber,
            Begun::Job(job, body) => state.pool.employ(job, body),
        };
        drop(self.put_scopes_back(state, slot));
        fiber
    }

    /// Lets a fiber run until one is suspended.
    pub fn resume(&self, fiber: Fiber) -> (Fiber, Pause) {
        let back = self.seat.resume(fiber);
        self.pulse.step_ends();
        back
    }

    /// Ends the current task's step, whose fiber was suspended with `pause`.
    pub fn end_step(&self, fiber: Fiber, pause: Pause) {
        let Some(me) = self.current.take() else {
            unreachable!("a task was suspended that did not run");
        };
        if pause == Pause::Abandoned {
            self.forget_scopes(me.slot);
        }
        let mut state = self.state.borrow_mut();
        if pause == Pause::Pending {
            state.slots.at(me.slot).body = fiber.shared().body.take();
        }
        if has_stopped(&mut state, me.slot, pause) {
            state = self.put_scopes_aside(state, me.slot);
        }
        keep(&mut state, me.slot, fiber, pause);
    }

    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    fn begin(&self, state: &mut RunState, index: u32) -> Begun {
        let slot = state.slots.at(index);
        let task = slot.task;
        let before = std::mem::replace(&mut slot.phase, Phase::Running);
        let begun = if let Some(fiber) = slot.fiber.take() {
            if before == Phase::Parked {
                slot.woken = false;
                state.tracker.polled(task);
            }
            state.run.suspended -= 1;
            Begun::GoesOn(fiber)
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
            Begun::Job(job, body)
        };
        self.pulse.step_begins(slot.identity, state.run.suspended);
        state.begin_step();
        self.current.set(Some(task));
        begun
    }
}

#[cold]
#[inline(never)]
fn emit_stop(state: &mut RunState, pause: Pause) {
    let suspended = pause == Pause::Preempted;
    let tracker = &mut state.tracker;
    tracker.trace(|tracer, step| tracer.stops(step, suspended));
}

/// Ends a task's step and reports that. True if the task was suspended with something in thread-locals.
#[expect(clippy::inline_always, reason = "part of the step's inner loop")]
#[inline(always)]
fn stop(state: &mut RunState, index: u32, pause: Pause) -> bool {
    if state.tracker.tracer.is_some() {
        emit_stop(state, pause);
    }
    has_stopped(state, index, pause)
}

/// A task's step has ended. True if it was suspended with something in thread-locals.
#[expect(clippy::inline_always, reason = "part of the step's inner loop")]
#[inline(always)]
fn has_stopped(state: &mut RunState, index: u32, pause: Pause) -> bool {
    match pause {
        Pause::Pending => {
            let slot = state.slots.at(index);
            slot.phase = Phase::Idle;
            if slot.poll_again {
                // It woke itself, which is to yield.
                slot.yielded = state.run.steps;
            } else if !slot.aborted {
                state.ready.remove(index);
            }
        }
        Pause::Preempted | Pause::Parked | Pause::Stuck => {
            state.run.suspended += 1;
            let slot = state.slots.at(index);
            slot.phase = Phase::Preempted;
            let scoped = !slot.scopes.is_empty();
            if pause == Pause::Parked {
                slot.phase = Phase::Parked;
                state.ready.remove(index);
            }
            return scoped;
        }
        Pause::Ended | Pause::Unwound => state.retire(index, false),
        Pause::Panicked => {
            note_panic(state, index);
            state.retire(index, false);
        }
        // Its destructors have begun to take the run down, so the task had panicked before that.
        Pause::Abandoned => {
            note_panic(state, index);
            state.retire(index, true);
        }
    }
    false
}

/// Stores the fiber of a task that has stopped.
fn keep(state: &mut RunState, index: u32, fiber: Fiber, pause: Pause) {
    match pause {
        Pause::Preempted | Pause::Parked | Pause::Stuck => {
            state.slots.at(index).fiber = Some(fiber);
        }
        Pause::Pending | Pause::Ended | Pause::Unwound | Pause::Panicked => state.pool.give(fiber),
        // The fiber was suspended in the middle of its work: its stack is never freed.
        Pause::Abandoned => drop(fiber),
    }
}

fn note_panic(state: &mut RunState, index: u32) {
    let slot = state.slots.at(index);
    let preempted = state.run.suspended > 0;
    let panicked = Panicked::caught(&state.tracker, slot.task, slot.identity, preempted);
    state.panics.push(panicked);
}

/// Values that are in thread-locals during a poll.
impl Executor {
    pub fn push_scope(&self, me: TaskRef, scoped: &'static dyn PollScoped) {
        let mut state = self.state.borrow_mut();
        state.slots.at(me.slot).scopes.push(scoped);
    }

    pub fn pop_scope(&self, me: TaskRef) {
        let mut state = self.state.borrow_mut();
        state.slots.at(me.slot).scopes.pop();
    }

    /// Removes from the thread-locals what the task in `index` has in them.
    #[cold]
    fn put_scopes_aside<'a>(
        &'a self,
        state: RefMut<'a, RunState>,
        index: u32,
    ) -> RefMut<'a, RunState> {
        drop(state);
        self.suspend_scopes(index);
        self.state.borrow_mut()
    }

    /// Restores it, if there is any.
    #[inline]
    fn put_scopes_back<'a>(
        &'a self,
        mut state: RefMut<'a, RunState>,
        index: u32,
    ) -> RefMut<'a, RunState> {
        if state.slots.at(index).put_aside.is_empty() {
            return state;
        }
        drop(state);
        self.resume_scopes(index);
        self.state.borrow_mut()
    }

    #[cold]
    pub fn suspend_scopes(&self, index: u32) {
        let scopes = std::mem::take(&mut self.state.borrow_mut().slots.at(index).scopes);
        let aside: Vec<_> = scopes.iter().rev().map(|scope| scope.suspended()).collect();
        let mut state = self.state.borrow_mut();
        let slot = state.slots.at(index);
        slot.scopes = scopes;
        slot.put_aside = aside;
    }

    #[cold]
    pub fn resume_scopes(&self, index: u32) {
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

    /// The task in `index` is abandoned: removes what it has in thread-locals for good.
    #[cold]
    pub(super) fn forget_scopes(&self, index: u32) {
        if self.state.borrow_mut().slots.at(index).put_aside.is_empty() {
            self.suspend_scopes(index);
        }
        let aside = {
            let mut state = self.state.borrow_mut();
            let slot = state.slots.at(index);
            slot.scopes.clear();
            std::mem::take(&mut slot.put_aside)
        };
        drop(aside);
    }

    /// Keeps `scoped` until the end of the run.
    #[cold]
    pub fn keep_run_scope(&self, scoped: &'static dyn PollScoped) {
        let kept = &mut self.state.borrow_mut().run_scopes;
        if !kept.iter().any(|known| std::ptr::addr_eq(*known, scoped)) {
            kept.push(scoped);
        }
    }

    /// The run has ended: removes what it has left in thread-locals.
    pub(super) fn end_run_scopes(&self) {
        let scopes = std::mem::take(&mut self.state.borrow_mut().run_scopes);
        for scope in scopes {
            drop(scope.suspended());
        }
    }

    pub fn is_thread(&self) -> bool {
        let current = self.current.get();
        current.is_some_and(|me| self.state.borrow_mut().slots.at(me.slot).kind == TaskKind::Thread)
    }

    pub fn may_block(&self) -> bool {
        self.current.get().is_some_and(|me| {
            let mut state = self.state.borrow_mut();
            let slot = state.slots.at(me.slot);
            slot.kind.may_block() || slot.may_block > 0
        })
    }
}

impl JobServer for Executor {
    fn job_done(&self, pause: Pause, jobs: &JobSlot) -> bool {
        self.next_job(pause, jobs)
    }
}

impl Executor {
    /// Shuts the engine down. Ends the idle stacks, which refer to the executor. If there are other
    /// stacks, which are never ended, the executor is leaked.
    pub fn retire<T>(&self, owner: &Rc<T>) {
        let server = Weak::<Self>::new();
        let pool = std::mem::replace(&mut self.state.borrow_mut().pool, FiberPool::new(server));
        drop(pool);
        if self.closing.ever_abandoned() {
            inbox::unregister(self.engine);
            std::mem::forget(Rc::clone(owner));
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        // Dropping an idle fiber resumes it, here with a dangling reference.
        let server = Weak::<Self>::new();
        let pool = std::mem::replace(&mut self.state.get_mut().pool, FiberPool::new(server));
        std::mem::forget(pool);
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
