//! `pct:D`: probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: "A
//! randomized scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010).
//!
//! Tasks get random distinct priorities and the highest ready one runs. At D-1 change points,
//! drawn from the first k choices, and where it yields, the running task drops below all others. A bug of depth D in a
//! program of n tasks and k choices is found with a probability of at least 1/(n k^(D-1)).
//!
//! k is a power of two drawn from the seed, not the length of earlier runs: a seed means the same
//! run whatever ran before it. Only real choices count, those with two or more ready tasks.

use std::collections::BinaryHeap;

use crate::random::Random;
use crate::strategy::{Pick, Strategy, View};

/// Priorities by slot, and the ready ones in a heap.
#[derive(Debug)]
pub(crate) struct Pct {
    random: Random,
    /// The choices at which the running task drops, in falling order.
    changes: Vec<u32>,
    choices: u32,
    priorities: Vec<u64>,
    /// Ready tasks by priority. Entries that are out of date are dropped when they surface.
    heap: BinaryHeap<(u64, u32)>,
    queued: Vec<bool>,
    /// The next priority below all others.
    lowest: u64,
}

/// Drawn priorities lie above this; those of dropped tasks count down from it.
const DROPPED: u64 = 1 << 32;

/// k is two to the power of one of these.
const LENGTH_EXPONENTS: std::ops::Range<u32> = 4..12;

/// One choice in this many fires the earliest timer, where one is armed.
const FIRE_ONE_IN: u32 = 64;

impl Pct {
    pub(crate) fn new(seed: u64, depth: u8) -> Self {
        let mut random = Random::new(seed);
        let exponent =
            LENGTH_EXPONENTS.start + random.below(LENGTH_EXPONENTS.end - LENGTH_EXPONENTS.start);
        let mut changes: Vec<u32> = (1..depth).map(|_| random.below(1 << exponent)).collect();
        changes.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            random,
            changes,
            choices: 0,
            priorities: Vec::new(),
            heap: BinaryHeap::new(),
            queued: Vec::new(),
            lowest: DROPPED,
        }
    }

    fn enqueue(&mut self, slot: u32) {
        let index = slot as usize;
        if !self.queued[index] {
            self.queued[index] = true;
            self.heap.push((self.priorities[index], slot));
        }
    }

    /// The ready task of the highest priority. Its entry stays in the heap.
    fn highest(&mut self, view: &View<'_>) -> Option<u32> {
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

    fn drop_below_all(&mut self, slot: u32) {
        self.lowest -= 1;
        self.priorities[slot as usize] = self.lowest;
        self.queued[slot as usize] = false;
        self.enqueue(slot);
    }
}

impl Strategy for Pct {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        if view.may_fire && self.random.below(FIRE_ONE_IN) == 0 {
            return Pick::Timer;
        }
        if view.ready.len() > 1 {
            self.choices += 1;
            while self.changes.last().is_some_and(|at| *at < self.choices) {
                self.changes.pop();
                // The task that would go on is the one that drops.
                if let Some(running) = self.highest(view) {
                    self.drop_below_all(running);
                }
            }
        }
        self.highest(view)
            .map_or_else(|| view.fallback(), Pick::Task)
    }

    fn number(&mut self, bound: u32) -> u32 {
        self.random.below(bound)
    }

    fn spawned(&mut self, slot: u32) {
        let index = slot as usize;
        if index >= self.priorities.len() {
            self.priorities.resize(index + 1, 0);
            self.queued.resize(index + 1, false);
        }
        // Distinct: the slot's serial draw decides, and 31 random bits rarely meet.
        self.priorities[index] = DROPPED + (self.random.next() >> 24);
        self.queued[index] = false;
    }

    fn woken(&mut self, slot: u32) {
        self.enqueue(slot);
    }

    fn yielded(&mut self, slot: u32) {
        self.drop_below_all(slot);
    }
}
