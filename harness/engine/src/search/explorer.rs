//! Makes one execution after another, until every path of the tree was explored.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use standstill_model::plan::Plan;
use standstill_model::scenario::Program;

use crate::search::direct::ProbeState;
use crate::search::path::Path;
use crate::search::trace::{Actor, Clocks};
use crate::search::tree::{Breadth, Tree};
use crate::search::walk::{Shared, Walk};
use crate::strategy::Chooser;
use crate::{Explore, RecordLevel, Run};

/// One execution.
#[derive(Debug)]
pub struct Execution<'a> {
    pub run: &'a Run,
    /// How many pairs of steps had to be reversed, by the dependency between the two steps.
    pub reversed: &'a BTreeMap<&'static str, u64>,
    walk: &'a Walk,
}

impl Execution<'_> {
    /// Whether it was broken off because an equivalent execution was explored before.
    pub fn is_redundant(&self) -> bool {
        self.walk.asleep
    }

    /// Why it may not show everything the program can do.
    pub fn doubt(&self) -> Option<&str> {
        self.walk.doubt.as_deref()
    }

    /// The plan that replays it.
    pub fn plan(&mut self, plan: &Plan) -> Plan {
        let choices = self.walk.choices();
        Plan {
            schedule: standstill_model::plan::Schedule::Choices(choices),
            ..plan.clone()
        }
    }
}

/// Executes `program` as `plan` says, except for its schedule: along every path of the tree of that
/// breadth, or until `each` breaks. True if every path was explored.
pub fn explore(
    engine: &Explore,
    program: &Program,
    plan: &Plan,
    breadth: Breadth,
    mut each: impl FnMut(Execution<'_>) -> ControlFlow<()>,
) -> bool {
    let shared = Rc::new(RefCell::new(Shared {
        tree: Tree::new(breadth),
        walk: Walk::default(),
        probes: ProbeState::default(),
    }));
    let mut clocks = Clocks::default();
    let mut reversed = BTreeMap::new();
    loop {
        let path = Path::new(Rc::clone(&shared));
        let chooser = Chooser::Probing(Box::new(path));
        let run = engine.run_by(program, plan, RecordLevel::Hunt, chooser);
        let Shared { tree, walk, probes } = &mut *shared.borrow_mut();
        if probes.mistaken() {
            *tree = Tree::new(breadth);
            *walk = Walk::default();
            clocks = Clocks::default();
            reversed.clear();
            continue;
        }
        if probes.invalidated() {
            walk.again();
            continue;
        }
        if let Some(last) = walk.events.last()
            && last.actor != Actor::World
        {
            tree.touched(last.node, &last.accesses);
        }
        if breadth == Breadth::Reduced {
            for race in clocks.races(&walk.events, walk.kept) {
                if tree.reverse(&race) {
                    *reversed.entry(race.over).or_insert(0) += 1;
                }
            }
        }
        let execution = Execution {
            run: &run,
            reversed: &reversed,
            walk,
        };
        if each(execution).is_break() {
            return false;
        }
        if !tree.advance() {
            return true;
        }
        walk.restart(tree.fresh);
    }
}
