//! Priorities of tasks: the highest ready one runs, and any can drop below all others.

use std::collections::BinaryHeap;

use standstill_model::random::Random;

use crate::strategy::View;

/// Priorities by slot, and the ready ones in a heap.
#[derive(Debug)]
pub(super) struct Priorities {
    priorities: Vec<u64>,
    /// Ready tasks by priority. Entries that are out of date are dropped when they surface.
    heap: BinaryHeap<(u64, u32)>,
    queued: Vec<bool>,
    /// The next priority below all others.
    lowest: u64,
}

/// Drawn priorities lie above this, those of tasks that are held back below it.
const HELD: u64 = 1 << 33;

/// Those of dropped tasks count down from this.
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

    /// The ready task of the highest priority. Its entry stays in the heap.
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

    /// All others go before the task.
    pub(super) fn drop_below_all(&mut self, slot: u32) {
        self.lowest -= 1;
        self.change(slot, self.lowest);
    }

    /// All others but those dropped go before the task, and of those held back any is as likely to
    /// be the next as any other.
    pub(super) fn hold_back(&mut self, slot: u32, random: &mut Random) {
        self.change(slot, DROPPED + (random.next() >> 32));
    }

    fn change(&mut self, slot: u32, priority: u64) {
        self.priorities[slot as usize] = priority;
        self.queued[slot as usize] = false;
        self.woken(slot);
    }
}
