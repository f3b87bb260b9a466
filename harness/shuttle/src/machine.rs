//! The tasks' side: each of ours is one of Shuttle's, on a stack of its own.

use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use shuttle_engine::runtime::execution::ExecutionState;
use shuttle_engine::runtime::thread;
use shuttle_engine::scheduler::TaskId;
use standstill_engine::explore::Pause;
use standstill_engine::explore::executor::{Executor, note_panic};
use standstill_engine::explore::fiber::{self, Body, Job, Letterbox, Unwound};
use standstill_engine::explore::inbox::Word;
use standstill_engine::explore::per_run::Stage;
use standstill_engine::explore::run::Carrier;
use standstill_engine::explore::slots::Phase;
use standstill_engine::explore::state::{Next, RunState, SPIN_PATIENCE, Setting};
use standstill_engine::pulse::Pulse;
use standstill_engine::strategy::Scheduler;
use standstill_rt::host::{NewTask, TaskBody};
use standstill_rt::ids::ResourceId;
use standstill_rt::op::Op;
use standstill_rt::site::Site;
use standstill_rt::task::TaskRef;

/// Each stack's size. Mapped lazily: what is not used costs address space alone.
pub(crate) const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Shuttle gives each task a stack for as long as it lives, and the kernel's limit on mappings
/// allows about 32,000.
const MOST_TASKS: u32 = 16_000;

/// What a task does when it goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// What it was about to.
    #[default]
    GoOn,
    /// Unwind from where it was suspended.
    Unwind,
    /// Drop its code.
    Drop,
}

/// One engine thread's tasks. The state of the run is the executor's, which itself makes no step.
pub(crate) struct Machine {
    pub(crate) executor: Executor,
    me: Weak<Machine>,
    preempt: Cell<bool>,
    /// What the strategy chose instead of a task: the main task is to see to it.
    pub(crate) chosen: Cell<Option<Next>>,
    /// The task that was last suspended in the middle of a poll, until another has run.
    pub(crate) switching: Cell<Option<u32>>,
    /// Shuttle asks for a choice where there is none.
    pub(crate) stay: Cell<bool>,
    /// Who goes next while the run is being taken down.
    pub(crate) target: Cell<Option<TaskId>>,
    pub(crate) order: Cell<Order>,
    /// The current task goes on because it is being ended, not because it is its turn.
    pub(crate) alone: Cell<bool>,
    /// Those that wait for the target to come back, while the run is being taken down: tasks in
    /// whose destructors others are ended. The main task is not among them.
    pub(crate) waiting: RefCell<Vec<TaskId>>,
    /// How the target came back.
    pub(crate) returned: Cell<Option<Pause>>,
    /// The number that is asked for lies below this.
    pub(crate) bound: Cell<u32>,
    /// A number was drawn that Shuttle's schedule does not tell.
    pub(crate) untold: Cell<bool>,
    names: RefCell<Names>,
}

/// Which of Shuttle's tasks is which of ours.
#[derive(Default)]
struct Names {
    of_slot: Vec<TaskId>,
    of_id: Vec<Option<TaskRef>>,
}

impl Machine {
    pub(crate) fn new(pulse: Arc<Pulse>) -> Rc<Self> {
        Rc::new_cyclic(|me| Self {
            executor: Executor::new(pulse, Weak::<Executor>::new()),
            me: Weak::clone(me),
            preempt: Cell::new(true),
            chosen: Cell::new(None),
            switching: Cell::new(None),
            stay: Cell::new(false),
            target: Cell::new(None),
            order: Cell::new(Order::GoOn),
            alone: Cell::new(false),
            waiting: RefCell::default(),
            returned: Cell::new(None),
            bound: Cell::new(0),
            untold: Cell::new(false),
            names: RefCell::default(),
        })
    }

    /// Makes ready for a run.
    pub(crate) fn reset(&self, epoch: u32, preempt: bool, setting: Setting) {
        self.executor.reset(epoch, setting);
        self.preempt.set(preempt);
        self.chosen.set(None);
        self.switching.set(None);
        self.stay.set(false);
        self.target.set(None);
        self.order.set(Order::GoOn);
        self.returned.set(None);
        self.waiting.borrow_mut().clear();
        self.untold.set(false);
        let mut names = self.names.borrow_mut();
        names.of_slot.clear();
        names.of_id.clear();
    }

    /// Shuttle's task of this slot.
    pub(crate) fn id_of(&self, slot: u32) -> Option<TaskId> {
        self.names.borrow().of_slot.get(slot as usize).copied()
    }

    /// The task that this one of Shuttle's is.
    pub(crate) fn task_of(&self, id: TaskId) -> Option<TaskRef> {
        let names = self.names.borrow();
        names.of_id.get(usize::from(id)).copied().flatten()
    }

    /// # Panics
    ///
    /// If the program spawns without bound.
    pub(crate) fn spawn(&self, new: NewTask<dyn TaskBody>) -> TaskRef {
        assert!(
            self.executor.state.borrow().run.alive < MOST_TASKS,
            "more than {MOST_TASKS} tasks alive in one run; the engine `shuttle` gives each a \
             stack: use the engine `explore`, or spawn fewer"
        );
        let machine = self.me.upgrade();
        let parent = self.executor.current.take();
        // Shuttle's own spawn is a switch point, where the facade has just passed one.
        self.stay.set(true);
        let id = ExecutionState::spawn_thread(
            Box::new(move || {
                if let Some(machine) = machine {
                    machine.serve();
                }
            }),
            STACK_BYTES,
            None,
            None,
            new.site,
        );
        self.stay.set(false);
        self.executor.current.set(parent);
        let task = self.executor.state.borrow_mut().add(new, parent);
        self.names.borrow_mut().enter(id, task);
        task
    }

    /// The whole of one of Shuttle's tasks.
    fn serve(&self) {
        let id = ExecutionState::me();
        let Some(me) = self.task_of(id) else {
            unreachable!("a task of Shuttle's that is none of ours");
        };
        let letterbox = Letterbox::default();
        self.await_turn(id);
        loop {
            let Some((job, body)) = self.begin(me) else {
                return;
            };
            let pause = fiber::work(job, body, &letterbox);
            self.executor.current.set(None);
            self.executor.pulse.step_ends();
            if self.end(me, &letterbox, pause) {
                return;
            }
            self.switch_away(id);
        }
    }

    /// A poll begins, or the end of the task. None if its code is gone.
    fn begin(&self, me: TaskRef) -> Option<(Job, Body)> {
        let drops = self.order.take() == Order::Drop;
        self.alone.set(self.executor.closing.get());
        let state = &mut *self.executor.state.borrow_mut();
        let slot = state.slots.at(me.slot);
        let body = slot.body.take()?;
        slot.phase = Phase::Running;
        slot.woken = false;
        slot.poll_again = false;
        slot.begun = true;
        let aborted = slot.aborted;
        let word = self.executor.waker_word(slot);
        self.executor
            .pulse
            .step_begins(slot.identity, state.run.suspended);
        self.executor.current.set(Some(me));
        if drops {
            return Some((Job::Drop, body));
        }
        if !self.executor.closing.get() {
            state.tracker.polled(me);
            state.begin_step();
        }
        let job = if aborted {
            Job::Cancel
        } else {
            Job::Poll(word)
        };
        Some((job, body))
    }

    /// A poll has returned. True if that was the last.
    fn end(&self, me: TaskRef, letterbox: &Letterbox, pause: Pause) -> bool {
        let closing = self.executor.closing.get();
        if closing {
            self.returned.set(Some(pause));
        }
        let state = &mut *self.executor.state.borrow_mut();
        if pause == Pause::Pending {
            let slot = state.slots.at(me.slot);
            slot.body = letterbox.body.take();
            slot.phase = Phase::Idle;
            if !slot.poll_again && !slot.aborted {
                state.ready.remove(me.slot);
                sleep();
            }
            return false;
        }
        // One whose destructors began to take the run down has panicked before.
        if pause == Pause::Panicked && !self.alone.get() {
            note_panic(state, me.slot);
        }
        state.retire(me.slot, closing);
        true
    }

    /// A switch point in the middle of a poll.
    pub(crate) fn switch_point(
        &self,
        me: TaskRef,
        op: Op,
        resource: Option<ResourceId>,
        site: Site,
    ) {
        {
            let state = &mut *self.executor.state.borrow_mut();
            state.tracker.intends(me, op, resource, site);
            if !self.executor.closing.get() {
                self.executor.pulse.intends(op, site);
                if matches!(op, Op::Yield | Op::YieldThread) {
                    state.run.strategy.yielded(me.slot);
                    ExecutionState::request_yield();
                }
                let spins = state.run.steps >= state.run.slice_end + SPIN_PATIENCE;
                let preempts = self.preempt.get() && !state.is_calm();
                let leaves = preempts || spins || op == Op::YieldThread;
                // A stack that is being unwound cannot be left.
                if std::thread::panicking() || !leaves {
                    state.begin_step();
                    return;
                }
            }
        }
        if self.executor.closing.get() {
            self.switch_while_closing(me);
        } else {
            self.leave(me, Pause::Preempted);
        }
    }

    /// Suspends the current task until it is woken, in the middle of its poll if need be.
    pub(crate) fn park(&self, me: TaskRef) {
        if std::thread::panicking() {
            return self.resolve(me);
        }
        if self.executor.closing.get() {
            self.switch_while_closing(me);
        }
        let woken = {
            let mut state = self.executor.state.borrow_mut();
            let woken = std::mem::take(&mut state.slots.at(me.slot).woken);
            if !woken && !self.executor.closing.get() {
                state.tracker.parked(me, true);
            }
            woken
        };
        if woken {
            return;
        }
        self.leave(me, Pause::Parked);
        let mut state = self.executor.state.borrow_mut();
        state.tracker.parked(me, false);
    }

    /// Suspends the current task in the middle of a poll, until Shuttle lets it go on. It may be
    /// at once.
    pub(crate) fn leave(&self, me: TaskRef, pause: Pause) {
        let (id, scoped) = {
            let state = &mut *self.executor.state.borrow_mut();
            state.run.suspended += 1;
            let slot = state.slots.at(me.slot);
            slot.phase = Phase::Preempted;
            let scoped = !slot.scopes.is_empty();
            if pause == Pause::Parked {
                slot.phase = Phase::Parked;
                state.ready.remove(me.slot);
                sleep();
            }
            (ExecutionState::me(), scoped)
        };
        self.executor.current.set(None);
        self.executor.pulse.step_ends();
        if scoped {
            self.executor.suspend_scopes(me.slot);
        }
        if self.executor.closing.get() {
            self.returned.set(Some(pause));
        }
        self.switching
            .set((pause == Pause::Preempted).then_some(me.slot));
        self.switch_away(id);
        {
            let state = &mut *self.executor.state.borrow_mut();
            state.run.suspended -= 1;
            let slot = state.slots.at(me.slot);
            slot.phase = Phase::Running;
            let closing = self.executor.closing.get();
            self.alone.set(closing);
            if pause == Pause::Parked && !closing {
                slot.woken = false;
                state.tracker.polled(me);
            }
            let slot = state.slots.at(me.slot);
            self.executor
                .pulse
                .step_begins(slot.identity, state.run.suspended);
            if !closing {
                state.begin_step();
            }
        }
        if scoped {
            self.executor.resume_scopes(me.slot);
        }
        self.executor.current.set(Some(me));
        if self.order.take() == Order::Unwind {
            resume_unwind(Box::new(Unwound));
        }
    }

    /// Lets Shuttle's scheduler choose.
    pub(crate) fn switch_away(&self, id: TaskId) {
        thread::switch();
        self.await_turn(id);
    }

    /// While the run is taken down only the target goes on, whatever a scheduler says that is not
    /// this engine's.
    fn await_turn(&self, id: TaskId) {
        while self.executor.closing.get() && self.target.get() != Some(id) {
            ExecutionState::request_yield();
            thread::switch();
        }
        self.target.set(None);
    }

    /// Runs something that may make the task in `slot` ready, and tells Shuttle if it did.
    pub(crate) fn may_wake<R>(&self, slot: u32, change: impl FnOnce(&Executor) -> R) -> R {
        let before = self.executor.state.borrow().ready.contains(slot);
        let changed = change(&self.executor);
        if !before && self.executor.state.borrow().ready.contains(slot) {
            self.unblock(slot);
        }
        changed
    }

    /// Makes the task in `slot` runnable for Shuttle.
    pub(crate) fn unblock(&self, slot: u32) {
        if let Some(id) = self.id_of(slot) {
            ExecutionState::with(|state| state.get_mut(id).unblock());
        }
    }

    pub(crate) fn woken(&self, word: usize) -> bool {
        self.may_wake(Word::unpack(word).slot, |executor| executor.wake(word))
    }

    /// What is due instead of a step, if anything.
    pub(crate) fn due(&self, state: &RunState) -> Option<Next> {
        let run = &state.run;
        match run.stage {
            Stage::CutShort => return Some(Next::CutShort),
            Stage::RootEnded => return Some(Next::RootEnded),
            Stage::Outlasting | Stage::Settling if run.alive == 0 => {
                return Some(Next::RootEnded);
            }
            Stage::Running | Stage::Outlasting | Stage::Settling => {}
        }
        if run.steps >= run.slice_end {
            return Some(Next::SliceOver);
        }
        let nobody = (state.ready.len() == 0).then_some(Next::Nothing);
        self.chosen.get().or(nobody)
    }
}

/// For Shuttle the current task is not runnable from now on.
fn sleep() {
    ExecutionState::with(|state| state.current_mut().sleep());
}

impl Names {
    fn enter(&mut self, id: TaskId, task: TaskRef) {
        let (index, slot) = (usize::from(id), task.slot as usize);
        if self.of_id.len() <= index {
            self.of_id.resize(index + 1, None);
        }
        self.of_id[index] = Some(task);
        if self.of_slot.len() <= slot {
            self.of_slot.resize(slot + 1, id);
        }
        self.of_slot[slot] = id;
    }
}

impl Carrier for Machine {
    fn executor(&self) -> &Executor {
        &self.executor
    }

    fn add_root(&self, root: NewTask<dyn TaskBody>) {
        self.spawn(root);
    }

    fn run_steps(&self) -> Next {
        loop {
            let next = self.due(&self.executor.state.borrow());
            if let Some(next) = next {
                self.chosen.set(None);
                return next;
            }
            self.switching.set(None);
            thread::switch();
            let state = &mut *self.executor.state.borrow_mut();
            if self.due(state).is_none() && state.may_fire() {
                // Chosen although others are ready: somebody is slow, and a timer beats them.
                state.run.early_timers -= 1;
                return Next::Fire;
            }
        }
    }

    fn wake(&self, word: usize) {
        self.woken(word);
    }

    fn close(&self) -> u32 {
        Machine::close(self)
    }
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("executor", &self.executor)
            .finish_non_exhaustive()
    }
}
