//! Builds the wait graph from the tracker's facts.

use std::collections::BTreeMap;

use standstill_model::graph::{
    Blocker, Hold, LastOp, ResourceNode, TaskNode, TaskState, Wait, WaitGraph, Why,
};
use standstill_model::trace::Trace;
use standstill_rt::ids::{ResourceId, ResourceInfo};
use standstill_rt::op::{Op, ResourceKind, Side};
use standstill_rt::site::Place;
use standstill_rt::task::{TaskRef, role_of};

use crate::track::Tracker;
use crate::track::records::{TaskRecord, WaitRecord};

impl Tracker {
    /// The wait graph of the tasks in `members` (in slot order), in the states that `state_of` returns.
    ///
    /// After the run was closed, the graph also shows which task owned which guard and which end of a
    /// channel: the one whose future dropped it.
    pub fn snapshot(
        &self,
        members: &[TaskRef],
        state_of: impl Fn(TaskRef) -> TaskState,
    ) -> WaitGraph {
        Drawing::new(self, members).draw(&state_of)
    }

    /// The trace of the run, if it was traced.
    pub fn take_trace(&mut self) -> Option<Box<Trace>> {
        let tracer = self.tracer.take()?;
        let task = |task| tracer.index(task);
        let resources = (0..)
            .zip(&self.resources[..self.resources_used])
            .map(|(id, resource)| node(id, resource.info, task))
            .collect();
        let mut trace = tracer.finish();
        trace.resources = resources;
        Some(Box::new(trace))
    }
}

fn node(id: u32, info: ResourceInfo, task: impl Fn(TaskRef) -> Option<usize>) -> ResourceNode {
    ResourceNode {
        id: Some(id),
        kind: info.kind,
        of: short_type(info.type_name),
        created_at: Place::from(info.site),
        task: info.task.and_then(task),
    }
}

struct Drawing<'a> {
    tracker: &'a Tracker,
    tasks: Vec<(TaskRef, &'a TaskRecord)>,
    members: usize,
    index_of: BTreeMap<TaskRef, usize>,
    resource_index: BTreeMap<ResourceId, usize>,
    resources: Vec<ResourceNode>,
}

impl<'a> Drawing<'a> {
    fn new(tracker: &'a Tracker, members: &[TaskRef]) -> Self {
        let mut tasks: Vec<(TaskRef, &TaskRecord)> = members
            .iter()
            .map(|task| (*task, &tracker.tasks[task.slot as usize]))
            .collect();
        let members = tasks.len();
        let holds_still = |task: TaskRef| tracker.holds.iter().any(|(_, hold)| hold.task == task);
        tasks.extend(
            tracker
                .ended
                .iter()
                .filter(|(task, _)| holds_still(*task))
                .map(|(task, record)| (*task, record)),
        );
        let index_of = tasks
            .iter()
            .enumerate()
            .map(|(index, (task, _))| (*task, index))
            .collect();
        Self {
            tracker,
            tasks,
            members,
            index_of,
            resource_index: BTreeMap::new(),
            resources: Vec::new(),
        }
    }

    fn draw(mut self, state_of: &impl Fn(TaskRef) -> TaskState) -> WaitGraph {
        let mut waits: Vec<WaitRecord> = self
            .tracker
            .waits
            .iter()
            .map(|(_, wait)| *wait)
            .filter(|wait| !wait.late && self.index_of.contains_key(&wait.task))
            .collect();
        waits.sort_by_key(|wait| wait.sequence);

        let mut task_waits: Vec<Vec<Wait>> = vec![Vec::new(); self.tasks.len()];
        for wait in &waits {
            let (blockers, granted) = self.blockers(wait, &waits);
            let task = self.index_of[&wait.task];
            let resource = self.resource(wait.resource);
            task_waits[task].push(Wait {
                resource,
                op: wait.op,
                at: wait.site.into(),
                since: wait.since,
                blockers,
                granted,
                keeps_open: self.owns_other_side(wait),
                unpolled: self.tracker.is_unpolled(wait),
            });
        }

        let mut task_holds: Vec<Vec<Hold>> = vec![Vec::new(); self.tasks.len()];
        for (_, hold) in self.tracker.holds.iter().filter(|(_, hold)| !hold.late) {
            if let Some(task) = self.index_of.get(&hold.task).copied() {
                let resource = self.resource(hold.resource);
                task_holds[task].push(Hold {
                    resource,
                    op: hold.op,
                    at: hold.site.into(),
                    since: hold.since,
                });
            }
        }
        for holds in &mut task_holds {
            holds.sort_by_key(|hold| (hold.since, hold.at.clone()));
        }

        let roles: Vec<String> = self
            .tasks
            .iter()
            .map(|(_, record)| {
                if record.path.as_slice().is_empty() {
                    "root".to_owned()
                } else {
                    role_of(record.type_name)
                }
            })
            .collect();
        let names = names(self.tracker, &roles, &self.tasks);
        let mut nodes = Vec::with_capacity(self.tasks.len());
        for (index, (waits, holds)) in task_waits.into_iter().zip(task_holds).enumerate() {
            let (task, record) = self.tasks[index];
            let state = if index >= self.members {
                TaskState::Ended
            } else {
                state_of(task)
            };
            let mut node = TaskNode {
                path: record.path.clone(),
                role: roles[index].clone(),
                name: names[index].clone(),
                kind: record.kind,
                spawned_at: record.site.into(),
                state,
                waits,
                holds,
                last: record.last.map(|(op, site)| LastOp {
                    op,
                    at: site.into(),
                }),
                age_ms: None,
            };
            if state == TaskState::Waiting && node.waits.is_empty() {
                let wait = self.untracked_wait(&node);
                node.waits.push(wait);
            }
            nodes.push(node);
        }
        WaitGraph {
            tasks: nodes,
            resources: self.resources,
        }
    }

    /// A task that waits, but in no wait that the tracker knows: in a hand-written future, or a
    /// primitive of another crate. The graph says so.
    fn untracked_wait(&mut self, node: &TaskNode) -> Wait {
        let at = node
            .last
            .as_ref()
            .map_or_else(|| node.spawned_at.clone(), |last| last.at.clone());
        self.resources.push(ResourceNode {
            id: None,
            kind: ResourceKind::Untracked,
            of: String::new(),
            created_at: node.spawned_at.clone(),
            task: None,
        });
        Wait {
            resource: self.resources.len() - 1,
            op: Op::Untracked,
            at,
            since: 0,
            blockers: Vec::new(),
            granted: false,
            keeps_open: false,
            unpolled: false,
        }
    }

    fn resource(&mut self, id: ResourceId) -> usize {
        if let Some(index) = self.resource_index.get(&id) {
            return *index;
        }
        let info: ResourceInfo = self.tracker.resources[id.0 as usize].info;
        self.resources
            .push(node(id.0, info, |task| self.index_of.get(&task).copied()));
        let index = self.resources.len() - 1;
        self.resource_index.insert(id, index);
        index
    }

    fn blockers(&self, wait: &WaitRecord, waits: &[WaitRecord]) -> (Vec<Blocker>, bool) {
        let resource = &self.tracker.resources[wait.resource.0 as usize];
        let mut blockers = Vec::new();
        let mut granted = false;
        match wait.op.needs() {
            Side::Holder => granted = self.queue(wait, waits, &mut blockers),
            side @ (Side::Source | Side::Sink) => {
                self.reservations(wait, &mut blockers);
                let others = resource
                    .users(side)
                    .iter()
                    .filter(|user| *user != wait.task)
                    .filter_map(|user| self.index_of.get(&user));
                for task in others {
                    push_once(&mut blockers, *task, Why::OtherSide);
                }
            }
            Side::Itself => {
                if let Some(task) = resource.info.task.and_then(|task| self.index_of.get(&task)) {
                    push_once(&mut blockers, *task, Why::Joined);
                }
            }
            Side::Unknown if wait.op == Op::Inspect => self.writers(wait, waits, &mut blockers),
            Side::Clock | Side::Unknown => {}
        }
        (blockers, granted)
    }

    /// Whether the waiting task's own future owned an end that could end the wait.
    fn owns_other_side(&self, wait: &WaitRecord) -> bool {
        match wait.op.needs() {
            side @ (Side::Source | Side::Sink) => self.tracker.resources[wait.resource.0 as usize]
                .users(side)
                .is_owner(wait.task),
            _ => false,
        }
    }

    /// tokio grants permits to the head of a queue before that task is polled. Walking the queue in
    /// order with the permits that no task holds shows which task was granted a permit without having
    /// taken it.
    fn queue(&self, wait: &WaitRecord, waits: &[WaitRecord], blockers: &mut Vec<Blocker>) -> bool {
        let kind = self.tracker.resources[wait.resource.0 as usize].info.kind;
        if !kind.is_fair() {
            self.crowd(wait, waits, blockers);
            return false;
        }
        let permits = u64::from(self.tracker.resources[wait.resource.0 as usize].permits);
        let holders: Vec<(TaskRef, u32)> = self
            .tracker
            .holds
            .iter()
            .filter(|(_, hold)| hold.resource == wait.resource && !hold.late)
            .map(|(_, hold)| (hold.task, hold.amount))
            .collect();
        let held: u64 = holders.iter().map(|(_, amount)| u64::from(*amount)).sum();
        let mut available = permits.saturating_sub(held);
        let mut blocked_ahead = false;
        for other in waits.iter().filter(|other| other.resource == wait.resource) {
            let fits = !blocked_ahead && u64::from(other.amount) <= available;
            if other.sequence == wait.sequence {
                if fits {
                    return true;
                }
                break;
            }
            if fits {
                available -= u64::from(other.amount);
            }
            let why = if fits { Why::Granted } else { Why::Ahead };
            blocked_ahead |= !fits;
            if let Some(task) = self.index_of.get(&other.task) {
                push_once(blockers, *task, why);
            }
        }
        // A wait that fits beside the holders is blocked only by those ahead of it in the queue.
        if u64::from(wait.amount) > permits.saturating_sub(held) {
            for (holder, amount) in holders {
                if let (Some(task), 1..) = (self.index_of.get(&holder), amount) {
                    push_once(blockers, *task, Why::Holds);
                }
            }
        }
        blockers.sort_by_key(|blocker| (blocker.why, blocker.task));
        false
    }

    /// Without a queue, only the holders block a task. The exception is a reader that gives way to a
    /// writer: it waits for that writer.
    fn crowd(&self, wait: &WaitRecord, waits: &[WaitRecord], blockers: &mut Vec<Blocker>) {
        let reads = wait.op == Op::Read;
        let holders = self.tracker.holds.iter().map(|(_, hold)| hold);
        let holders = holders
            .filter(|hold| hold.resource == wait.resource && !hold.late)
            .filter(|hold| !(reads && hold.op == Op::Read))
            .map(|hold| (hold.task, Why::Holds));
        let writers = waits
            .iter()
            .filter(|other| reads && other.resource == wait.resource && other.op == Op::Write)
            .map(|other| (other.task, Why::Ahead));
        for (task, why) in holders.chain(writers) {
            if let Some(task) = self.index_of.get(&task) {
                push_once(blockers, *task, why);
            }
        }
        blockers.sort_by_key(|blocker| (blocker.why, blocker.task));
    }

    /// A look at the value of a watch channel waits for whoever changes it, or waits to.
    fn writers(&self, wait: &WaitRecord, waits: &[WaitRecord], blockers: &mut Vec<Blocker>) {
        let holders = self.tracker.holds.iter().map(|(_, hold)| hold);
        let holders = holders
            .filter(|hold| hold.resource == wait.resource && hold.op == Op::Send && !hold.late)
            .map(|hold| (hold.task, Why::Holds));
        let queued = waits
            .iter()
            .filter(|other| other.resource == wait.resource && other.op == Op::Send)
            .map(|other| (other.task, Why::Ahead));
        for (task, why) in holders.chain(queued) {
            if let Some(task) = self.index_of.get(&task) {
                push_once(blockers, *task, why);
            }
        }
        blockers.sort_by_key(|blocker| (blocker.why, blocker.task));
    }

    /// A task that holds reserved capacity in a channel also blocks its senders.
    fn reservations(&self, wait: &WaitRecord, blockers: &mut Vec<Blocker>) {
        if !matches!(wait.op, Op::Send | Op::Reserve) {
            return;
        }
        for (_, hold) in self.tracker.holds.iter() {
            if hold.resource == wait.resource
                && !hold.late
                && let Some(task) = self.index_of.get(&hold.task)
            {
                push_once(blockers, *task, Why::Holds);
            }
        }
    }
}

fn push_once(blockers: &mut Vec<Blocker>, task: usize, why: Why) {
    let known = blockers.iter_mut().find(|blocker| blocker.task == task);
    match known {
        Some(blocker) => blocker.why = blocker.why.min(why),
        None => blockers.push(Blocker { task, why }),
    }
}

/// `worker#2` is the second task of its role that was spawned, whether or not the first still exists. A
/// role that was spawned once has no number.
fn names(tracker: &Tracker, roles: &[String], tasks: &[(TaskRef, &TaskRecord)]) -> Vec<String> {
    let spawned = |role: &str| -> u32 {
        let of_role = |(type_name, _): &&(&str, u32)| role_of(type_name) == role;
        let counts = tracker.spawned_by_type.iter().filter(of_role);
        counts.map(|(_, count)| count).sum()
    };
    let first_types: BTreeMap<&str, &str> = roles
        .iter()
        .zip(tasks)
        .rev()
        .map(|(role, (_, record))| (role.as_str(), record.type_name))
        .collect();
    roles
        .iter()
        .zip(tasks)
        .map(|(role, (_, record))| match spawned(role) {
            0 | 1 => role.clone(),
            // Two types have the same role: their numbers would collide, their paths do not.
            _ if first_types[role.as_str()] != record.type_name => {
                format!("{role}#{}", record.path)
            }
            _ => format!("{role}#{}", record.ordinal),
        })
        .collect()
}

/// The type's name without paths and without the wrappers of the facade.
fn short_type(type_name: &str) -> String {
    let mut short = String::with_capacity(type_name.len());
    let mut word_start = 0;
    for character in type_name.chars() {
        match character {
            ':' => short.truncate(word_start),
            _ => {
                short.push(character);
                if !(character.is_alphanumeric() || character == '_') {
                    word_start = short.len();
                }
            }
        }
    }
    if short == "()" { String::new() } else { short }
}

#[cfg(test)]
mod tests {
    use super::short_type;

    #[test]
    fn types_lose_their_paths() {
        for (long, short) in [
            ("watch_mux::buggy::Mux", "Mux"),
            (
                "alloc::collections::BTreeMap<alloc::string::String, core::option::Option<a::B>>",
                "BTreeMap<String, Option<B>>",
            ),
            ("(a::B, &str)", "(B, &str)"),
            ("()", ""),
        ] {
            assert_eq!(short_type(long), short);
        }
    }
}
