//! Priorities of tasks: the highest ready one runs, and any task can drop below all others.

use std::collections::BinaryHeap;

use standstill_model::random::Random;

use crate::strategy::View;

/// Priorities by slot, and the ready ones in a heap.
#[derive(Debug)]
pub(super) struct Priorities {
    priorities: Vec<u64>,
    /// Ready tasks by priority. Outdated entries are dropped when they reach the top.
    heap: BinaryHeap<(u64, u32)>,
    queued: Vec<bool>,
    /// The next priority below all existing ones.
    lowest: u64,
}

/// Drawn priorities lie above this, those of tasks that are held back lie below it.
const HELD: u64 = 1 << 33;

/// Priorities of dropped tasks count down from this.
const DROPPED: u64 = 1 << 32;

impl Default for Priorities {
    fn default() -> Self {
        Self {
            priorities: Vec::new(),
            heap: BinaryHeap::new(),
            queued: Vec::new(),
            lowest: DROPPED,
        }
    }
}

impl Priorities {
    /// A new task: it draws a priority.
    pub(super) fn spawned(&mut self, slot: u32, random: &mut Random) {
        let index = slot as usize;
        if index >= self.priorities.len() {
            self.priorities.resize(index + 1, 0);
            self.queued.resize(index + 1, false);
        }
        // Distinct: the slot's serial draw decides, and 31 random bits rarely meet.
        self.priorities[index] = HELD + (random.next() >> 24);
        self.queued[index] = false;
    }

    /// The task became ready.
    pub(super) fn woken(&mut self, slot: u32) {
        let index = slot as usize;
        if !self.queued[index] {
            self.queued[index] = true;
            self.heap.push((self.priorities[index], slot));
        }
    }

    /// The ready task with the highest priority. Its entry stays in the heap.
    pub(super) fn highest(&mut self, view: &View<'_>) -> Option<u32> {
        while let Some(&(priority, slot)) = self.heap.peek() {
            let index = slot as usize;
            if priority == self.priorities[index] && view.ready.contains(slot) {
                return Some(slot);
            }
            self.heap.pop();
            if priority == self.priorities[index] {
                self.queued[index] = false;
            }
        }
        None
    }

    /// Moves the task below all others.
    pub(super) fn drop_below_all(&mut self, slot: u32) {
        self.lowest -= 1;
        self.change(slot, self.lowest);
    }

    /// Moves the task below all others except those that were dropped. Each of the tasks held back is
    /// equally likely to be the next.
    pub(super) fn hold_back(&mut self, slot: u32, random: &mut Random) {
        self.change(slot, DROPPED + (random.next() >> 32));
    }

    fn change(&mut self, slot: u32, priority: u64) {
        self.priorities[slot as usize] = priority;
        self.queued[slot as usize] = false;
        self.woken(slot);
    }
}
