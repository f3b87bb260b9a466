//! `surw`: the selectively uniform random walk (Zhao, Wolff, Mathur, Roychoudhury: "Selectively
//! uniform concurrency testing", ASPLOS 2025).
//!
//! A few operations are *interesting*: here those on resources of one or two classes that more than one
//! task used in the profiling run. The classes are drawn again for each seed. The task that makes the
//! next interesting operation is drawn with a probability in proportion to how many each task still has
//! to make. The other tasks stop before their interesting operations until then. All other steps are a
//! random walk. If the counts are right and no task waits for another, every interleaving of the
//! interesting operations is equally likely, however many other operations there are.

use std::rc::Rc;

use standstill_model::random::Random;

use crate::strategy::profile::{Class, Profile};
use crate::strategy::weights::Weights;
use crate::strategy::{Event, Observer, Pick, Scheduler, View};

/// The walk.
#[derive(Debug)]
pub(super) struct Surw {
    random: Random,
    profile: Rc<Profile>,
    interesting: Vec<Class>,
    weights: Weights,
    /// The task that makes the next interesting operation.
    intended: Option<u32>,
}

/// The most classes that are drawn.
const MOST_CLASSES: u32 = 2;

/// One choice in this many fires the earliest timer, where one is armed.
const FIRE_ONE_IN: u32 = 32;

impl Surw {
    pub(super) fn new(seed: u64, profile: Rc<Profile>) -> Self {
        let mut random = Random::new(seed);
        Self {
            interesting: profile.draw(&mut random, MOST_CLASSES),
            random,
            profile,
            weights: Weights::default(),
            intended: None,
        }
    }

    fn hand_down(&mut self, view: &View<'_>) {
        let (profile, interesting) = (&self.profile, &self.interesting);
        self.weights
            .hand_down(view, |slot| profile.operations(view, slot, interesting));
    }

    fn is_interesting(&self, view: &View<'_>, slot: u32) -> bool {
        Class::of(view, view.pending(slot)).is_some_and(|class| self.interesting.contains(&class))
    }

    fn runs(&mut self, view: &View<'_>, slot: u32) {
        if self.is_interesting(view, slot) {
            self.weights.spend(slot);
            self.intended = None;
        }
    }
}

impl Scheduler for Surw {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        self.hand_down(view);
        if view.may_fire && self.random.below(FIRE_ONE_IN) == 0 {
            return Pick::Timer;
        }
        if self.intended.is_none() {
            let weights = &self.weights;
            self.intended =
                weights.draw(&mut self.random, view.ready.iter(), |slot| weights.of(slot));
        }
        let goes = |this: &Self, slot: u32| {
            this.intended == Some(slot) || !this.is_interesting(view, slot)
        };
        let going = view.ready.iter().filter(|slot| goes(self, *slot)).count();
        let slot = if going > 0 {
            let at = self.random.below(u32::try_from(going).unwrap_or(u32::MAX));
            let mut going = view.ready.iter().filter(|slot| goes(self, *slot));
            going.nth(at as usize)
        } else {
            // All ready tasks are about to make an interesting operation, and the intended one waits for
            // them.
            let weights = &self.weights;
            weights.draw(&mut self.random, view.ready.iter(), |slot| {
                weights.of(slot).max(1)
            })
        };
        let Some(slot) = slot else {
            return view.fallback();
        };
        self.runs(view, slot);
        Pick::Task(slot)
    }

    fn number(&mut self, bound: u32) -> u32 {
        self.random.below(bound)
    }
}

impl Observer for Surw {
    fn on(&mut self, event: &Event<'_>) {
        match *event {
            Event::Spawned(slot) => {
                self.weights.spawned(slot);
                // The slot was another task's before.
                self.intended = self.intended.filter(|intended| *intended != slot);
            }
            Event::Forced { view, slot } => {
                self.hand_down(view);
                self.runs(view, slot);
            }
            _ => {}
        }
    }
}
