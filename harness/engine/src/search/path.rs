//! The strategy that walks down one path of the tree, and writes down what each step touches.

use std::cell::RefCell;
use std::rc::Rc;

use standstill_rt::ids::ResourceId;
use standstill_rt::op::{Op, ResourceKind};

use crate::search::access::{Access, Accesses, Mode, Object, begins_to_wait};
use crate::search::direct::{Awaited, Held};
use crate::search::trace::{Actor, Event};
use crate::search::tree::{Actors, Node, Place};
use crate::search::walk::{Chosen, Shared};
use crate::strategy::{Pending, Pick, Strategy, Touch, View};
use crate::track::Tracker;

/// A choice among more numbers than this is not followed.
const MOST_NUMBERS: u32 = 64;

/// Walks down the path that the tree holds, and on from its end.
#[derive(Debug)]
pub(super) struct Path {
    shared: Rc<RefCell<Shared>>,
    /// How many times a timer may still fire early.
    early_timers: u32,
    /// Steps so far.
    steps: usize,
    /// The next node.
    at: usize,
    /// The node of the step that runs.
    node: Option<usize>,
    /// By slot: the task's serial number, and the step that woke it since its last poll began.
    tasks: Vec<(u32, Option<usize>)>,
    /// Nobody's step runs: time passes, or the runtime has a turn.
    outside: Option<Outside>,
    root_ended: bool,
    /// The root has ended and then nobody was ready: the others run in turn.
    over: bool,
    /// What is held back.
    held: Held,
    awaited: Option<Awaited>,
    /// By serial number: the step with which the task ended.
    ended_by: Vec<Option<usize>>,
    /// The slot of the step that ran last.
    last: Option<u32>,
    spawned: u32,
}

/// Why nobody's step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outside {
    /// Nobody is ready.
    Idle,
    /// The runtime has its turn.
    Turn,
}

impl Path {
    pub(super) fn new(shared: Rc<RefCell<Shared>>, early_timers: u32) -> Self {
        Self {
            shared,
            early_timers,
            steps: 0,
            at: 0,
            node: None,
            tasks: Vec::new(),
            outside: None,
            root_ended: false,
            over: false,
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
        if self.over || self.spoils() {
            return;
        }
        let Shared { walk, habits, .. } = &mut *self.shared.borrow_mut();
        if access == Access::ALL {
            habits.opaque();
        }
        if self.steps > walk.kept
            && let Some(event) = walk.events.last_mut()
        {
            event.touches(access);
        }
    }

    /// The next step begins. All is known already of those that are kept.
    fn enter(&mut self, event: impl FnOnce() -> Event) {
        let walk = &mut self.shared.borrow_mut().walk;
        if self.steps >= walk.kept {
            walk.events.push(event());
        }
        self.steps += 1;
        let known = walk.events.iter().take(walk.kept).skip(self.steps);
        self.steps += known.take_while(|event| event.granted).count();
    }

    /// Whether something is done while an operation is held back: its task awaits more than that.
    fn spoils(&mut self) -> bool {
        if matches!(self.held, Held::Pending(_) | Held::Again(_)) {
            self.held = Held::Spoilt;
        }
        self.held == Held::Spoilt
    }

    /// What the step that ran last did is known now.
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

    /// A task that goes round in circles until somebody changes a resource makes no step before
    /// that.
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
        let fires = view.may_fire && self.early_timers > 0;
        if fires {
            self.shared.borrow_mut().habits.opaque();
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
            // To leave a task that yields is no preemption.
            current: current.filter(|_| !yields),
            enabled,
            tasks: self.spawned,
            resources: view.tracker.resources_entered(),
            fires,
        }
    }

    /// Who makes the next step. None if the rest was seen.
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

    /// A task that rests without a wait that the facade knows waits for something else.
    fn look_after_last(&mut self, view: &View<'_>) {
        let Some(slot) = self.last else { return };
        let rests = view.slots.rests(slot) && !view.ready.contains(slot);
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

    /// The last step may have come to nothing but that its task waits for one thing now.
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
        let Shared { walk, habits, .. } = &mut *self.shared.borrow_mut();
        if !self.over
            && habits.trusts(op)
            && let Some(event) = walk.events.last_mut()
            && Some(event.node) == self.node
            && event.actor == actor
            && event.accesses[..] == [access]
            && let Some(waits) = begins_to_wait(op, access, info.kind)
        {
            event.accesses = waits;
            habits.has_trusted();
        }
    }

    /// The last step may have been given at once what its task would have waited for, alone. Then it
    /// is told in two: that it was asked for, and what came of it when it was given.
    fn note_grant(&mut self) {
        if self.held != Held::Direct {
            return;
        }
        self.held = Held::Nothing;
        let Shared { tree, walk, habits } = &mut *self.shared.borrow_mut();
        let (Some(awaited), Some(node), Some(at)) =
            (self.awaited, self.node, self.steps.checked_sub(1))
        else {
            return;
        };
        if at < walk.kept || at + 1 != walk.events.len() || !habits.trusts(awaited.op) {
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
            // What else it did it did once it had the lock: see the module's documentation.
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
        habits.has_trusted();
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
        let known = self.tasks.iter_mut().map(|(_, woken)| woken);
        for by in known.chain(&mut self.ended_by) {
            if *by == Some(at) {
                *by = Some(at + 1);
            }
        }
    }

    /// The rest of a step whose operation was held back. None if nothing was.
    fn goes_on(&mut self, view: &View<'_>) -> Option<Pick> {
        if let Held::Pending(slot) = self.held
            && view.slots.rests(slot)
            && view.ready.contains(slot)
            && !view.tracker.waits(slot)
        {
            self.held = Held::Again(slot);
            return Some(Pick::Task(slot));
        }
        self.spoils().then_some(Pick::Stop)
    }

    fn begin(&mut self, view: &View<'_>, slot: u32) {
        self.last = Some(slot);
        let polls = view.pending(slot) == Pending::Poll;
        let enabled_by = match self.tasks.get_mut(slot as usize) {
            Some((_, woken)) if polls => woken.take(),
            _ => None,
        };
        let (actor, node) = (self.actor(view, slot), self.node.unwrap_or(0));
        let first = Access::first(view, slot);
        {
            let Shared { walk, habits, .. } = &mut *self.shared.borrow_mut();
            walk.outlasted |= self.root_ended;
            if first == Some(Access::ALL) {
                habits.opaque();
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

    fn wakes(&mut self, slot: u32) {
        if self.over || self.spoils() {
            return;
        }
        let Some((serial, woken)) = self.tasks.get_mut(slot as usize) else {
            return;
        };
        let access = Access::write(Object::Wake(*serial));
        let walk = &mut self.shared.borrow_mut().walk;
        if let Some(outside) = self.outside {
            let is_world = |event: &Event| event.actor == Actor::World;
            let last = self
                .steps
                .checked_sub(1)
                .and_then(|last| walk.events.get(last));
            if self.node.is_some() && !last.is_some_and(is_world) {
                if self.steps >= walk.kept {
                    walk.events.push(Event {
                        actor: Actor::World,
                        node: self.node.unwrap_or(0),
                        accesses: [Access::ALL].into_iter().collect(),
                        enabled_by: None,
                        granted: false,
                    });
                }
                self.steps += 1;
            }
            if outside == Outside::Turn {
                walk.doubt.get_or_insert_with(|| {
                    "a task was woken by something that is not the facade's".to_owned()
                });
            }
        }
        if let Some(last) = self.steps.checked_sub(1) {
            if last >= walk.kept
                && let Some(event) = walk.events.get_mut(last)
            {
                event.touches(access);
            }
            woken.get_or_insert(last);
        }
    }
}

impl Strategy for Path {
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
                // Said already: the program is not deterministic.
                return Pick::Stop;
            }
            self.early_timers = self.early_timers.saturating_sub(1);
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

    fn forced(&mut self, view: &View<'_>, _: u32) -> Pick {
        self.pick(view)
    }

    fn number(&mut self, bound: u32) -> u32 {
        if self.over || self.spoils() {
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

    fn spawned(&mut self, slot: u32) {
        self.spoils();
        let index = slot as usize;
        if index >= self.tasks.len() {
            self.tasks.resize(index + 1, (0, None));
        }
        self.tasks[index] = (self.spawned, None);
        self.spawned += 1;
    }

    fn woken(&mut self, slot: u32) {
        self.wakes(slot);
    }

    fn woken_again(&mut self, slot: u32) {
        self.wakes(slot);
    }

    fn touched(&mut self, touch: Touch<'_>) {
        match touch {
            // Who let go of the lock handed it over and woke the task, which only learns of it now.
            // Nobody can take it back: these locks are never closed.
            Touch::Granted(_, _, info)
                if matches!(info.kind, ResourceKind::Mutex | ResourceKind::RwLock) => {}
            Touch::Resource(op, id, info) | Touch::Granted(op, id, info) => {
                if let Some(access) = Access::of(op, id, info) {
                    self.touch(access);
                }
            }
            Touch::Everything => self.touch(Access::ALL),
        }
    }

    fn ended(&mut self, slot: u32) {
        let Some((serial, _)) = self.tasks.get(slot as usize).copied() else {
            return;
        };
        self.last = None;
        self.touch(Access::write(Object::End(serial)));
        let index = serial as usize;
        if self.ended_by.len() <= index {
            self.ended_by.resize(index + 1, None);
        }
        self.ended_by[index] = self.steps.checked_sub(1);
        self.note_grant();
        self.root_ended |= serial == 0;
    }

    fn asks_what_to_hold_back(&self) -> bool {
        self.shared.borrow().tree.is_reduced()
    }

    fn holds_back(&mut self, slot: u32, op: Op, resource: ResourceId, tracker: &Tracker) -> bool {
        let info = tracker.info(resource);
        let (Some(access), Held::Nothing) = (Access::of(op, resource, info), self.held) else {
            return false;
        };
        let joined = match (op, info.kind, info.task) {
            (Op::Lock, ResourceKind::Mutex, _) => None,
            (Op::Join, ResourceKind::Task, Some(task)) => Some(task.serial),
            _ => return false,
        };
        let Shared { walk, habits, .. } = &mut *self.shared.borrow_mut();
        let actor = Actor::Task(tracker.serial(slot));
        let alone = |event: &Event| event.actor == actor && event.accesses[..] == [access];
        if self.over
            || self.steps <= walk.kept
            || !walk.events.last().is_some_and(alone)
            || !habits.holds_back(op, tracker.announced_at(slot))
        {
            return false;
        }
        self.held = Held::Pending(slot);
        self.awaited = Some(Awaited { access, joined, op });
        true
    }

    fn attempts(&mut self, slot: u32) {
        if self.held == Held::Again(slot) {
            self.held = Held::Direct;
            self.shared.borrow_mut().habits.clears();
        } else {
            self.spoils();
        }
    }

    fn aborts(&mut self) {
        self.shared.borrow_mut().habits.aborts();
    }

    fn outlasts_root(&self) -> bool {
        true
    }

    fn cut(&mut self) {
        // What the others would still have done is lost: all depends on where they are.
        self.touch(Access::ALL);
        self.close();
        self.over = true;
        if let Some(node) = self.node {
            self.shared.borrow_mut().tree.widen(node);
        }
    }

    fn idles(&mut self) {
        self.spoils();
        self.close();
        self.over |= self.root_ended;
        self.outside = Some(Outside::Idle);
    }

    fn turns(&mut self) {
        self.close();
        self.outside = Some(Outside::Turn);
    }

    fn fairly(&mut self) {
        if !self.over {
            self.doubt(|| "a run had to be made fair, to see whether it gets anywhere".to_owned());
        }
    }
}
