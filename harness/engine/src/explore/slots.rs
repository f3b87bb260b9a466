//! Storage for the tasks of a run.

use std::any::Any;
use std::fmt;
use std::pin::Pin;

use standstill_rt::host::{PollScoped, TaskBody};
use standstill_rt::panics::Said;
use standstill_rt::task::{TaskKind, TaskRef};

use crate::explore::fiber::Fiber;
use crate::explore::inbox::MOST_TASKS;
use crate::pulse::Identity;
use crate::strategy::Polls;

/// The state of a slot's task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// There is no task.
    Vacant,
    /// Between two polls.
    Idle,
    /// In the poll that is running.
    Running,
    /// Suspended inside a poll, ready to go on.
    Preempted,
    /// Blocked inside a poll: suspended until it is woken.
    Parked,
}

/// A task, or the vacant slot of one that has ended.
pub struct Slot {
    pub phase: Phase,
    pub task: TaskRef,
    /// Identifies the task in its wakers.
    pub stamp: u64,
    pub kind: TaskKind,
    pub begun: bool,
    /// How many nested `block_in_place` calls it is in.
    pub may_block: u32,
    /// Woken since its poll began, or since it was last suspended in one.
    pub woken: bool,
    /// Woken since its poll began: it will be polled again, whatever it was suspended for meanwhile.
    pub poll_again: bool,
    /// The value of `poll_again` before it held an operation back.
    pub held_again: bool,
    pub aborted: bool,
    /// The last step in which it yielded.
    pub yielded: u64,
    /// Suspended in a destructor, while it was being unwound by a panic that said this.
    pub unwinding: Option<Option<Said>>,
    pub identity: &'static Identity,
    pub body: Option<Pin<Box<dyn TaskBody>>>,
    pub fiber: Option<Fiber>,
    /// The scopes in thread-locals for the running poll, the outermost first.
    pub scopes: Vec<&'static dyn PollScoped>,
    /// The values of these scopes from when the poll was suspended, the innermost first.
    pub put_aside: Vec<Box<dyn Any>>,
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("phase", &self.phase)
            .field("task", &self.task)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The slots of a run. Vacant slots are reused.
#[derive(Debug, Default)]
pub struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Slots {
    pub fn clear(&mut self) {
        self.slots.clear();
        self.free.clear();
    }

    pub fn count(&self) -> usize {
        self.slots.len()
    }

    /// The slot that the next task goes into.
    ///
    /// # Panics
    ///
    /// If the program spawns without bound.
    pub fn next_free(&mut self) -> u32 {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => u32::try_from(self.slots.len()).unwrap_or(u32::MAX),
        };
        assert!(
            slot < MOST_TASKS,
            "more than {MOST_TASKS} tasks alive in one run; the program spawns without bound"
        );
        slot
    }

    /// Puts a task into the slot that [`Slots::next_free`] returned.
    pub fn put(
        &mut self,
        task: TaskRef,
        stamp: u64,
        kind: TaskKind,
        identity: &'static Identity,
        body: Pin<Box<dyn TaskBody>>,
    ) {
        let (scopes, put_aside) = match self.slots.get_mut(task.slot as usize) {
            Some(before) => (
                std::mem::take(&mut before.scopes),
                std::mem::take(&mut before.put_aside),
            ),
            None => (Vec::new(), Vec::new()),
        };
        let slot = Slot {
            phase: Phase::Idle,
            task,
            stamp,
            kind,
            begun: false,
            may_block: 0,
            woken: false,
            poll_again: false,
            held_again: false,
            aborted: false,
            yielded: 0,
            unwinding: None,
            identity,
            body: Some(body),
            fiber: None,
            scopes,
            put_aside,
        };
        match self.slots.get_mut(task.slot as usize) {
            Some(place) => *place = slot,
            None => self.slots.push(slot),
        }
    }

    /// Frees a slot.
    pub fn give(&mut self, slot: u32) {
        self.free.push(slot);
    }

    #[inline]
    pub fn at(&mut self, slot: u32) -> &mut Slot {
        &mut self.slots[slot as usize]
    }

    #[inline]
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Slot> {
        self.slots.get_mut(slot as usize)
    }

    /// The tasks that have not ended, in slot order.
    pub fn living(&self) -> Vec<TaskRef> {
        self.slots
            .iter()
            .filter(|slot| slot.phase != Phase::Vacant)
            .map(|slot| slot.task)
            .collect()
    }
}

impl Polls for Slots {
    fn in_poll(&self, slot: u32) -> bool {
        matches!(
            self.slots[slot as usize].phase,
            Phase::Running | Phase::Preempted
        )
    }

    fn rests(&self, slot: u32) -> bool {
        let slot = self.slots.get(slot as usize);
        slot.is_some_and(|slot| slot.phase == Phase::Idle)
    }
}
