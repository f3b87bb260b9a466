//! The steps of one execution, which happened before which, and which pairs race.

use std::collections::BTreeMap;

use crate::prove::access::{Access, Object};

/// Whose step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Actor {
    /// The task with this serial number.
    Task(u32),
    /// The earliest timer fires although tasks are ready.
    Timer,
    /// Time passes because nobody is ready.
    World,
}

/// One step.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) actor: Actor,
    /// The place in the tree where it was chosen.
    pub(super) node: usize,
    pub(super) accesses: Vec<Access>,
    /// The earlier step without which the task could not have run.
    pub(super) enabled_by: Option<usize>,
}

impl Event {
    pub(super) fn touches(&mut self, access: Access) {
        if !self.accesses.contains(&access) {
            self.accesses.push(access);
        }
    }
}

/// Two steps that depend on each other with nothing in between that orders them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Race {
    /// Where the first of the two was chosen.
    pub(super) node: usize,
    /// Who can go instead, so that the second comes before the first: whose next step waits for none
    /// of those in between.
    pub(super) initials: Vec<Actor>,
    /// Whose step the second is.
    pub(super) second: Actor,
}

/// Vector clocks over the steps so far.
struct Clocks<'a> {
    events: &'a [Event],
    /// The actors, each by the index of its column.
    actors: Vec<Actor>,
    /// By event: its actor's column, and its number among that actor's, from 1.
    places: Vec<(usize, u32)>,
    clocks: Vec<Vec<u32>>,
}

impl Clocks<'_> {
    /// Whether `early` happened before `late`, or is it.
    fn before(&self, early: usize, late: usize) -> bool {
        self.is_known(early, &self.clocks[late])
    }

    fn is_known(&self, event: usize, clock: &[u32]) -> bool {
        let (column, number) = self.places[event];
        clock[column] >= number
    }

    fn join(&self, clock: &mut [u32], event: usize) {
        for (mine, theirs) in clock.iter_mut().zip(&self.clocks[event]) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// Who can go first of those that have to go before `second`, or need not wait for `first`.
    fn initials(&self, first: usize, second: usize) -> Vec<Actor> {
        let mut others: Vec<usize> = (first + 1..second)
            .filter(|event| !self.before(first, *event))
            .collect();
        others.push(second);
        let mut initials = Vec::new();
        let mut met = Vec::new();
        for (at, event) in others.iter().enumerate() {
            let actor = self.events[*event].actor;
            if met.contains(&actor) {
                continue;
            }
            met.push(actor);
            if others[..at]
                .iter()
                .all(|early| !self.before(*early, *event))
            {
                initials.push(actor);
            }
        }
        initials
    }
}

/// The last steps that touched an object.
#[derive(Debug, Default)]
struct Touched {
    write: Option<usize>,
    reads: Vec<usize>,
}

/// The races whose second step was chosen at `from` in the tree or deeper.
pub(super) fn races(events: &[Event], from: usize) -> Vec<Race> {
    let mut actors: Vec<Actor> = events.iter().map(|event| event.actor).collect();
    actors.sort_unstable();
    actors.dedup();
    let mut clocks = Clocks {
        events,
        places: Vec::with_capacity(events.len()),
        clocks: Vec::with_capacity(events.len()),
        actors,
    };
    let mut last: Vec<Option<usize>> = vec![None; clocks.actors.len()];
    let mut touched: BTreeMap<Object, Touched> = BTreeMap::new();
    let mut races = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let column = clocks.actors.binary_search(&event.actor).unwrap_or(0);
        let mut clock = vec![0; clocks.actors.len()];
        for before in last[column].into_iter().chain(event.enabled_by) {
            clocks.join(&mut clock, before);
        }
        let everything = event.accesses.contains(&Access::ALL);
        let mut earlier: Vec<usize> = Vec::new();
        if everything {
            earlier.extend(last.iter().flatten());
        }
        let all = touched.get(&Object::All);
        earlier.extend(all.and_then(|all| all.write));
        for access in &event.accesses {
            if let Some(touched) = touched.get(&access.object) {
                earlier.extend(touched.write);
                if access.writes {
                    earlier.extend(&touched.reads);
                }
            }
        }
        earlier.sort_unstable();
        earlier.dedup();
        for early in earlier.into_iter().rev() {
            if clocks.is_known(early, &clock) {
                continue;
            }
            let first = &events[early];
            let movable = !matches!(first.actor, Actor::World) && event.actor != Actor::World;
            if movable && event.node >= from {
                // The second step has a clock only after this: until then, that of what it follows.
                clocks.places.push((column, u32::MAX));
                clocks.clocks.push(clock.clone());
                let initials = clocks.initials(early, index);
                clocks.places.pop();
                clocks.clocks.pop();
                races.push(Race {
                    node: first.node,
                    initials,
                    second: event.actor,
                });
            }
            clocks.join(&mut clock, early);
        }
        clock[column] += 1;
        clocks.places.push((column, clock[column]));
        clocks.clocks.push(clock);
        last[column] = Some(index);
        for access in &event.accesses {
            let touched = touched.entry(access.object).or_default();
            if access.writes {
                touched.write = Some(index);
                touched.reads.clear();
            } else {
                touched.reads.push(index);
            }
        }
    }
    races
}

#[cfg(test)]
mod tests {
    use super::{Actor, Event, Race, races};
    use crate::prove::access::{Access, Object};

    fn step(task: u32, node: usize, resource: u32) -> Event {
        Event {
            actor: Actor::Task(task),
            node,
            accesses: vec![Access::write(Object::Resource(resource))],
            enabled_by: None,
        }
    }

    #[test]
    fn steps_on_one_resource_race() {
        let events = [step(1, 0, 7), step(2, 1, 8), step(2, 2, 7)];
        assert_eq!(
            races(&events, 0),
            [Race {
                node: 0,
                initials: vec![Actor::Task(2)],
                second: Actor::Task(2),
            }]
        );
        assert_eq!(races(&events, 3), []);
    }

    #[test]
    fn what_a_third_step_orders_does_not_race() {
        let events = [step(1, 0, 7), step(2, 1, 7), step(3, 2, 7)];
        let nodes: Vec<usize> = races(&events, 0).iter().map(|race| race.node).collect();
        assert_eq!(nodes, [0, 1]);
    }

    #[test]
    fn a_step_does_not_race_with_what_made_it_possible() {
        let mut woken = step(2, 1, 7);
        woken.enabled_by = Some(0);
        assert_eq!(races(&[step(1, 0, 7), woken], 0), []);
    }
}
