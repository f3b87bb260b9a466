//! What `urw` and `surw` need to know beforehand: how many steps each task will make, and on what.
//!
//! It is counted in a trial: a run under `random` from one of a few fixed seeds, which the plan's
//! own seed names. So the counts follow from program, load and seed, whatever ran before, and a
//! token means the same run everywhere.

use std::collections::BTreeMap;

use standstill_model::random::{Random, schedule_seed};
use standstill_rt::op::ResourceKind;
use standstill_rt::site::Site;
use standstill_rt::task::TaskPath;

use crate::strategy::{Pending, Pick, Strategy, View};

/// How many trials there are for each load.
pub const TRIALS: u64 = 4;

/// Which of the trials a seed belongs to.
pub fn trial_of(seed: u64) -> u64 {
    seed % TRIALS
}

/// One choice in this many fires the earliest timer, where one is armed.
const FIRE_ONE_IN: u32 = 32;

/// Resources of one kind that are made in one place, for what a program does with the one it does
/// with the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    kind: ResourceKind,
    site: Site,
}

impl Class {
    /// Where this operation goes to.
    pub fn of(view: &View<'_>, pending: Pending) -> Option<Self> {
        let info = view.tracker.info(pending.resource()?);
        Some(Self {
            kind: info.kind,
            site: info.site,
        })
    }
}

/// What a task did in the trial.
#[derive(Clone, Debug, Default)]
struct Deeds {
    steps: u32,
    /// Operations by class, the index into [`Census::classes`].
    operations: Vec<u32>,
    /// The same with all that its descendants did.
    steps_below: u32,
    operations_below: Vec<u32>,
}

/// The counts of a trial.
#[derive(Clone, Debug, Default)]
pub struct Census {
    classes: Vec<Class>,
    by_path: BTreeMap<TaskPath, Deeds>,
    /// A task that the trial did not have counts as the first one that was spawned in its place.
    by_origin: Vec<((&'static str, Site), TaskPath)>,
}

impl Census {
    fn deeds(&self, view: &View<'_>, slot: u32) -> Option<&Deeds> {
        let path = view.tracker.path(slot);
        self.by_path.get(path).or_else(|| {
            let origin = view.tracker.origin(slot);
            let (_, path) = self.by_origin.iter().find(|(known, _)| *known == origin)?;
            self.by_path.get(path)
        })
    }

    /// The steps of a new task and of all that come from it; 1 if nothing is known of it.
    pub fn steps(&self, view: &View<'_>, slot: u32) -> u32 {
        self.deeds(view, slot).map_or(1, |deeds| deeds.steps_below)
    }

    /// The operations of a new task, and of all that come from it, on these classes.
    pub fn operations(&self, view: &View<'_>, slot: u32, on: &[Class]) -> u32 {
        let Some(deeds) = self.deeds(view, slot) else {
            return 0;
        };
        let counts = deeds.operations_below.iter().zip(&self.classes);
        counts
            .filter(|(_, class)| on.contains(class))
            .map(|(count, _)| count)
            .sum()
    }

    /// A few of the classes that more than one task used.
    pub fn draw(&self, random: &mut Random, most: u32) -> Vec<Class> {
        let users = |class: usize| {
            let used = |deeds: &&Deeds| deeds.operations.get(class).is_some_and(|n| *n > 0);
            self.by_path.values().filter(used).count()
        };
        let mut shared: Vec<Class> = (0..self.classes.len())
            .filter(|class| users(*class) > 1)
            .map(|class| self.classes[class])
            .collect();
        let mut drawn = Vec::new();
        for _ in 0..1 + random.below(most) {
            if !shared.is_empty() {
                let at = random.below(u32::try_from(shared.len()).unwrap_or(u32::MAX));
                drawn.push(shared.swap_remove(at as usize));
            }
        }
        drawn
    }
}

/// `random`, counting.
#[derive(Debug)]
pub struct Trial {
    random: Random,
    census: Census,
    /// By slot: the task's path.
    paths: Vec<Option<TaskPath>>,
}

impl Trial {
    pub fn new(number: u64) -> Self {
        Self {
            random: Random::new(schedule_seed(0, number)),
            census: Census::default(),
            paths: Vec::new(),
        }
    }

    fn count(&mut self, view: &View<'_>, slot: u32) {
        let path = &mut self.paths[slot as usize];
        let path = path.get_or_insert_with(|| view.tracker.path(slot).clone());
        let census = &mut self.census;
        if !census.by_path.contains_key(path) {
            let origin = view.tracker.origin(slot);
            if !census.by_origin.iter().any(|(known, _)| *known == origin) {
                census.by_origin.push((origin, path.clone()));
            }
            census.by_path.insert(path.clone(), Deeds::default());
        }
        let Some(deeds) = census.by_path.get_mut(path) else {
            return;
        };
        deeds.steps += 1;
        if let Some(class) = Class::of(view, view.pending(slot)) {
            let known = census.classes.iter().position(|known| *known == class);
            let at = known.unwrap_or_else(|| {
                census.classes.push(class);
                census.classes.len() - 1
            });
            if deeds.operations.len() <= at {
                deeds.operations.resize(at + 1, 0);
            }
            deeds.operations[at] += 1;
        }
    }

    /// Adds to each task what its descendants did.
    fn finish(mut self) -> Census {
        let own: Vec<(TaskPath, Deeds)> = self
            .census
            .by_path
            .iter()
            .map(|(path, deeds)| (path.clone(), deeds.clone()))
            .collect();
        for (path, deeds) in own {
            let children = path.as_slice();
            for length in 0..=children.len() {
                let ancestor = TaskPath::from(children[..length].to_vec());
                let Some(ancestor) = self.census.by_path.get_mut(&ancestor) else {
                    continue;
                };
                ancestor.steps_below += deeds.steps;
                let sums = &mut ancestor.operations_below;
                sums.resize(sums.len().max(deeds.operations.len()), 0);
                for (sum, count) in sums.iter_mut().zip(&deeds.operations) {
                    *sum += count;
                }
            }
        }
        self.census
    }
}

impl Strategy for Trial {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        if view.may_fire && self.random.below(FIRE_ONE_IN) == 0 {
            return Pick::Timer;
        }
        let k = self.random.below(view.ready.len());
        let slot = view.ready.nth(k).unwrap_or(0);
        self.count(view, slot);
        Pick::Task(slot)
    }

    fn number(&mut self, bound: u32) -> u32 {
        self.random.below(bound)
    }

    fn spawned(&mut self, slot: u32) {
        let index = slot as usize;
        if index >= self.paths.len() {
            self.paths.resize(index + 1, None);
        }
        self.paths[index] = None;
    }

    fn forced(&mut self, view: &View<'_>, slot: u32) -> Pick {
        self.count(view, slot);
        Pick::Task(slot)
    }

    fn census(self: Box<Self>) -> Option<Census> {
        Some(self.finish())
    }
}
