//! Profiles for `urw` and `surw`: how many steps each task will make, and on what.
//!
//! The counts come from a profiling run: a run under `random` with one of a few fixed seeds, which
//! follows from the plan's own seed. So the counts depend on the program, the load and the seed alone,
//! and a token means the same run everywhere.

use std::collections::BTreeMap;

use standstill_model::random::{Random, schedule_seed};
use standstill_rt::op::ResourceKind;
use standstill_rt::site::Site;
use standstill_rt::task::TaskPath;

use crate::strategy::{Event, Observer, Pending, Pick, Scheduler, Summary, View};

/// How many profiling runs there are for each load.
pub const PROFILING_RUNS: u64 = 4;

/// Which of the profiling runs a seed belongs to.
pub fn run_of(seed: u64) -> u64 {
    seed % PROFILING_RUNS
}

/// One choice in this many fires the earliest timer, where one is armed.
const FIRE_ONE_IN: u32 = 32;

/// Resources of one kind that are created in one place: a program usually treats them all alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    kind: ResourceKind,
    site: Site,
}

impl Class {
    /// The class of the resource that this operation is on.
    pub fn of(view: &View<'_>, pending: Pending) -> Option<Self> {
        let info = view.tracker.info(pending.resource()?);
        Some(Self {
            kind: info.kind,
            site: info.site,
        })
    }
}

/// What a task did in the profiling run.
#[derive(Clone, Debug, Default)]
struct TaskCounts {
    steps: u32,
    /// Operations by class, the index into [`Profile::classes`].
    operations: Vec<u32>,
    /// The same, including what all its descendants did.
    steps_below: u32,
    operations_below: Vec<u32>,
}

/// What a profiling run counted.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    classes: Vec<Class>,
    by_path: BTreeMap<TaskPath, TaskCounts>,
    /// A task that is not in the profiling run counts as the first one that was spawned at its place.
    by_origin: Vec<((&'static str, Site), TaskPath)>,
}

impl Profile {
    fn counts_of(&self, view: &View<'_>, slot: u32) -> Option<&TaskCounts> {
        let path = view.tracker.path(slot);
        self.by_path.get(path).or_else(|| {
            let origin = view.tracker.origin(slot);
            let (_, path) = self.by_origin.iter().find(|(known, _)| *known == origin)?;
            self.by_path.get(path)
        })
    }

    /// The steps of a new task and of all its descendants; 1 if nothing is known of it.
    pub fn steps(&self, view: &View<'_>, slot: u32) -> u32 {
        self.counts_of(view, slot)
            .map_or(1, |counts| counts.steps_below)
    }

    /// The operations of a new task, and of all its descendants, on these classes.
    pub fn operations(&self, view: &View<'_>, slot: u32, on: &[Class]) -> u32 {
        let Some(counts) = self.counts_of(view, slot) else {
            return 0;
        };
        let by_class = counts.operations_below.iter().zip(&self.classes);
        by_class
            .filter(|(_, class)| on.contains(class))
            .map(|(count, _)| count)
            .sum()
    }

    /// A few of the classes that more than one task used.
    pub fn draw(&self, random: &mut Random, most: u32) -> Vec<Class> {
        let users = |class: usize| {
            let used = |counts: &&TaskCounts| counts.operations.get(class).is_some_and(|n| *n > 0);
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

/// `random`, and counts steps.
#[derive(Debug)]
pub struct ProfilingRun {
    random: Random,
    profile: Profile,
    /// By slot: the task's path.
    paths: Vec<Option<TaskPath>>,
}

impl ProfilingRun {
    pub fn new(number: u64) -> Self {
        Self {
            random: Random::new(schedule_seed(0, number)),
            profile: Profile::default(),
            paths: Vec::new(),
        }
    }

    fn spawned(&mut self, slot: u32) {
        let index = slot as usize;
        if index >= self.paths.len() {
            self.paths.resize(index + 1, None);
        }
        self.paths[index] = None;
    }

    fn count(&mut self, view: &View<'_>, slot: u32) {
        let path = &mut self.paths[slot as usize];
        let path = path.get_or_insert_with(|| view.tracker.path(slot).clone());
        let profile = &mut self.profile;
        if !profile.by_path.contains_key(path) {
            let origin = view.tracker.origin(slot);
            if !profile.by_origin.iter().any(|(known, _)| *known == origin) {
                profile.by_origin.push((origin, path.clone()));
            }
            profile.by_path.insert(path.clone(), TaskCounts::default());
        }
        let Some(counts) = profile.by_path.get_mut(path) else {
            return;
        };
        counts.steps += 1;
        if let Some(class) = Class::of(view, view.pending(slot)) {
            let known = profile.classes.iter().position(|known| *known == class);
            let at = known.unwrap_or_else(|| {
                profile.classes.push(class);
                profile.classes.len() - 1
            });
            if counts.operations.len() <= at {
                counts.operations.resize(at + 1, 0);
            }
            counts.operations[at] += 1;
        }
    }

    /// Adds to each task what its descendants did.
    fn finish(&mut self) -> Profile {
        let mut profile = std::mem::take(&mut self.profile);
        let own: Vec<(TaskPath, TaskCounts)> = profile
            .by_path
            .iter()
            .map(|(path, counts)| (path.clone(), counts.clone()))
            .collect();
        for (path, counts) in own {
            let children = path.as_slice();
            for length in 0..=children.len() {
                let ancestor = TaskPath::from(children[..length].to_vec());
                let Some(ancestor) = profile.by_path.get_mut(&ancestor) else {
                    continue;
                };
                ancestor.steps_below += counts.steps;
                let sums = &mut ancestor.operations_below;
                sums.resize(sums.len().max(counts.operations.len()), 0);
                for (sum, count) in sums.iter_mut().zip(&counts.operations) {
                    *sum += count;
                }
            }
        }
        profile
    }
}

impl Scheduler for ProfilingRun {
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

    fn end(&mut self) -> Summary {
        Summary {
            profile: Some(self.finish()),
            ..Summary::default()
        }
    }
}

impl Observer for ProfilingRun {
    fn on(&mut self, event: &Event<'_>) {
        match *event {
            Event::Spawned(slot) => self.spawned(slot),
            Event::Forced { view, slot } => self.count(view, slot),
            _ => {}
        }
    }
}
