//! What one execution came to, as far as the explorer has to know.

use standstill_model::plan::Choice;
use standstill_rt::task::TaskPath;

use crate::search::direct::ProbeState;
use crate::search::trace::Event;
use crate::search::tree::Tree;

/// What one execution came to, for the explorer.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) events: Vec<Event>,
    /// So many of them are those of the execution before, and all is known of them.
    pub(super) kept: usize,
    pub(super) chosen: Vec<Chosen>,
    /// By serial number: the paths of the tasks that were chosen.
    paths: Vec<Option<TaskPath>>,
    /// The path has an equivalent that was seen.
    pub(super) asleep: bool,
    /// The root ended before the last step.
    pub(super) outlasted: bool,
    /// Why the path is not the whole truth about the program.
    pub(super) doubt: Option<String>,
}

/// A choice that a replay has to be told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chosen {
    /// The task with this serial number.
    Task(u32),
    Timer,
    Number(u32),
}

impl Walk {
    /// Makes ready for the next execution, which does not differ from the last before `node`.
    pub(super) fn restart(&mut self, node: usize) {
        self.kept = self.events.partition_point(|event| event.node < node);
        self.again();
    }

    /// Makes ready for the same execution once more.
    pub(super) fn again(&mut self) {
        self.events.truncate(self.kept);
        self.chosen.clear();
        self.paths.clear();
        self.asleep = false;
        self.outlasted = false;
        self.doubt = None;
    }

    /// The choices, as they are recorded for a replay. If steps were made after the root's end, there
    /// is one more than is needed: by that the replay knows not to let everybody have a turn at once.
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

/// What explorer and strategy share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) tree: Tree,
    pub(super) walk: Walk,
    pub(super) probes: ProbeState,
}
