//! What happened in a run, step by step: recorded when a run is replayed for its report, and at no
//! other time.
//!
//! Plain data. Tasks, resources and places are named by index, so that a long run stays small.

use serde::{Deserialize, Serialize};
use standstill_rt::op::Op;
use standstill_rt::site::Place;
use standstill_rt::task::{TaskKind, TaskPath};

use crate::finding::Finding;
use crate::graph::ResourceNode;
use crate::plan::Choice;

/// The story of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Every task, in the order of spawning.
    pub tasks: Vec<TracedTask>,
    /// Every resource, in the order in which the run met them.
    pub resources: Vec<ResourceNode>,
    /// The places that events speak of.
    pub places: Vec<Place>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// How many events were left out before the first one, because the run was too long. What was
    /// waited for and held then is told by events of its own.
    #[serde(default)]
    pub left_out: u64,
    /// How often a task was taken off although it could have gone on.
    pub preemptions: u32,
    /// The choices there were, in order.
    #[serde(skip)]
    pub points: Vec<ChoicePoint>,
}

/// A task of a traced run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedTask {
    /// The task's identity.
    pub path: TaskPath,
    /// The function it runs.
    pub role: String,
    /// Its role, numbered where several tasks share it: as in the finding's graph.
    pub name: String,
    /// How it runs.
    pub kind: TaskKind,
    /// Where it was spawned.
    pub spawned_at: Place,
    /// Who spawned it: an index into [`Trace::tasks`].
    pub parent: Option<usize>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The step in which it did.
    pub step: u64,
    /// Virtual time since the run began, in milliseconds.
    pub ms: u64,
    /// The task it happened to, or whose doing it was: an index into [`Trace::tasks`].
    pub task: Option<usize>,
    /// What it was.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum What {
    /// The task was spawned.
    Spawned,
    /// From this step on it is the one that runs.
    Runs,
    /// It was taken off in the middle of a poll.
    Suspended,
    /// Its poll has returned; it runs again when something wakes it.
    Paused,
    /// It is about to do this.
    Does {
        /// The operation.
        op: Op,
        /// On this resource, an index into [`Trace::resources`].
        resource: Option<usize>,
        /// Where the program does it, an index into [`Trace::places`].
        at: usize,
    },
    /// It begins to wait.
    Waits {
        /// What the wait is known by.
        wait: u32,
        /// For this resource.
        resource: usize,
        /// In this operation.
        op: Op,
        /// Where the program does it.
        at: usize,
    },
    /// A wait came to its end.
    Granted {
        /// Which.
        wait: u32,
    },
    /// A wait was dropped.
    Abandoned {
        /// Which.
        wait: u32,
    },
    /// It took something.
    Takes {
        /// What the hold is known by.
        hold: u32,
        /// This resource.
        resource: usize,
        /// By this operation.
        op: Op,
        /// Where the program did it.
        at: usize,
    },
    /// Something was given back; the task is the one that did it.
    Releases {
        /// Which hold.
        hold: u32,
    },
    /// The task was woken; who did it is the task that runs.
    Woken,
    /// A timer fired although tasks were ready.
    TimerFired {
        /// The wait that it ended.
        wait: Option<u32>,
        /// The time that was left until its deadline, in milliseconds.
        ahead_ms: u64,
    },
    /// The task ended.
    Ended,
}

/// A choice that there was in a run, and how the fixed rule would have made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoicePoint {
    /// The task that was running and could go on; None where its poll had returned. Another
    /// choice is a preemption.
    pub current: Option<TaskPath>,
    /// What could be chosen, in task order; the timer comes last, numbers in order.
    pub among: Vec<Choice>,
    /// Which of them the fixed rule chooses.
    pub default: usize,
    /// Whether anybody else could tell if the running task were taken off here: what it is about to
    /// do concerns a resource that another task deals with, too.
    pub matters: bool,
}

impl ChoicePoint {
    /// Whether this choice takes a task off that could have gone on.
    pub fn preempts(&self, choice: &Choice) -> bool {
        match (choice, &self.current) {
            (Choice::Task(path), Some(current)) => path != current,
            (Choice::Timer, current) => current.is_some(),
            (Choice::Number(_), _) | (_, None) => false,
        }
    }
}

/// So many events tell a run; of a longer one the first are left out.
pub const MOST_EVENTS: usize = 60_000;

impl Trace {
    /// The task with this path.
    pub fn task(&self, path: &TaskPath) -> Option<usize> {
        self.tasks.iter().position(|task| task.path == *path)
    }

    /// The name of a task, if there is one of that index.
    pub fn name(&self, task: usize) -> &str {
        self.tasks.get(task).map_or("?", |task| &task.name)
    }

    /// Calls tasks as the finding's graph does.
    pub fn name_as_in(&mut self, finding: &Finding) {
        for node in &finding.graph.tasks {
            if let Some(task) = self.tasks.iter_mut().find(|task| task.path == node.path) {
                task.name.clone_from(&node.name);
            }
        }
    }

    /// Leaves out the first events if there are more than `most`. Tasks spawned and what was
    /// waited for and held by then stay.
    pub fn cut(&mut self, most: usize) {
        let Some(surplus) = self.events.len().checked_sub(most).filter(|n| *n > 0) else {
            return;
        };
        let after: Vec<Event> = self.events.split_off(surplus);
        let ends = |event: &Event| match event.what {
            What::Granted { wait } | What::Abandoned { wait } => Some((0, wait)),
            What::Releases { hold } => Some((1, hold)),
            _ => None,
        };
        let mut open: Vec<Event> = Vec::new();
        for event in self.events.drain(..) {
            match event.what {
                What::Spawned | What::Ended | What::Waits { .. } | What::Takes { .. } => {
                    open.push(event);
                }
                _ => {
                    if let Some(ended) = ends(&event) {
                        open.retain(|begun| match begun.what {
                            What::Waits { wait, .. } => (0, wait) != ended,
                            What::Takes { hold, .. } => (1, hold) != ended,
                            _ => true,
                        });
                    }
                }
            }
        }
        self.left_out += surplus.saturating_sub(open.len()) as u64;
        self.events = open;
        self.events.extend(after);
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Trace, What};
    use standstill_rt::op::Op;

    fn event(step: u64, what: What) -> Event {
        Event {
            step,
            ms: 0,
            task: Some(0),
            what,
        }
    }

    fn waits(wait: u32) -> What {
        What::Waits {
            wait,
            resource: 0,
            op: Op::Lock,
            at: 0,
        }
    }

    #[test]
    fn a_cut_keeps_what_is_still_waited_for() {
        let mut trace = Trace {
            events: vec![
                event(0, What::Spawned),
                event(1, waits(1)),
                event(2, What::Granted { wait: 1 }),
                event(3, waits(2)),
                event(4, What::Runs),
                event(5, What::Runs),
            ],
            ..Trace::default()
        };
        trace.cut(6);
        assert_eq!((trace.events.len(), trace.left_out), (6, 0));
        trace.cut(1);
        assert_eq!(
            trace.events,
            [
                event(0, What::Spawned),
                event(3, waits(2)),
                event(5, What::Runs)
            ]
        );
        assert_eq!(trace.left_out, 3);
    }
}
