//! `random`: every ready task is equally likely at every switch point.

use standstill_model::random::DrawnAhead;

use crate::strategy::Pick;
use crate::strategy::ready::ReadySet;

/// A random walk over the schedules.
#[derive(Debug)]
pub struct RandomWalk {
    random: DrawnAhead,
}

/// One choice in this many fires the earliest timer, where one is armed.
const FIRE_ONE_IN: u32 = 32;

impl RandomWalk {
    pub fn new(seed: u64) -> Self {
        Self {
            random: DrawnAhead::new(seed),
        }
    }

    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    pub fn walk(&mut self, ready: &ReadySet, may_fire: bool) -> Pick {
        if may_fire && self.random.below(FIRE_ONE_IN) == 0 {
            return Pick::Timer;
        }
        let k = self.random.below(ready.len());
        Pick::Task(ready.nth(k).unwrap_or(0))
    }

    pub fn number(&mut self, bound: u32) -> u32 {
        self.random.below(bound)
    }
}
