//! `pct:D`: probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: "A
//! randomized scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010).
//!
//! Tasks get random distinct priorities and the highest ready one runs. At D-1 change points,
//! drawn from the first k choices, and where it yields, the running task drops below all others. A bug of depth D in a
//! program of n tasks and k choices is found with a probability of at least 1/(n k^(D-1)).
//!
//! k is a power of two drawn from the seed, not the length of earlier runs: a seed means the same run
//! whatever ran before it. Only real choices count, those with two or more ready tasks.

use standstill_model::random::Random;

use crate::strategy::priorities::Priorities;
use crate::strategy::{Event, Observer, Pick, Scheduler, View};

/// Priorities that change at a few choices.
#[derive(Debug)]
pub(super) struct Pct {
    random: Random,
    /// The choices at which the running task drops, in descending order.
    changes: Vec<u32>,
    choices: u32,
    priorities: Priorities,
}

/// k is two to the power of one of these.
const LENGTH_EXPONENTS: std::ops::Range<u32> = 4..12;

/// One choice in this many fires the earliest timer, where one is armed.
const FIRE_ONE_IN: u32 = 64;

impl Pct {
    pub(super) fn new(seed: u64, depth: u8) -> Self {
        let mut random = Random::new(seed);
        let exponent =
            LENGTH_EXPONENTS.start + random.below(LENGTH_EXPONENTS.end - LENGTH_EXPONENTS.start);
        let mut changes: Vec<u32> = (1..depth).map(|_| random.below(1 << exponent)).collect();
        changes.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            random,
            changes,
            choices: 0,
            priorities: Priorities::default(),
        }
    }
}

impl Scheduler for Pct {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        if view.may_fire && self.random.below(FIRE_ONE_IN) == 0 {
            return Pick::Timer;
        }
        if view.ready.len() > 1 {
            self.choices += 1;
            while self.changes.last().is_some_and(|at| *at < self.choices) {
                self.changes.pop();
                // The task that would go on is the one that drops.
                if let Some(running) = self.priorities.highest(view) {
                    self.priorities.drop_below_all(running);
                }
            }
        }
        self.priorities
            .highest(view)
            .map_or_else(|| view.fallback(), Pick::Task)
    }

    fn number(&mut self, bound: u32) -> u32 {
        self.random.below(bound)
    }

    fn yielded(&mut self, slot: u32) {
        self.priorities.drop_below_all(slot);
    }
}

impl Observer for Pct {
    fn on(&mut self, event: &Event<'_>) {
        match *event {
            Event::Spawned(slot) => self.priorities.spawned(slot, &mut self.random),
            Event::Woken(slot) => self.priorities.woken(slot),
            _ => {}
        }
    }
}
