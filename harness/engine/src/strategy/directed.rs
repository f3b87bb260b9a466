//! `directed`: steers tasks into hold-and-wait, from which hangs arise.
//!
//! Active testing as in Joshi, Park, Sen, Naik: "A randomized dynamic program analysis technique for
//! detecting real deadlocks" (PLDI 2009), and Sen: "Race directed random testing of concurrent
//! programs" (PLDI 2008), on top of priorities as in `pct`. There, a first run determines where to act.
//! Here, most runs act at every place in the program, so that no earlier run is needed.
//!
//! Tasks get random distinct priorities and the highest ready one runs, with three exceptions:
//!
//! - A task that holds something and is about to lock more is held back: the other tasks go first, and
//!   one of them may acquire what it wants.
//! - A task that holds something and is about to wait for another task's action (to send, to receive, to
//!   join) goes on, and the tasks that perform that action are starved: all others go before them. So
//!   the channel is full, or empty, when the waiting task gets to it.
//! - A task that holds nothing and is about to wait for a signal or a value is held back: so it misses
//!   those that are not stored for it.
//!
//! Each run draws once for each place whether a rule applies there: with a probability of 3/4 for the
//! first two rules, and of 1/2 for the third. So if many tasks come to the same place, all of them are
//! held back there. Each of the tasks held back is equally likely to be the next. What a task does while
//! no other task could run is ignored.
//!
//! Take a cycle of n tasks, each of which acquires one lock while holding another, each at a place of
//! its own. It occurs with a probability of at least (3/4)^(n-1), whatever the number of steps before
//! it, provided that no other task takes these locks; `pct` has to choose the right n-1 of all k steps.
//! Bugs that the rules do not reach are left to the priorities, which are those of `pct:1`.

use standstill_model::random::Random;
use standstill_rt::ids::ResourceId;
use standstill_rt::op::{Op, Side};
use standstill_rt::site::Site;

use crate::strategy::priorities::Priorities;
use crate::strategy::{Event, Observer, Pending, Pick, Scheduler, View};

/// Priorities that change at places where a wait may begin.
#[derive(Debug)]
pub(super) struct Directed {
    random: Random,
    priorities: Priorities,
    /// By slot: whether the task's next operation has been considered.
    looked_at: Vec<bool>,
    /// The places that were drawn for, and whether this run acts there.
    places: Vec<(Site, bool)>,
    /// By resource: the side that is starved.
    starved: Vec<Option<Side>>,
}

/// The probabilities below are out of this many.
const OF: u32 = 4;

/// The probability of acting at a place where the task holds something.
const ACT_UNDER_HOLD: u32 = 3;

/// The probability of acting at a place where the task holds nothing.
const ACT_ELSE: u32 = 2;

/// One choice in this many fires the earliest timer, where one is armed.
const FIRE_ONE_IN: u32 = 64;

/// How the task that would run next is treated.
enum Measure {
    /// It runs.
    Nothing,
    /// The others go first.
    HoldBack,
    /// The others go first, including all that were held back.
    Starve,
}

impl Directed {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            priorities: Priorities::default(),
            looked_at: Vec::new(),
            places: Vec::new(),
            starved: Vec::new(),
        }
    }

    fn spawned(&mut self, slot: u32) {
        let index = slot as usize;
        if index >= self.looked_at.len() {
            self.looked_at.resize(index + 1, false);
        }
        self.looked_at[index] = false;
        self.priorities.spawned(slot, &mut self.random);
    }

    /// Whether this run acts on the next operation of the task at this place.
    fn acts_on(&mut self, view: &View<'_>, slot: u32, chance: u32) -> bool {
        let Some(place) = view.tracker.announced_at(slot) else {
            return false;
        };
        // Compares the line first: it nearly always differs between places.
        let is_here = |known: Site| known.line() == place.line() && known == place;
        if let Some((_, acts)) = self.places.iter().find(|(known, _)| is_here(known)) {
            return *acts;
        }
        let acts = self.random.below(OF) < chance;
        self.places.push((place, acts));
        acts
    }

    fn is_starved(&self, op: Op, resource: ResourceId) -> bool {
        self.starved.get(resource.0 as usize) == Some(&Some(op.plays()))
    }

    /// How to treat the task that would run next.
    fn measure(&mut self, view: &View<'_>, slot: u32) -> Measure {
        let Pending::Op(op, Some(resource)) = view.pending(slot) else {
            return Measure::Nothing;
        };
        if self.is_starved(op, resource) {
            return Measure::Starve;
        }
        let (chance, needed) = match (view.tracker.holds_any(slot), op.needs()) {
            (_, Side::Clock | Side::Unknown) => return Measure::Nothing,
            (true, needed) => (ACT_UNDER_HOLD, needed),
            (false, Side::Source) => (ACT_ELSE, Side::Holder),
            (false, _) => return Measure::Nothing,
        };
        if !self.acts_on(view, slot, chance) {
            return Measure::Nothing;
        }
        if needed == Side::Holder {
            return Measure::HoldBack;
        }
        self.starve(view, slot, resource, needed);
        Measure::Nothing
    }

    /// From now on all other tasks go before the tasks on this side of the resource. The task `but` is
    /// exempt, if it is one of them.
    fn starve(&mut self, view: &View<'_>, but: u32, resource: ResourceId, side: Side) {
        let index = resource.0 as usize;
        if index >= self.starved.len() {
            self.starved.resize(index + 1, None);
        }
        if self.starved[index].replace(side) == Some(side) {
            return;
        }
        for slot in view.tracker.living_users(resource, side) {
            if slot != but {
                self.priorities.drop_below_all(slot);
            }
        }
    }
}

impl Scheduler for Directed {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        if view.may_fire && self.random.below(FIRE_ONE_IN) == 0 {
            return Pick::Timer;
        }
        while let Some(slot) = self.priorities.highest(view) {
            // A task that was held back before this operation goes on when no other task can.
            let looked_at = std::mem::replace(&mut self.looked_at[slot as usize], true);
            let measure = if looked_at {
                Measure::Nothing
            } else {
                self.measure(view, slot)
            };
            match measure {
                Measure::Nothing => {
                    self.looked_at[slot as usize] = false;
                    return Pick::Task(slot);
                }
                Measure::HoldBack => self.priorities.hold_back(slot, &mut self.random),
                Measure::Starve => self.priorities.drop_below_all(slot),
            }
        }
        view.fallback()
    }

    fn number(&mut self, bound: u32) -> u32 {
        self.random.below(bound)
    }

    fn yielded(&mut self, slot: u32) {
        self.priorities.drop_below_all(slot);
    }
}

impl Observer for Directed {
    fn on(&mut self, event: &Event<'_>) {
        match *event {
            Event::Spawned(slot) => self.spawned(slot),
            Event::Woken(slot) => self.priorities.woken(slot),
            Event::Forced { slot, .. } => self.looked_at[slot as usize] = false,
            _ => {}
        }
    }
}
