//! The tasks' side: each of ours is one of Shuttle's.
//!
//! The code of a task does not run on the stack that Shuttle gives it: Shuttle frees that at the end
//! of an execution, whatever may still point into it. It runs on a fiber, as under `explore`, and
//! Shuttle's task does no more than let the fiber go on when it is its turn. So a run is taken down as
//! under `explore`, too, without Shuttle: from its main task, which after that lets the others return.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use shuttle_engine::runtime::execution::ExecutionState;
use shuttle_engine::runtime::thread;
use shuttle_engine::scheduler::TaskId;
use standstill_engine::explore::executor::Executor;
use standstill_engine::explore::fiber::{JobServer, JobSlot, Pause};
use standstill_engine::explore::inbox::Word;
use standstill_engine::explore::per_run::Stage;
use standstill_engine::explore::run::Carrier;
use standstill_engine::explore::state::{Next, RunState, SPIN_PATIENCE, Setting};
use standstill_engine::pulse::Pulse;
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

/// One engine thread's tasks. The state of the run is the executor's, which itself makes no step.
pub(crate) struct Machine {
    pub(crate) executor: Executor,
    me: Weak<Machine>,
    preempt: Cell<bool>,
    /// What the strategy chose instead of a task: the main task is to see to it.
    pub(crate) chosen: Cell<Option<Next>>,
    /// The task that was last suspended in the middle of a poll, until another has run.
    pub(crate) switching: Cell<Option<u32>>,
    /// How many tasks are being spawned, for which Shuttle asks for a choice where there is none.
    pub(crate) stay: Cell<u32>,
    /// Who goes next while the run is being taken down.
    pub(crate) target: Cell<Option<TaskId>>,
    /// A task is to be spawned. Its fiber is suspended until that is done: see [`Machine::spawn`].
    wanted: Cell<Option<NewTask<dyn TaskBody>>>,
    spawned: Cell<Option<Result<TaskRef, Box<dyn Any + Send>>>>,
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
            executor: Executor::new(pulse, Weak::clone(me) as Weak<dyn JobServer>),
            me: Weak::clone(me),
            preempt: Cell::new(true),
            chosen: Cell::new(None),
            switching: Cell::new(None),
            stay: Cell::new(0),
            target: Cell::new(None),
            wanted: Cell::new(None),
            spawned: Cell::new(None),
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
        self.stay.set(0);
        self.target.set(None);
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
        if self.executor.current.get().is_none() {
            return self.spawn_from_here(new);
        }
        // Shuttle may switch to another of its tasks where it spawns one, so that is not done on the
        // fiber's stack.
        self.wanted.set(Some(new));
        self.executor.suspend(Pause::Preempted);
        match self.spawned.take() {
            Some(Ok(task)) => task,
            Some(Err(panic)) => resume_unwind(panic),
            None => unreachable!("a fiber goes on that has waited for a task"),
        }
    }

    /// Spawns a task, on the stack of one of Shuttle's.
    fn spawn_from_here(&self, new: NewTask<dyn TaskBody>) -> TaskRef {
        let machine = self.me.upgrade();
        let parent = self.executor.current.take();
        // Shuttle's own spawn is a switch point, where the facade has just passed one.
        self.stay.set(self.stay.get() + 1);
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
        self.stay.set(self.stay.get() - 1);
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
        self.await_turn(id);
        // While the run is being taken down its tasks are ended without Shuttle's.
        while !self.executor.closing.begun() && self.step(me) {
            self.switch_away(id);
        }
        self.names.borrow_mut().leave(id);
    }

    /// Lets a task make a step. False if it was the last.
    fn step(&self, me: TaskRef) -> bool {
        let executor = &self.executor;
        let fiber = executor.begin_fiber(executor.state.borrow_mut(), me.slot);
        let (mut fiber, mut pause) = executor.resume(fiber);
        while let Some(new) = self.wanted.take() {
            let spawned = catch_unwind(AssertUnwindSafe(|| self.spawn_from_here(new)));
            self.spawned.set(Some(spawned));
            (fiber, pause) = executor.resume(fiber);
        }
        executor.end_step(fiber, pause);
        if matches!(pause, Pause::Preempted | Pause::Parked) {
            self.switching
                .set((pause == Pause::Preempted).then_some(me.slot));
        }
        let goes_on = matches!(
            pause,
            Pause::Pending | Pause::Preempted | Pause::Parked | Pause::Stuck
        );
        if goes_on && !executor.state.borrow().ready.contains(me.slot) {
            sleep();
        }
        goes_on
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
            if !self.executor.closing.begun() {
                self.executor.pulse.intends(op, site);
                if matches!(op, Op::Yield | Op::YieldThread) {
                    state.yielded(me.slot);
                    ExecutionState::request_yield();
                }
                let spins = state.run.steps >= state.run.slice_end + SPIN_PATIENCE;
                let preempts = self.preempt.get() && !state.no_preempt();
                let leaves = preempts || spins || op == Op::YieldThread;
                // A stack that is being unwound cannot be left.
                if std::thread::panicking() || !leaves {
                    state.begin_step();
                    return;
                }
            }
        }
        if self.executor.closing.begun() {
            self.executor.switch_while_closing(me);
        } else {
            self.executor.suspend(Pause::Preempted);
        }
    }

    /// Suspends the current task until it is woken, in the middle of its poll if need be.
    pub(crate) fn park(&self, me: TaskRef) {
        let executor = &self.executor;
        if executor.closing.begun() {
            return executor.park(me);
        }
        if std::mem::take(&mut executor.state.borrow_mut().slots.at(me.slot).woken) {
            return;
        }
        let unwinding = if std::thread::panicking() {
            match executor.take_unwinding(me) {
                Some(unwinding) => Some(unwinding),
                None => return executor.close_blocker(me),
            }
        } else {
            None
        };
        executor.state.borrow_mut().tracker.parked(me, true);
        executor.suspend(Pause::Parked);
        executor.state.borrow_mut().tracker.parked(me, false);
        if let Some(unwinding) = unwinding {
            executor.go_on_unwinding(me, unwinding);
        }
    }

    /// Lets Shuttle's scheduler choose.
    fn switch_away(&self, id: TaskId) {
        thread::switch();
        self.await_turn(id);
    }

    /// While the run is taken down only the target goes on, whatever a scheduler says that is not
    /// this engine's.
    fn await_turn(&self, id: TaskId) {
        while self.executor.closing.begun() && self.target.get() != Some(id) {
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

    /// Makes the task in `slot` runnable for Shuttle, unless Shuttle's has returned.
    fn unblock(&self, slot: u32) {
        if let Some(id) = self.id_of(slot)
            && self.task_of(id).is_some()
        {
            ExecutionState::with(|state| state.get_mut(id).unblock());
        }
    }

    /// The run is over: lets Shuttle's tasks return, one after the other, so that Shuttle keeps their
    /// stacks for the next.
    fn release(&self) {
        let left = self.names.borrow().left();
        for id in left {
            ExecutionState::with(|state| state.get_mut(id).unblock());
            self.target.set(Some(id));
            while self.task_of(id).is_some() {
                thread::switch();
            }
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
        let nobody = state.ready.is_empty().then_some(Next::Nothing);
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

    /// This one of Shuttle's returns.
    fn leave(&mut self, id: TaskId) {
        self.of_id[usize::from(id)] = None;
    }

    /// Those that have not returned.
    fn left(&self) -> Vec<TaskId> {
        let of_id = self.of_id.iter().enumerate();
        of_id
            .filter_map(|(index, task)| task.map(|_| TaskId::from(index)))
            .collect()
    }
}

impl JobServer for Machine {
    /// Who goes on is for Shuttle to say.
    fn job_done(&self, pause: Pause, _: &JobSlot) -> bool {
        self.executor.rest(pause)
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
            while self.stay.get() > 0 {
                // A scheduler that is not this engine's has chosen: the step is not over.
                ExecutionState::request_yield();
                thread::switch();
            }
            let state = &*self.executor.state.borrow();
            if self.due(state).is_none() && state.may_fire() {
                // Chosen although others are ready: somebody is slow, and a timer beats them.
                return Next::Fire;
            }
        }
    }

    fn wake(&self, word: usize) {
        self.woken(word);
    }

    fn close(&self) -> u32 {
        let abandoned = self.executor.close();
        self.release();
        abandoned
    }
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("executor", &self.executor)
            .finish_non_exhaustive()
    }
}
