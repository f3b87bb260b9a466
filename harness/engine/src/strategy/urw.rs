//! `urw`: the uniform random walk (Zhao, Wolff, Mathur, Roychoudhury: "Selectively uniform
//! concurrency testing", ASPLOS 2025).
//!
//! A ready task runs with a probability in proportion to the steps that it and its descendants still
//! have to make. If those counts are right, and no task waits for another, every interleaving is equally
//! likely; a plain random walk favours those in which a short task finishes early. The counts are those
//! of a profiling run, see [`profile`](super::profile).

use std::rc::Rc;

use standstill_model::random::Random;

use crate::strategy::profile::Profile;
use crate::strategy::weights::Weights;
use crate::strategy::{Event, Observer, Pick, Scheduler, View};

/// The walk.
#[derive(Debug)]
pub(super) struct Urw {
    random: Random,
    profile: Rc<Profile>,
    weights: Weights,
}

/// One choice in this many fires the earliest timer, where one is armed.
const FIRE_ONE_IN: u32 = 32;

impl Urw {
    pub(super) fn new(seed: u64, profile: Rc<Profile>) -> Self {
        Self {
            random: Random::new(seed),
            profile,
            weights: Weights::default(),
        }
    }

    fn hand_down(&mut self, view: &View<'_>) {
        let profile = &self.profile;
        self.weights
            .hand_down(view, |slot| profile.steps(view, slot));
    }
}

impl Scheduler for Urw {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        self.hand_down(view);
        if view.may_fire && self.random.below(FIRE_ONE_IN) == 0 {
            return Pick::Timer;
        }
        // A task that has made more steps than predicted counts as having one more.
        let weights = &self.weights;
        let drawn = weights.draw(&mut self.random, view.ready.iter(), |slot| {
            weights.of(slot).max(1)
        });
        let Some(slot) = drawn else {
            return view.fallback();
        };
        self.weights.spend(slot);
        Pick::Task(slot)
    }

    fn number(&mut self, bound: u32) -> u32 {
        self.random.below(bound)
    }
}

impl Observer for Urw {
    fn on(&mut self, event: &Event<'_>) {
        match *event {
            Event::Spawned(slot) => self.weights.spawned(slot),
            Event::Forced { view, slot } => {
                self.hand_down(view);
                self.weights.spend(slot);
            }
            _ => {}
        }
    }
}
