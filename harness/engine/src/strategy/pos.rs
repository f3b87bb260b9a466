//! `pos`: partial order sampling (Yuan, Yang, Gu: "Partial order aware concurrency sampling", CAV
//! 2018).
//!
//! Every pending operation draws a priority when it is first seen, and the highest ready one runs. Then
//! the operations that race with it draw again: those on the same resource, unless both only read. Under
//! a random walk, a partial order of k steps among n tasks has a probability of at least n^-k, but the
//! walk also randomises the order of steps that are independent. Here, operations that do not race keep
//! their priorities, so their number does not affect the order of those that do. The bound is never
//! lower than that of the random walk, and it grows with the share of independent steps (theorem 2 of
//! the paper).

use standstill_model::random::Random;

use crate::strategy::{Event, Observer, Pick, Scheduler, View};

/// Priorities of pending operations, by slot. [`NONE`] where none was drawn.
#[derive(Debug)]
pub(super) struct Pos {
    random: Random,
    priorities: Vec<u64>,
}

const NONE: u64 = 0;

/// One choice in this many fires the earliest timer, where one is armed.
const FIRE_ONE_IN: u32 = 32;

impl Pos {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            priorities: Vec::new(),
        }
    }

    fn spawned(&mut self, slot: u32) {
        let index = slot as usize;
        if index >= self.priorities.len() {
            self.priorities.resize(index + 1, NONE);
        }
        self.priorities[index] = NONE;
    }

    fn priority(&mut self, slot: u32) -> u64 {
        let priority = &mut self.priorities[slot as usize];
        if *priority == NONE {
            *priority = self.random.next() | 1;
        }
        *priority
    }
}

impl Scheduler for Pos {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        if view.may_fire && self.random.below(FIRE_ONE_IN) == 0 {
            return Pick::Timer;
        }
        let mut best = (0, None);
        for slot in view.ready.iter() {
            let priority = self.priority(slot);
            if best.1.is_none() || priority > best.0 {
                best = (priority, Some(slot));
            }
        }
        let Some(chosen) = best.1 else {
            return view.fallback();
        };
        let runs = view.pending(chosen);
        for slot in view.ready.iter() {
            if slot == chosen || view.pending(slot).races_with(runs) {
                self.priorities[slot as usize] = NONE;
            }
        }
        Pick::Task(chosen)
    }

    fn number(&mut self, bound: u32) -> u32 {
        self.random.below(bound)
    }
}

impl Observer for Pos {
    fn on(&mut self, event: &Event<'_>) {
        match *event {
            Event::Spawned(slot) => self.spawned(slot),
            Event::Forced { slot, .. } => self.priorities[slot as usize] = NONE,
            _ => {}
        }
    }
}
