//! `random`: every ready task is equally likely at every switch point.

use crate::engine::explore::ReadySet;
use crate::random::DrawnAhead;
use crate::strategy::Pick;

/// A random walk over the schedules.
#[derive(Debug)]
pub(crate) struct RandomWalk {
    random: DrawnAhead,
}

/// One choice in this many fires the earliest timer, where one is armed.
const FIRE_ONE_IN: u32 = 32;

impl RandomWalk {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: DrawnAhead::new(seed),
        }
    }

    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    pub(crate) fn walk(&mut self, ready: &ReadySet, may_fire: bool) -> Pick {
        if may_fire && self.random.below(FIRE_ONE_IN) == 0 {
            return Pick::Timer;
        }
        let k = self.random.below(ready.len());
        Pick::Task(ready.nth(k).unwrap_or(0))
    }

    pub(crate) fn number(&mut self, bound: u32) -> u32 {
        self.random.below(bound)
    }
}
