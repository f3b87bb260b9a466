//! The steps of one execution, the happens-before order between them, and which pairs race.

use crate::search::access::{Access, Accesses, common_ground, dependent};

/// Which actor makes a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Actor {
    /// The task with this serial number.
    Task(u32),
    /// The earliest timer fires although tasks are ready.
    Timer,
    /// Time passes because no task is ready.
    #[default]
    World,
}

/// One step.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) actor: Actor,
    /// The node of the tree where it was chosen.
    pub(super) node: usize,
    pub(super) accesses: Accesses,
    /// The earlier step without which the task could not have run.
    pub(super) enabled_by: Option<usize>,
    /// It is the continuation of the event before: the task was granted what it had requested.
    pub(super) granted: bool,
}

impl Event {
    pub(super) fn touches(&mut self, access: Access) {
        if !self.accesses.contains(&access) {
            self.accesses.push(access);
        }
    }
}

/// Two dependent steps that no other step between them orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Race {
    /// The node where the first of the two was chosen.
    pub(super) node: usize,
    /// The actors that can go instead, so that the second step comes before the first. The next step of
    /// such an actor depends on no step in between.
    pub(super) initials: Vec<Actor>,
    /// The actor of the second step.
    pub(super) second: Actor,
    /// What the dependency between the two is about.
    pub(super) over: &'static str,
}

/// Where the vector clock of a step is stored.
#[derive(Clone, Copy, Debug)]
struct Stamp {
    /// The column of its actor.
    column: usize,
    /// Its number among the steps of that actor, from 1.
    number: u32,
    /// The range of its clock. An actor that had not appeared by then has no entry.
    from: usize,
    to: usize,
}

/// Vector clocks over the steps so far. The clocks of the steps that one execution has in common with
/// the next are reused.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    /// The actors, each at the index of its column, in the order of their appearance.
    actors: Vec<Actor>,
    /// By actor: the last step.
    last: Vec<Option<usize>>,
    stamps: Vec<Stamp>,
    clocks: Vec<u32>,
    /// The clock of the step that is being computed.
    clock: Vec<u32>,
}

impl Clocks {
    /// Discards all but the first `kept` steps.
    fn truncate(&mut self, kept: usize) {
        self.stamps.truncate(kept);
        let (from, to) = self
            .stamps
            .last()
            .map_or((0, 0), |last| (last.from, last.to));
        self.clocks.truncate(to);
        self.actors.truncate(to - from);
        self.last.clear();
        self.last.resize(self.actors.len(), None);
        for (index, stamp) in self.stamps.iter().enumerate() {
            self.last[stamp.column] = Some(index);
        }
    }

    /// The column of an actor.
    fn column(&mut self, actor: Actor) -> usize {
        let known = self.actors.iter().position(|known| *known == actor);
        known.unwrap_or_else(|| {
            self.actors.push(actor);
            self.last.push(None);
            self.actors.len() - 1
        })
    }

    fn clock_of(&self, event: usize) -> &[u32] {
        let stamp = self.stamps[event];
        &self.clocks[stamp.from..stamp.to]
    }

    /// Whether `event` happened before the step with this clock, or is that step.
    fn is_known(&self, event: usize, clock: &[u32]) -> bool {
        let stamp = self.stamps[event];
        clock
            .get(stamp.column)
            .is_some_and(|known| *known >= stamp.number)
    }

    fn join(&mut self, event: usize) {
        let stamp = self.stamps[event];
        let theirs = &self.clocks[stamp.from..stamp.to];
        for (mine, theirs) in self.clock.iter_mut().zip(theirs) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// The actors that can go first among the steps that must come before `second` or do not depend on
    /// `first`. The second step has no clock of its own yet; that of its predecessors is used.
    fn initials(&self, events: &[Event], first: usize, second: usize) -> Vec<Actor> {
        let mut others: Vec<usize> = Vec::with_capacity(second - first);
        let mut met: Vec<Actor> = Vec::new();
        let mut initials = Vec::new();
        for (event, step) in events.iter().enumerate().take(second + 1).skip(first + 1) {
            let clock = if event == second {
                &self.clock
            } else {
                self.clock_of(event)
            };
            if event != second && self.is_known(first, clock) {
                continue;
            }
            let actor = step.actor;
            if !met.contains(&actor) {
                met.push(actor);
                if !others.iter().any(|early| self.is_known(*early, clock)) {
                    initials.push(actor);
                }
            }
            others.push(event);
        }
        initials
    }

    /// The races whose second step is not among the first `kept`. Those have to be the same steps as in
    /// the last call.
    pub(super) fn races(&mut self, events: &[Event], kept: usize) -> Vec<Race> {
        self.truncate(kept);
        let mut races = Vec::new();
        for (index, event) in events.iter().enumerate().skip(self.stamps.len()) {
            let column = self.column(event.actor);
            self.clock.clear();
            self.clock.resize(self.actors.len(), 0);
            for before in self.last[column].into_iter().chain(event.enabled_by) {
                self.join(before);
            }
            for early in (0..index).rev() {
                let first = &events[early];
                if self.is_known(early, &self.clock) || !dependent(&first.accesses, &event.accesses)
                {
                    continue;
                }
                if first.actor != Actor::World && event.actor != Actor::World {
                    races.push(Race {
                        node: first.node,
                        initials: self.initials(events, early, index),
                        second: event.actor,
                        over: over(first, event),
                    });
                }
                self.join(early);
            }
            self.clock[column] += 1;
            let from = self.clocks.len();
            self.clocks.extend_from_slice(&self.clock);
            self.stamps.push(Stamp {
                column,
                number: self.clock[column],
                from,
                to: self.clocks.len(),
            });
            self.last[column] = Some(index);
        }
        races
    }
}

/// The dependency on a timer that fires although tasks are ready.
pub const EARLY_TIMER: &str = "an early timer";

/// What the dependency between two steps is about, in words.
fn over(first: &Event, second: &Event) -> &'static str {
    if first.actor == Actor::Timer || second.actor == Actor::Timer {
        return EARLY_TIMER;
    }
    // If the run ends together with the root, the root's last step touches everything.
    if second.actor == Actor::Task(0) && second.accesses.contains(&Access::ALL) {
        return "the end of the root";
    }
    common_ground(&first.accesses, &second.accesses)
}

#[cfg(test)]
mod tests {
    use super::{Actor, Clocks, Event, Race};
    use crate::search::access::{Access, Object};

    fn step(task: u32, node: usize, resource: u32) -> Event {
        Event {
            actor: Actor::Task(task),
            node,
            accesses: [Access::write(Object::Resource(resource))]
                .into_iter()
                .collect(),
            enabled_by: None,
            granted: false,
        }
    }

    fn races(events: &[Event]) -> Vec<Race> {
        Clocks::default().races(events, 0)
    }

    #[test]
    fn steps_on_one_resource_race() {
        let events = [step(1, 0, 7), step(2, 1, 8), step(2, 2, 7)];
        assert_eq!(
            races(&events),
            [Race {
                node: 0,
                initials: vec![Actor::Task(2)],
                second: Actor::Task(2),
                over: "a resource",
            }]
        );
    }

    #[test]
    fn what_was_seen_is_not_told_again() {
        let first = [step(1, 0, 7), step(2, 1, 7), step(3, 2, 8), step(1, 3, 8)];
        let mut clocks = Clocks::default();
        let nodes = |races: Vec<Race>| races.iter().map(|race| race.node).collect::<Vec<_>>();
        assert_eq!(nodes(clocks.races(&first, 0)), [0, 2]);
        let second = [step(1, 0, 7), step(2, 1, 7), step(4, 2, 7), step(1, 3, 7)];
        assert_eq!(nodes(clocks.races(&second, 2)), [1, 2]);
        assert_eq!(nodes(races(&second)), [0, 1, 2]);
    }

    #[test]
    fn what_a_third_step_orders_does_not_race() {
        let events = [step(1, 0, 7), step(2, 1, 7), step(3, 2, 7)];
        let nodes: Vec<usize> = races(&events).iter().map(|race| race.node).collect();
        assert_eq!(nodes, [0, 1]);
    }

    #[test]
    fn a_step_does_not_race_with_what_made_it_possible() {
        let mut woken = step(2, 1, 7);
        woken.enabled_by = Some(0);
        assert_eq!(races(&[step(1, 0, 7), woken]), []);
    }
}
