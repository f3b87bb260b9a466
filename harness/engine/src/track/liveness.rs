//! Which tasks may still run some day, while others do: liveness analysis over the waits.
//!
//! The idea is that of a garbage collector's marking (GOLF, "Dynamic partial deadlock detection and
//! recovery via garbage collection", ASPLOS 2025). A task that is ready or waits for time is live, and
//! so is every task that a live task could wake. The unmarked tasks wait only for each other.
//!
//! Where the tracker cannot know, a task counts as live. It can miss one thing: a guard, or an end of a
//! channel, that is stored in a task which was never seen using it. Therefore the result is only a set
//! of candidates, and time must confirm them.

use std::collections::BTreeSet;

use standstill_model::graph::{TaskState, WaitGraph, Why};
use standstill_rt::op::Side;
use standstill_rt::task::TaskRef;

use crate::track::Tracker;
use crate::track::records::WaitRecord;

impl Tracker {
    /// The tasks of `alive` that only each other could wake. `ready` tells which tasks could run now.
    pub fn dead(&self, alive: &[TaskRef], ready: impl Fn(TaskRef) -> bool) -> Vec<TaskRef> {
        let mut live: BTreeSet<TaskRef> = alive
            .iter()
            .copied()
            .filter(|task| ready(*task) || self.tasks[task.slot as usize].waiting == 0)
            .collect();
        let waits: Vec<WaitRecord> = self.waits.iter().map(|(_, wait)| *wait).collect();
        loop {
            let woken: Vec<TaskRef> = waits
                .iter()
                .filter(|wait| !live.contains(&wait.task) && self.may_end(wait, &waits, &live))
                .map(|wait| wait.task)
                .collect();
            if woken.is_empty() {
                break;
            }
            live.extend(woken);
        }
        alive
            .iter()
            .copied()
            .filter(|task| !live.contains(task))
            .collect()
    }

    /// Whether the `dead` tasks among `alive` are worth watching.
    ///
    /// A cycle of holds, queues and joins is worth it by facts alone. A wait for a channel or a signal
    /// may be ended by any task: an idle worker of a healthy server looks the same. It counts only if
    /// the root is among the dead, so that the program can never end.
    pub fn is_credible(&self, alive: &[TaskRef], dead: &[TaskRef]) -> bool {
        dead.iter().any(|task| task.serial == 0) || self.is_circle(alive, dead)
    }

    /// Whether the core of the `dead` among the tasks `alive` is a cycle of holds, queues and joins.
    pub fn is_circle(&self, alive: &[TaskRef], dead: &[TaskRef]) -> bool {
        let graph: WaitGraph = self.snapshot(alive, |_| TaskState::Waiting);
        let core = graph.core(|task| alive.get(task).is_some_and(|task| dead.contains(task)));
        !core.is_empty()
            && core.iter().all(|link| {
                let (_, _, blocker) = graph.follow(*link);
                blocker.is_some_and(|blocker| blocker.why != Why::OtherSide)
            })
    }

    /// Whether the task is in a wait that the tracker knows.
    pub fn is_waiting(&self, task: TaskRef) -> bool {
        self.is_alive(task) && self.tasks[task.slot as usize].waiting > 0
    }

    fn may_end(&self, wait: &WaitRecord, waits: &[WaitRecord], live: &BTreeSet<TaskRef>) -> bool {
        let resource = &self.resources[wait.resource.0 as usize];
        match wait.op.needs() {
            Side::Clock | Side::Unknown => true,
            Side::Itself => match resource.info.task {
                Some(task) => live.contains(&task) || !self.is_alive(task),
                None => true,
            },
            Side::Holder => {
                let holders = self
                    .holds
                    .iter()
                    .filter(|(_, hold)| hold.resource == wait.resource)
                    .map(|(_, hold)| hold.task);
                let ahead = waits
                    .iter()
                    .filter(|other| {
                        other.resource == wait.resource && other.sequence < wait.sequence
                    })
                    .map(|other| other.task);
                let mut nobody = true;
                for task in holders.chain(ahead) {
                    nobody = false;
                    // A guard that outlived the task which took it is stored somewhere else.
                    if live.contains(&task) || !self.is_alive(task) {
                        return true;
                    }
                }
                // Permits that no task seems to hold: they were taken outside of the run, or forgotten.
                nobody
            }
            side @ (Side::Source | Side::Sink) => {
                let reserved = self
                    .holds
                    .iter()
                    .any(|(_, hold)| hold.resource == wait.resource && live.contains(&hold.task));
                reserved || resource.users(side).iter().any(|user| live.contains(&user))
            }
        }
    }

    fn is_alive(&self, task: TaskRef) -> bool {
        self.tasks
            .get(task.slot as usize)
            .is_some_and(|record| record.alive && record.serial == task.serial)
    }

    /// How often a task was polled, if it is alive.
    pub fn polls(&self, task: TaskRef) -> Option<u64> {
        self.is_alive(task)
            .then(|| self.tasks[task.slot as usize].polls)
    }

    /// Changes whenever one of `tasks` is polled or a guard of theirs is taken or released.
    pub fn stillness(&self, tasks: &[TaskRef]) -> (u64, u64) {
        tasks.iter().fold((0, 0), |(polls, holding), task| {
            let record = &self.tasks[task.slot as usize];
            (polls + record.polls, holding + u64::from(record.holding))
        })
    }
}
