//! The tree of choices, of which one path is in memory. It is explored statelessly by source sets
//! (Abdulla, Aronis, Jonsson, Sagonas: "Optimal dynamic partial order reduction", POPL 2014) with sleep
//! sets (Godefroid: "Partial-order methods for the verification of concurrent systems", 1996).

use crate::search::access::{Access, Accesses, Object, dependent};
use crate::search::few::Few;
use crate::search::trace::{Actor, Race};

/// How much of the tree is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// One path of each equivalence class.
    Reduced,
    /// Every path.
    Whole,
    /// Every path with at most this many preemptions.
    Preemptions(u32),
}

/// A set of actors that can make a step.
pub(super) type Actors = Few<Actor, 10>;

/// A task in the sleep set: its next step was explored, and no step since then depends on it.
#[derive(Clone, Debug)]
pub(super) struct Sleeper {
    actor: Actor,
    accesses: Accesses,
}

/// A node at which the next step was chosen.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) enabled: Actors,
    pub(super) chosen: Actor,
    /// The backtracking set: the actors to be tried here, in the order in which they were added.
    backtrack: Actors,
    sleep: Vec<Sleeper>,
    /// Everything that the chosen step was seen to touch.
    accesses: Accesses,
    /// The tasks and resources that existed before.
    tasks: u32,
    resources: u32,
    /// The actor that ran last, if it could go on.
    current: Option<Actor>,
    /// The preemptions up to here.
    preemptions: u32,
}

/// A node at which something was chosen.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "most are steps, and one is made for each step of an execution"
)]
pub(super) enum Node {
    Step(Step),
    /// A number below a bound.
    Number {
        bound: u32,
        value: u32,
    },
}

/// What is known of a node that is reached for the first time.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) enabled: Actors,
    /// The actor that goes first if possible: the current task, unless it yields.
    pub(super) preferred: Option<Actor>,
    pub(super) current: Option<Actor>,
    pub(super) tasks: u32,
    pub(super) resources: u32,
    /// A timer may fire early.
    pub(super) fires: bool,
}

/// The path that is in memory.
#[derive(Debug)]
pub(super) struct Tree {
    breadth: Breadth,
    pub(super) nodes: Vec<Node>,
    /// Nodes before this one were also in the previous execution.
    pub(super) fresh: usize,
}

impl Tree {
    pub(super) fn new(breadth: Breadth) -> Self {
        Self {
            breadth,
            nodes: Vec::new(),
            fresh: 0,
        }
    }

    /// Whether equivalent paths are skipped.
    pub(super) fn is_reduced(&self) -> bool {
        self.breadth == Breadth::Reduced
    }

    pub(super) fn step(&self, node: usize) -> Option<&Step> {
        match self.nodes.get(node) {
            Some(Node::Step(step)) => Some(step),
            _ => None,
        }
    }

    fn step_mut(&mut self, node: usize) -> Option<&mut Step> {
        match self.nodes.get_mut(node) {
            Some(Node::Step(step)) => Some(step),
            _ => None,
        }
    }

    /// The step at `node` touched these objects.
    pub(super) fn touched(&mut self, node: usize, accesses: &[Access]) {
        let Some(step) = self.step_mut(node) else {
            return;
        };
        for access in accesses {
            let access = match access.object {
                // The step's own children, which no other actor can know.
                Object::Wake(task) | Object::End(task) if task >= step.tasks => continue,
                Object::Resource(resource) if resource >= step.resources => Access::ALL,
                _ => *access,
            };
            if !step.accesses.contains(&access) {
                step.accesses.push(access);
            }
        }
    }

    /// All actors have to be tried at `node`.
    pub(super) fn widen(&mut self, node: usize) {
        if self.breadth == Breadth::Reduced
            && let Some(step) = self.step_mut(node)
        {
            step.backtrack.clone_from(&step.enabled);
        }
    }

    /// Adds a node below the last one, after the step at `before` is done. None if all actors that could
    /// go on there are in the sleep set: the path is equivalent to one that was explored.
    pub(super) fn grow(&mut self, before: Option<usize>, place: Place) -> Option<Actor> {
        let above = before.and_then(|node| self.step(node));
        let sleep: Vec<Sleeper> = match above {
            Some(above) => above
                .sleep
                .iter()
                .filter(|sleeper| !dependent(&sleeper.accesses, &above.accesses))
                .cloned()
                .collect(),
            None => Vec::new(),
        };
        let preemptions = above.map_or(0, Step::preemptions_after);
        let awake = |actor: &Actor| sleep.iter().all(|sleeper| sleeper.actor != *actor);
        let preferred = place.preferred.filter(awake);
        let chosen = preferred.or_else(|| place.enabled.iter().copied().find(awake))?;
        let mut backtrack = place.enabled.clone();
        if self.breadth == Breadth::Reduced {
            // No race would show that a timer could have fired, so it is added explicitly. Once a timer
            // has fired, the steps after it race with it, and are tried in its place.
            let timer = place.fires.then_some(Actor::Timer);
            backtrack = [chosen].into_iter().chain(timer).collect();
        }
        self.nodes.push(Node::Step(Step {
            enabled: place.enabled,
            chosen,
            backtrack,
            sleep,
            accesses: Accesses::default(),
            tasks: place.tasks,
            resources: place.resources,
            current: place.current,
            preemptions,
        }));
        Some(chosen)
    }

    /// Ensures that the reverse order of two racing steps is tried, too. False if it was planned
    /// already.
    pub(super) fn reverse(&mut self, race: &Race) -> bool {
        let Some(step) = self.step_mut(race.node) else {
            return false;
        };
        let possible: Vec<Actor> = race
            .initials
            .iter()
            .copied()
            .filter(|actor| step.enabled.contains(actor))
            .collect();
        if possible.is_empty() {
            step.backtrack.clone_from(&step.enabled);
        } else if !possible.iter().any(|actor| step.backtrack.contains(actor)) {
            let second = possible.iter().copied().find(|actor| *actor == race.second);
            step.backtrack.push(second.unwrap_or(possible[0]));
        } else {
            return false;
        }
        true
    }

    /// Advances to the next path. False if none is left.
    pub(super) fn advance(&mut self) -> bool {
        let breadth = self.breadth;
        while let Some(node) = self.nodes.last_mut() {
            let more = match node {
                Node::Number { bound, value } => {
                    *value += 1;
                    *value < *bound
                }
                Node::Step(step) => step.advance(breadth),
            };
            if more {
                let steps = self
                    .nodes
                    .iter()
                    .rposition(|node| matches!(node, Node::Step(_)));
                self.fresh = steps.unwrap_or(0);
                return true;
            }
            self.nodes.pop();
        }
        false
    }
}

impl Step {
    fn preempts(&self, actor: Actor) -> bool {
        self.current.is_some_and(|current| current != actor)
    }

    fn preemptions_after(&self) -> u32 {
        self.preemptions + u32::from(self.preempts(self.chosen))
    }

    fn advance(&mut self, breadth: Breadth) -> bool {
        self.sleep.push(Sleeper {
            actor: self.chosen,
            accesses: if breadth == Breadth::Reduced {
                std::mem::take(&mut self.accesses)
            } else {
                // Beyond this node the sleep set is empty.
                self.accesses = Accesses::default();
                [Access::ALL].into_iter().collect()
            },
        });
        let next = self.backtrack.iter().copied().find(|actor| {
            let affordable = match breadth {
                Breadth::Preemptions(most) => {
                    self.preemptions + u32::from(self.preempts(*actor)) <= most
                }
                Breadth::Reduced | Breadth::Whole => true,
            };
            affordable && self.sleep.iter().all(|sleeper| sleeper.actor != *actor)
        });
        if let Some(next) = next {
            self.chosen = next;
        }
        next.is_some()
    }
}
