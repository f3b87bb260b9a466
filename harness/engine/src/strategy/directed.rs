//! `directed`: tasks are led into hold-and-wait, where standstills come from.
//!
//! Active testing as in Joshi, Park, Sen, Naik: "A randomized dynamic program analysis technique for
//! detecting real deadlocks" (PLDI 2009), and Sen: "Race directed random testing of concurrent
//! programs" (PLDI 2008), on top of priorities as in `pct`. There a first run says where to act; here
//! every place in the program is acted on in most runs, so that no run need come before.
//!
//! Tasks get random distinct priorities and the highest ready one runs, but for three rules:
//!
//! - a task that holds something and is about to lock more is held back: the others go first, and
//!   one of them may take what it wants;
//! - a task that holds something and is about to wait for somebody else's part (to send, to receive,
//!   to join) goes on, and those who play that part are starved: all others go before them, so that
//!   the channel is full, or empty, when it comes to it;
//! - a task that holds nothing and is about to wait for a signal or a value is held back: what is
//!   not kept for it is missed.
//!
//! Each place is drawn for once a run: the first two rules hold there with a chance of three in
//! four, the third with one in two. So tasks that all come by the same place are all held back there,
//! however many they are. Of those held back any is as likely to be the next. What a task does while
//! no other could run is not looked at.
//!
//! A cycle of n tasks, each of which locks once under a lock, in a place of its own, is entered with
//! a probability of at least (3/4)^(n-1), whatever the number of steps before it, provided that nobody
//! else takes these locks; `pct` has to hit on n-1 of all k steps. What is not in reach of the
//! rules is left to the priorities, which are those of `pct:1`.

use standstill_model::random::Random;
use standstill_rt::ids::ResourceId;
use standstill_rt::op::{Op, Side};
use standstill_rt::site::Site;

use crate::strategy::priorities::Priorities;
use crate::strategy::{Event, Observer, Pending, Pick, Scheduler, View};

/// Priorities that change where a wait may begin.
#[derive(Debug)]
pub(super) struct Directed {
    random: Random,
    priorities: Priorities,
    /// By slot: whether it was looked at what the task is about to do.
    looked_at: Vec<bool>,
    /// The places that were drawn for, and whether this run acts there.
    places: Vec<(Site, bool)>,
    /// By resource: the side of it that is starved.
    starved: Vec<Option<Side>>,
}

/// Of so many runs.
const OF: u32 = 4;

/// So many act on a place where something is held.
const ACT_UNDER_HOLD: u32 = 3;

/// So many act on a place where nothing is held.
const ACT_ELSE: u32 = 2;

/// One choice in this many fires the earliest timer, where one is armed.
const FIRE_ONE_IN: u32 = 64;

/// What is done about the task that would run.
enum Measure {
    /// It runs.
    Nothing,
    /// The others go first.
    HoldBack,
    /// The others go first, and all that were held back.
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

    /// Whether this run acts on what the task is about to do in this place.
    fn acts_on(&mut self, view: &View<'_>, slot: u32, chance: u32) -> bool {
        let Some(place) = view.tracker.announced_at(slot) else {
            return false;
        };
        // The line first, which is hardly ever that of another place.
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

    /// What to do about the task, which would run.
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

    /// From now on all others go before the tasks on this side of the resource, but not before
    /// `but`, if it is one of them.
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
            // One that was held back before this operation goes on when nobody else can.
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
