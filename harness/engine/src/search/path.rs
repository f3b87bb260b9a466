//! The strategy that follows one path of the tree, and records what each step touches.

mod observer;

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use standstill_rt::ids::ResourceId;
use standstill_rt::op::{Op, ResourceKind};

use crate::search::access::{Access, Accesses, Mode, begins_to_wait};
use crate::search::direct::{Awaited, Held};
use crate::search::trace::{Actor, Event};
use crate::search::tree::{Actors, Node, Place};
use crate::search::walk::{Chosen, Shared};
use crate::strategy::{Pending, Pick, Probe, Scheduler, View};
use crate::track::Tracker;

/// A choice among more numbers than this is not explored.
const MOST_NUMBERS: u32 = 64;

/// Follows the path that the tree holds, and extends it at its end.
#[derive(Debug)]
pub(super) struct Path {
    shared: Rc<RefCell<Shared>>,
    /// The steps so far.
    steps: usize,
    /// The index of the next node.
    at: usize,
    /// The node of the step that runs.
    node: Option<usize>,
    /// The tasks, by slot.
    tasks: Vec<Known>,
    /// Set while no task's step runs: time passes, or the runtime has a turn.
    outside: Option<Outside>,
    stage: Stage,
    /// The operation that is held back.
    held: Held,
    awaited: Option<Awaited>,
    /// By serial number: the step in which the task ended.
    ended_by: Vec<Option<usize>>,
    /// The slot of the step that ran last.
    last: Option<u32>,
    spawned: u32,
}

/// The stage of the execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The root has not ended.
    Running,
    /// The root has ended, and the strategy still chooses.
    RootEnded,
    /// After that no task was ready, or the run has ended with the root: nothing is chosen any more.
    Over,
}

/// A task, by its slot.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    serial: u32,
    /// The step that woke it since its last poll began.
    woken_by: Option<usize>,
}

/// Why no task's step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outside {
    /// No task is ready.
    Idle,
    /// The runtime has its turn.
    Turn,
}

impl Path {
    pub(super) fn new(shared: Rc<RefCell<Shared>>) -> Self {
        Self {
            shared,
            steps: 0,
            at: 0,
            node: None,
            tasks: Vec::new(),
            outside: None,
            stage: Stage::Running,
            held: Held::Nothing,
            awaited: None,
            ended_by: Vec::new(),
            last: None,
            spawned: 0,
        }
    }

    fn doubt(&self, why: impl FnOnce() -> String) {
        let walk = &mut self.shared.borrow_mut().walk;
        walk.doubt.get_or_insert_with(why);
    }

    fn touch(&mut self, access: Access) {
        if self.stage == Stage::Over || self.invalidate() {
            return;
        }
        let Shared { walk, probes, .. } = &mut *self.shared.borrow_mut();
        if access == Access::ALL {
            probes.opaque();
        }
        if self.steps > walk.kept
            && let Some(event) = walk.events.last_mut()
        {
            event.touches(access);
        }
    }

    /// Begins the next step. Everything is already known about steps that are kept.
    fn enter(&mut self, event: impl FnOnce() -> Event) {
        let walk = &mut self.shared.borrow_mut().walk;
        if self.steps >= walk.kept {
            walk.events.push(event());
        }
        self.steps += 1;
        let known = walk.events.iter().take(walk.kept).skip(self.steps);
        self.steps += known.take_while(|event| event.granted).count();
    }

    /// Whether something happens while an operation is held back: then its task awaits more than that.
    fn invalidate(&mut self) -> bool {
        if matches!(self.held, Held::Pending(_) | Held::Again(_)) {
            self.held = Held::Invalid;
        }
        self.held == Held::Invalid
    }

    /// Completes the facts about the step that ran last.
    fn close(&mut self) {
        let Shared { tree, walk, .. } = &mut *self.shared.borrow_mut();
        if self.steps > walk.kept
            && let (Some(node), Some(event)) = (self.node, walk.events.last())
            && event.node == node
            && event.actor != Actor::World
        {
            tree.touched(node, &event.accesses);
        }
    }

    fn actor(&self, view: &View<'_>, slot: u32) -> Actor {
        Actor::Task(view.tracker.serial(slot))
    }

    /// A task that spins until another task changes a resource makes no step before that change.
    fn spins(&self, view: &View<'_>, slot: u32) -> bool {
        let Pending::Op(Op::Yield, Some(_)) = view.pending(slot) else {
            return false;
        };
        let (Some(access), actor) = (Access::first(view, slot), self.actor(view, slot)) else {
            return false;
        };
        let events = &self.shared.borrow().walk.events;
        for event in events[..self.steps].iter().rev() {
            if event.actor == actor {
                return *event.accesses == [access];
            }
            let object = |other: &Access| other.object == access.object || *other == Access::ALL;
            if event.accesses.iter().any(object) {
                return false;
            }
        }
        false
    }

    fn place(&self, view: &View<'_>) -> Place {
        let mut enabled = Actors::default();
        for slot in view.ready.iter() {
            if !self.spins(view, slot) {
                enabled.push(self.actor(view, slot));
            }
        }
        if enabled.is_empty() {
            enabled = view
                .ready
                .iter()
                .map(|slot| self.actor(view, slot))
                .collect();
        }
        let fires = view.may_fire;
        if fires {
            self.shared.borrow_mut().probes.opaque();
        }
        if fires {
            enabled.push(Actor::Timer);
        }
        let current = view.current.filter(|slot| view.ready.contains(*slot));
        let yields = current.is_some_and(|slot| {
            matches!(
                view.pending(slot),
                Pending::Op(Op::Yield | Op::YieldThread, _)
            )
        });
        let current = current.map(|slot| self.actor(view, slot));
        let goes_on = current.filter(|actor| !yields && enabled.contains(actor));
        let other = enabled
            .iter()
            .copied()
            .find(|actor| Some(*actor) != current);
        Place {
            preferred: goes_on.or(other.filter(|actor| *actor != Actor::Timer)),
            // Suspending a task that yields is no preemption.
            current: current.filter(|_| !yields),
            enabled,
            tasks: self.spawned,
            resources: view.tracker.resources_entered(),
            fires,
        }
    }

    /// The actor that makes the next step. None if the rest of the path was explored.
    fn next(&mut self, view: &View<'_>) -> Option<Actor> {
        self.look_after_last(view);
        self.close();
        self.outside = None;
        let place = self.place(view);
        let chosen = {
            let Shared { tree, walk, .. } = &mut *self.shared.borrow_mut();
            match tree.nodes.get(self.at) {
                Some(Node::Step(step)) => {
                    if step.enabled != place.enabled {
                        walk.doubt.get_or_insert_with(|| {
                            "the program is not deterministic: the same choices led elsewhere"
                                .to_owned()
                        });
                    }
                    Some(step.chosen)
                }
                Some(Node::Number { .. }) => {
                    walk.doubt.get_or_insert_with(|| {
                        "the program is not deterministic: it asked for a number before".to_owned()
                    });
                    None
                }
                None => tree.grow(self.node, place),
            }
        };
        let Some(chosen) = chosen else {
            self.shared.borrow_mut().walk.asleep = true;
            return None;
        };
        self.node = Some(self.at);
        self.at += 1;
        Some(chosen)
    }

    /// A task that rests, but in no wait that the facade knows, waits for something outside of the
    /// facade.
    fn look_after_last(&mut self, view: &View<'_>) {
        let Some(slot) = self.last else { return };
        let rests = view.polls.rests(slot) && !view.ready.contains(slot);
        if rests && !view.tracker.waits(slot) {
            self.doubt(|| {
                format!(
                    "{} waits for something that is not the facade's",
                    standstill_rt::task::role_of(view.tracker.origin(slot).0)
                )
            });
        }
        if rests && self.steps > self.shared.borrow().walk.kept {
            self.note_wait(view, slot);
        } else {
            self.note_grant();
        }
    }

    /// The last step may have done nothing except that its task now waits for a single thing.
    fn note_wait(&mut self, view: &View<'_>, slot: u32) {
        let Some((op, resource)) = view.tracker.only_wait(slot) else {
            return self.note_grant();
        };
        self.held = Held::Nothing;
        let info = view.tracker.info(resource);
        let actor = self.actor(view, slot);
        let Some(access) = Access::of(op, resource, info) else {
            return;
        };
        let Shared { walk, probes, .. } = &mut *self.shared.borrow_mut();
        if self.stage != Stage::Over
            && probes.trusts(op)
            && let Some(event) = walk.events.last_mut()
            && Some(event.node) == self.node
            && event.actor == actor
            && event.accesses[..] == [access]
            && let Some(waits) = begins_to_wait(op, access, info.kind)
        {
            event.accesses = waits;
            probes.has_trusted();
        }
    }

    /// The last step may have been granted at once the only thing that its task would have waited for.
    /// Then it is recorded as two: the request, and the continuation after the grant.
    fn note_grant(&mut self) {
        if self.held != Held::Direct {
            return;
        }
        self.held = Held::Nothing;
        let Shared { tree, walk, probes } = &mut *self.shared.borrow_mut();
        let (Some(awaited), Some(node), Some(at)) =
            (self.awaited, self.node, self.steps.checked_sub(1))
        else {
            return;
        };
        if at < walk.kept || at + 1 != walk.events.len() || !probes.trusts(awaited.op) {
            return;
        }
        let first = awaited.access;
        let others = walk.events[at].accesses.iter().copied();
        let others: Accesses = others.filter(|access| *access != first).collect();
        let (asked, enabled_by) = match awaited.joined {
            Some(task) => {
                let ended = self.ended_by.get(task as usize).copied().flatten();
                if ended.is_none() {
                    return;
                }
                (Accesses::default(), ended)
            }
            // The step's other accesses came after the lock was acquired: see the module's
            // documentation.
            None if !others.is_empty() => return,
            None => {
                let asks = Access {
                    mode: Mode::Asks,
                    ..first
                };
                let gives = Access {
                    mode: Mode::Gives,
                    ..first
                };
                let given = walk.events[..at]
                    .iter()
                    .rposition(|event| event.accesses.contains(&gives));
                ([asks].into_iter().collect(), given)
            }
        };
        probes.has_trusted();
        tree.touched(node, &asked);
        let actor = walk.events[at].actor;
        walk.events[at].accesses = asked;
        walk.events.push(Event {
            actor,
            node,
            accesses: others,
            enabled_by,
            granted: true,
        });
        self.steps += 1;
        let known = self.tasks.iter_mut().map(|task| &mut task.woken_by);
        for by in known.chain(&mut self.ended_by) {
            if *by == Some(at) {
                *by = Some(at + 1);
            }
        }
    }

    /// Continues a step whose operation was held back. None if no operation was.
    fn goes_on(&mut self, view: &View<'_>) -> Option<Pick> {
        if let Held::Pending(slot) = self.held
            && view.polls.rests(slot)
            && view.ready.contains(slot)
            && !view.tracker.waits(slot)
        {
            self.held = Held::Again(slot);
            return Some(Pick::Task(slot));
        }
        self.invalidate().then_some(Pick::Stop)
    }

    fn begin(&mut self, view: &View<'_>, slot: u32) {
        self.last = Some(slot);
        let polls = view.pending(slot) == Pending::Poll;
        let enabled_by = match self.tasks.get_mut(slot as usize) {
            Some(task) if polls => task.woken_by.take(),
            _ => None,
        };
        let (actor, node) = (self.actor(view, slot), self.node.unwrap_or(0));
        let first = Access::first(view, slot);
        {
            let Shared { walk, probes, .. } = &mut *self.shared.borrow_mut();
            walk.outlasted |= self.stage != Stage::Running;
            if first == Some(Access::ALL) {
                probes.opaque();
            }
        }
        self.enter(|| Event {
            actor,
            node,
            accesses: first.into_iter().collect(),
            enabled_by,
            granted: false,
        });
    }
}

impl Scheduler for Path {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        if let Some(pick) = self.goes_on(view) {
            return pick;
        }
        let Some(actor) = self.next(view) else {
            return Pick::Stop;
        };
        let slot = match actor {
            Actor::Task(serial) => view
                .ready
                .iter()
                .find(|slot| view.tracker.serial(*slot) == serial),
            Actor::Timer | Actor::World => None,
        };
        let Some(slot) = slot else {
            if actor != Actor::Timer || !view.may_fire {
                // Reported already: the program is not deterministic.
                return Pick::Stop;
            }
            self.last = None;
            self.shared.borrow_mut().walk.chosen.push(Chosen::Timer);
            let node = self.node.unwrap_or(0);
            self.enter(|| Event {
                actor,
                node,
                accesses: [Access::ALL].into_iter().collect(),
                enabled_by: None,
                granted: false,
            });
            return Pick::Timer;
        };
        self.begin(view, slot);
        if view.ready.len() > 1 || view.may_fire {
            let serial = view.tracker.serial(slot);
            let walk = &mut self.shared.borrow_mut().walk;
            walk.chose(serial, view.tracker.path(slot));
        }
        Pick::Task(slot)
    }

    fn number(&mut self, bound: u32) -> u32 {
        if self.stage == Stage::Over || self.invalidate() {
            return 0;
        }
        if bound > MOST_NUMBERS {
            self.doubt(|| format!("the program chooses one of {bound} numbers"));
            return 0;
        }
        let Shared { tree, walk, .. } = &mut *self.shared.borrow_mut();
        let value = match tree.nodes.get(self.at) {
            Some(Node::Number {
                bound: known,
                value,
            }) if *known == bound => *value,
            Some(_) => {
                walk.doubt.get_or_insert_with(|| {
                    "the program is not deterministic: it did not ask for this number before"
                        .to_owned()
                });
                return 0;
            }
            None => {
                tree.nodes.push(Node::Number { bound, value: 0 });
                0
            }
        };
        self.at += 1;
        walk.chosen.push(Chosen::Number(value));
        value
    }
}

impl Probe for Path {
    fn probes(&self) -> bool {
        self.shared.borrow().tree.is_reduced()
    }

    fn probe(&mut self, slot: u32, op: Op, resource: ResourceId, tracker: &Tracker) -> bool {
        let info = tracker.info(resource);
        let (Some(access), Held::Nothing) = (Access::of(op, resource, info), self.held) else {
            return false;
        };
        let joined = match (op, info.kind, info.task) {
            (Op::Lock, ResourceKind::Mutex, _) => None,
            (Op::Join, ResourceKind::Task, Some(task)) => Some(task.serial),
            _ => return false,
        };
        let Shared { walk, probes, .. } = &mut *self.shared.borrow_mut();
        let actor = Actor::Task(tracker.serial(slot));
        let alone = |event: &Event| event.actor == actor && event.accesses[..] == [access];
        if self.stage == Stage::Over
            || self.steps <= walk.kept
            || !walk.events.last().is_some_and(alone)
            || !probes.probe(op, tracker.announced_at(slot))
        {
            return false;
        }
        self.held = Held::Pending(slot);
        self.awaited = Some(Awaited { access, joined, op });
        true
    }

    fn probe_done(&mut self, slot: u32) {
        if self.held == Held::Again(slot) {
            self.held = Held::Direct;
            self.shared.borrow_mut().probes.probe_done();
        } else {
            self.invalidate();
        }
    }

    fn forced(&mut self, view: &View<'_>, _: u32) -> ControlFlow<()> {
        match self.pick(view) {
            Pick::Stop => ControlFlow::Break(()),
            Pick::Task(_) | Pick::Timer => ControlFlow::Continue(()),
        }
    }

    fn outlasts_root(&self) -> bool {
        true
    }
}
