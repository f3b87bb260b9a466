//! Where the tasks of a run are kept.

use std::any::Any;
use std::pin::Pin;

use crate::engine::explore::fiber::Fiber;
use crate::engine::explore::inbox::MOST_TASKS;
use crate::engine::pulse::Identity;
use crate::host::{PollScoped, TaskBody};
use crate::task::{TaskKind, TaskRef};

/// Where a slot's task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// There is none.
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

/// A task, or the place of one that has ended.
pub(crate) struct Slot {
    pub(crate) phase: Phase,
    pub(crate) task: TaskRef,
    /// What its wakers are known by.
    pub(crate) stamp: u64,
    pub(crate) kind: TaskKind,
    pub(crate) begun: bool,
    /// How many `block_in_place` it is in.
    pub(crate) may_block: u32,
    /// Woken since its poll began, or since it was last suspended in one.
    pub(crate) woken: bool,
    /// Woken since its poll began: to be polled again, whatever it was suspended for meanwhile.
    pub(crate) poll_again: bool,
    /// It was to be polled again before it held an operation back.
    pub(crate) held_again: bool,
    pub(crate) aborted: bool,
    pub(crate) identity: &'static Identity,
    pub(crate) body: Option<Pin<Box<dyn TaskBody>>>,
    pub(crate) fiber: Option<Fiber>,
    /// What is in thread-locals for the poll that is running, the outermost first.
    pub(crate) scopes: Vec<&'static dyn PollScoped>,
    /// What was in them when the poll was suspended, the innermost first.
    pub(crate) put_aside: Vec<Box<dyn Any>>,
}

/// The slots of a run. A vacant one is used again.
#[derive(Default)]
pub(crate) struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Slots {
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.free.clear();
    }

    pub(crate) fn count(&self) -> usize {
        self.slots.len()
    }

    /// The slot that the next task goes into.
    ///
    /// # Panics
    ///
    /// If the program spawns without bound.
    pub(crate) fn next_free(&mut self) -> u32 {
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

    /// Puts a task into the slot that [`Slots::next_free`] named.
    pub(crate) fn put(
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

    /// Whether the task in `slot` is in the middle of a poll.
    pub(crate) fn in_poll(&self, slot: u32) -> bool {
        matches!(
            self.slots[slot as usize].phase,
            Phase::Running | Phase::Preempted
        )
    }

    /// Whether there is a task in `slot` that is not in the middle of a poll.
    pub(crate) fn rests(&self, slot: u32) -> bool {
        let slot = self.slots.get(slot as usize);
        slot.is_some_and(|slot| slot.phase == Phase::Idle)
    }

    /// Gives a slot back.
    pub(crate) fn give(&mut self, slot: u32) {
        self.free.push(slot);
    }

    #[inline]
    pub(crate) fn at(&mut self, slot: u32) -> &mut Slot {
        &mut self.slots[slot as usize]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut Slot> {
        self.slots.get_mut(slot as usize)
    }

    /// The tasks that have not ended, in slot order.
    pub(crate) fn living(&self) -> Vec<TaskRef> {
        self.slots
            .iter()
            .filter(|slot| slot.phase != Phase::Vacant)
            .map(|slot| slot.task)
            .collect()
    }
}
