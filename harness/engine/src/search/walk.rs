//! The result of one execution, as far as the explorer needs it.

use standstill_model::plan::Choice;
use standstill_rt::task::TaskPath;

use crate::search::direct::ProbeState;
use crate::search::trace::Event;
use crate::search::tree::Tree;

/// The result of one execution, for the explorer.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) events: Vec<Event>,
    /// How many of the steps are those of the previous execution, with all their facts known.
    pub(super) kept: usize,
    pub(super) chosen: Vec<Chosen>,
    /// By serial number: the paths of the tasks that were chosen.
    paths: Vec<Option<TaskPath>>,
    /// The path is equivalent to one that was explored.
    pub(super) asleep: bool,
    /// The root ended before the last step.
    pub(super) outlasted: bool,
    /// Why the path may not show everything the program can do.
    pub(super) doubt: Option<String>,
}

/// A choice that a replay needs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chosen {
    /// The task with this serial number.
    Task(u32),
    Timer,
    Number(u32),
}

impl Walk {
    /// Prepares for the next execution, which does not differ from the last one before `node`.
    pub(super) fn restart(&mut self, node: usize) {
        self.kept = self.events.partition_point(|event| event.node < node);
        self.again();
    }

    /// Prepares for repeating the same execution.
    pub(super) fn again(&mut self) {
        self.events.truncate(self.kept);
        self.chosen.clear();
        self.paths.clear();
        self.asleep = false;
        self.outlasted = false;
        self.doubt = None;
    }

    /// The choices, as they are recorded for a replay. If steps were made after the root's end, there is
    /// one choice more than needed: it tells the replay not to start the fair phase at the end of the
    /// root.
    pub(super) fn choices(&self) -> Vec<Choice> {
        let path = |serial: u32| self.paths.get(serial as usize).cloned().flatten();
        let one_more = self.outlasted.then_some(Chosen::Task(0));
        self.chosen
            .iter()
            .chain(&one_more)
            .map(|chosen| match *chosen {
                Chosen::Task(serial) => Choice::Task(path(serial).unwrap_or_else(TaskPath::root)),
                Chosen::Timer => Choice::Timer,
                Chosen::Number(number) => Choice::Number(number),
            })
            .collect()
    }

    pub(super) fn chose(&mut self, serial: u32, path: &TaskPath) {
        self.chosen.push(Chosen::Task(serial));
        let index = serial as usize;
        if self.paths.len() <= index {
            self.paths.resize(index + 1, None);
        }
        self.paths[index].get_or_insert_with(|| path.clone());
    }
}

/// What the explorer and the strategy share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) tree: Tree,
    pub(super) walk: Walk,
    pub(super) probes: ProbeState,
}
