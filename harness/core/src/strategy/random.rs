//! `random`: every ready task is equally likely at every switch point.

use crate::random::Random;
use crate::strategy::{Pick, Strategy, View};

/// A random walk over the schedules.
#[derive(Debug)]
pub(crate) struct RandomWalk {
    random: Random,
}

/// One choice in this many fires the earliest timer, where one is armed.
const FIRE_ONE_IN: u32 = 32;

impl RandomWalk {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
        }
    }
}

impl Strategy for RandomWalk {
    #[inline(always)]
    fn pick(&mut self, view: &View<'_>) -> Pick {
        if view.may_fire && self.random.below(FIRE_ONE_IN) == 0 {
            return Pick::Timer;
        }
        let k = self.random.below(view.ready.len());
        view.ready
            .nth(k)
            .map_or_else(|| view.fallback(), Pick::Task)
    }

    fn number(&mut self, bound: u32) -> u32 {
        self.random.below(bound)
    }
}
