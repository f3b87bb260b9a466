//! The wait graph: at one instant, who waits for what, and who could end that wait.
//!
//! Pure data and pure functions; the tracker draws it, the report prints it.

use serde::{Deserialize, Serialize};
use standstill_rt::op::{Op, ResourceKind};
use standstill_rt::site::Place;
use standstill_rt::task::{TaskKind, TaskPath};

/// Tasks and resources at one instant. Tasks and resources name each other by index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitGraph {
    /// The tasks that were alive, and those ended ones that still held something.
    pub tasks: Vec<TaskNode>,
    /// The resources that these tasks waited for or held.
    pub resources: Vec<ResourceNode>,
}

/// A task in the wait graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskNode {
    /// The task's identity.
    pub path: TaskPath,
    /// Its role: the function it runs.
    pub role: String,
    /// Its role, numbered where several tasks share it (`worker#2`).
    pub name: String,
    /// How it runs.
    pub kind: TaskKind,
    /// Where it was spawned.
    pub spawned_at: Place,
    /// What it was doing.
    pub state: TaskState,
    /// The waits it was in: several under `select!` or `join!`, any of which may wake it.
    pub waits: Vec<Wait>,
    /// What it held.
    pub holds: Vec<Hold>,
    /// The last operation that it announced.
    pub last: Option<LastOp>,
    /// How long ago it was spawned, in milliseconds. Known for real runs, where time is real.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
}

impl TaskNode {
    /// The waits that can wake the task to some purpose, with their indices: not those of futures
    /// that it does not poll, unless there are no others.
    pub fn looked_at(&self) -> impl Iterator<Item = (usize, &Wait)> {
        let some = self.waits.iter().any(|wait| !wait.unpolled);
        let waits = self.waits.iter().enumerate();
        waits.filter(move |(_, wait)| !(some && wait.unpolled))
    }
}

/// What a task was doing when the graph was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskState {
    /// It waited.
    Waiting,
    /// It could have run.
    Ready,
    /// It waited too, but for something that can still happen.
    Live,
    /// It had ended; it is here because it still held something.
    Ended,
}

/// An operation that a task announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastOp {
    /// The operation.
    pub op: Op,
    /// Where the program does it.
    pub at: Place,
}

/// One wait of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Index of the resource, in [`WaitGraph::resources`].
    pub resource: usize,
    /// The operation that waits.
    pub op: Op,
    /// Where the program waits.
    pub at: Place,
    /// The step at which the wait began.
    pub since: u64,
    /// Who could end the wait. Empty: nobody the tracker knows of.
    pub blockers: Vec<Blocker>,
    /// The primitive has granted the wait already, but the future was not polled since: a
    /// *futurelock* when others queue behind it.
    pub granted: bool,
    /// The task itself owns the end that could end its wait, a sender of the channel that it
    /// receives from: the channel cannot close.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_open: bool,
    /// Its task has run since the wait was polled last, but has not polled it: the future that
    /// waits there is kept, and its owner awaits something else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unpolled: bool,
}

/// A task that keeps another one waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocker {
    /// Index of the task, in [`WaitGraph::tasks`].
    pub task: usize,
    /// Why it counts as one.
    pub why: Why,
}

/// Why a task keeps another one waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It holds the resource.
    Holds,
    /// It was granted the resource, and has not been polled since.
    Granted,
    /// It stands before the waiting one in the resource's queue.
    Ahead,
    /// It is, or was last, the one on the other side: the sender, the receiver, the notifier.
    OtherSide,
    /// It is the task being joined.
    Joined,
}

/// One hold of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Index of the resource, in [`WaitGraph::resources`].
    pub resource: usize,
    /// The operation that took it.
    pub op: Op,
    /// Where the program took it.
    pub at: Place,
    /// The step at which it was taken.
    pub since: u64,
}

/// A resource in the wait graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceNode {
    /// Its number in the run, in the order in which the run met its resources: it tells two that
    /// were created at one place apart. None for what is no resource of the facade's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// What it is.
    pub kind: ResourceKind,
    /// The type of what it guards or carries, without its path. Empty when there is none.
    pub of: String,
    /// Where it was created.
    pub created_at: Place,
    /// The joined task, for a resource that is one: an index into [`WaitGraph::tasks`].
    pub task: Option<usize>,
}

impl ResourceNode {
    /// The resource's type as a programmer writes it, like ``Mutex<State>``.
    pub fn type_text(&self) -> String {
        if self.of.is_empty() {
            self.kind.name().to_owned()
        } else {
            match self.kind.is_generic() {
                true => format!("{}<{}>", self.kind.name(), self.of),
                false => format!("{} of `{}`", self.kind.name(), self.of),
            }
        }
    }
}

/// A step of a cycle: this task waits, in this wait, for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Index of the task, in [`WaitGraph::tasks`].
    pub task: usize,
    /// Index of the wait, in [`TaskNode::waits`].
    pub wait: usize,
    /// Index of the blocker that leads on, in [`Wait::blockers`]; none at the end of a chain
    /// that is not a cycle.
    pub blocker: Option<usize>,
}

/// A *futurelock*: somebody waits for what a future has, or is next to get, that is not polled any
/// more since its owner awaits something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Futurelock {
    /// The owner: an index into [`WaitGraph::tasks`].
    pub owner: usize,
    /// What the future keeps from others: an index into [`WaitGraph::resources`].
    pub resource: usize,
    /// Where the future waits: an index into [`TaskNode::waits`].
    pub wait: usize,
    /// [`Why::Granted`]: the future was granted the resource and has not looked. [`Why::Ahead`]: it
    /// stands in the queue. [`Why::Holds`]: its owner holds the resource since before the future
    /// began that wait.
    pub why: Why,
}

impl WaitGraph {
    /// The futurelock in `core`, if there is one.
    pub fn futurelock(&self, core: &[Link]) -> Option<Futurelock> {
        core.iter().find_map(|link| {
            let (_, needed, blocker) = self.follow(*link);
            let (resource, blocker) = (needed.resource, blocker?);
            let owner = self.tasks.get(blocker.task)?;
            let mut waits = owner.waits.iter().enumerate();
            let found = match blocker.why {
                Why::Granted => waits.find(|(_, wait)| wait.resource == resource && wait.granted),
                Why::Ahead => waits.find(|(_, wait)| wait.resource == resource && wait.unpolled),
                Why::Holds => {
                    let since = owner
                        .holds
                        .iter()
                        .filter(|hold| hold.resource == resource)
                        .map(|hold| hold.since)
                        .min()?;
                    waits.find(|(_, wait)| wait.unpolled && wait.since >= since)
                }
                Why::OtherSide | Why::Joined => None,
            };
            found.map(|(wait, _)| Futurelock {
                owner: blocker.task,
                resource,
                wait,
                why: blocker.why,
            })
        })
    }

    /// The waiting task's way on from one link: the wait and the blocker it names.
    pub fn follow(&self, link: Link) -> (&TaskNode, &Wait, Option<&Blocker>) {
        let task = &self.tasks[link.task];
        let wait = &task.waits[link.wait];
        let blocker = link.blocker.and_then(|index| wait.blockers.get(index));
        (task, wait, blocker)
    }

    /// The heart of the standstill among the tasks that `stuck` accepts: the shortest cycle of
    /// waits from which no wait leads elsewhere, or a single wait that nobody can end. Of several,
    /// the one whose label sorts first, rotated to begin with its smallest label; the same bug
    /// gives the same core whatever else was going on.
    pub fn core(&self, stuck: impl Fn(usize) -> bool) -> Vec<Link> {
        let edges = self.edges(&stuck);
        let component = components(&edges);
        let terminal = terminal_components(&edges, &component);
        let mut best: Option<(bool, usize, Vec<String>, Vec<Link>)> = None;
        for (task, node) in self.tasks.iter().enumerate() {
            if !stuck(task) || !terminal[component[task]] {
                continue;
            }
            let candidate = match shortest_cycle(&edges, task) {
                Some(cycle) => self.rotated(cycle),
                None => match node.waits.is_empty() {
                    true => continue,
                    false => self.lonely(task),
                },
            };
            let labels: Vec<String> = candidate.iter().map(|link| self.label(*link)).collect();
            let orphan = candidate.iter().any(|link| link.blocker.is_none());
            let key = (orphan, candidate.len(), labels, candidate);
            let better = match &best {
                None => true,
                Some(best) => (&key.0, key.1, &key.2) < (&best.0, best.1, &best.2),
            };
            if better {
                best = Some(key);
            }
        }
        best.map(|(_, _, _, links)| links).unwrap_or_default()
    }

    /// What a link is about, without anything that changes between two runs of the same bug:
    /// operation, resource, the files of creation and of blocking.
    pub fn label(&self, link: Link) -> String {
        let (_, wait, blocker) = self.follow(link);
        let resource = &self.resources[wait.resource];
        let why = match blocker.map(|blocker| blocker.why) {
            Some(Why::Holds | Why::Ahead) => "holds",
            Some(Why::Granted) => "granted",
            Some(Why::OtherSide) => "other side",
            Some(Why::Joined) => "joined",
            None => "nobody",
        };
        format!(
            "{} {} {} {} {} {}",
            wait.op.name(),
            resource.kind.name(),
            resource.of,
            resource.created_at.stable_file(),
            wait.at.stable_file(),
            why,
        )
    }

    fn edges(&self, stuck: &impl Fn(usize) -> bool) -> Vec<Vec<(usize, Link)>> {
        self.tasks
            .iter()
            .enumerate()
            .map(|(task, node)| {
                let mut out = Vec::new();
                if !stuck(task) {
                    return out;
                }
                for (wait, waiting) in node.looked_at() {
                    for (blocker, by) in waiting.blockers.iter().enumerate() {
                        let link = Link {
                            task,
                            wait,
                            blocker: Some(blocker),
                        };
                        out.push((by.task, link));
                    }
                }
                out
            })
            .collect()
    }

    /// The link of a task that waits for nobody in particular. Of several waits the one that
    /// names a blocker comes first, then the label decides.
    fn lonely(&self, task: usize) -> Vec<Link> {
        self.tasks[task]
            .looked_at()
            .map(|(wait, waiting)| Link {
                task,
                wait,
                blocker: (!waiting.blockers.is_empty()).then_some(0),
            })
            .min_by_key(|link| (link.blocker.is_none(), self.label(*link)))
            .into_iter()
            .collect()
    }

    fn rotated(&self, cycle: Vec<Link>) -> Vec<Link> {
        (0..cycle.len())
            .map(|start| {
                let mut rotated = cycle.clone();
                rotated.rotate_left(start);
                rotated
            })
            .min_by_key(|links| {
                let labels: Vec<String> = links.iter().map(|link| self.label(*link)).collect();
                labels
            })
            .unwrap_or_default()
    }
}

/// Strongly connected components (Tarjan 1972, with an explicit stack): a number per node.
fn components(edges: &[Vec<(usize, Link)>]) -> Vec<usize> {
    const UNSEEN: usize = usize::MAX;
    let count = edges.len();
    let mut index = vec![UNSEEN; count];
    let mut low = vec![0; count];
    let mut on_stack = vec![false; count];
    let mut component = vec![UNSEEN; count];
    let mut stack = Vec::new();
    let (mut next_index, mut next_component) = (0, 0);
    for root in 0..count {
        if index[root] != UNSEEN {
            continue;
        }
        let mut work = vec![(root, 0)];
        while let Some(&mut (node, ref mut edge)) = work.last_mut() {
            if *edge == 0 {
                index[node] = next_index;
                low[node] = next_index;
                next_index += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(&(to, _)) = edges[node].get(*edge) {
                *edge += 1;
                if index[to] == UNSEEN {
                    work.push((to, 0));
                } else if on_stack[to] {
                    low[node] = low[node].min(index[to]);
                }
                continue;
            }
            work.pop();
            if let Some(&(parent, _)) = work.last() {
                low[parent] = low[parent].min(low[node]);
            }
            if low[node] == index[node] {
                while let Some(member) = stack.pop() {
                    on_stack[member] = false;
                    component[member] = next_component;
                    if member == node {
                        break;
                    }
                }
                next_component += 1;
            }
        }
    }
    component
}

/// Which components no edge leaves.
fn terminal_components(edges: &[Vec<(usize, Link)>], component: &[usize]) -> Vec<bool> {
    let mut terminal = vec![true; component.len()];
    for (from, out) in edges.iter().enumerate() {
        for (to, _) in out {
            if component[*to] != component[from] {
                terminal[component[from]] = false;
            }
        }
    }
    terminal
}

/// The shortest cycle through `start`, by breadth-first search. Edges are tried in order, so the
/// result is the same every time.
fn shortest_cycle(edges: &[Vec<(usize, Link)>], start: usize) -> Option<Vec<Link>> {
    let mut reached_by: Vec<Option<Link>> = vec![None; edges.len()];
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for (to, link) in &edges[node] {
            if *to == start {
                let mut cycle = vec![*link];
                let mut at = node;
                while at != start {
                    let link = reached_by[at]?;
                    cycle.push(link);
                    at = link.task;
                }
                cycle.reverse();
                return Some(cycle);
            }
            if reached_by[*to].is_none() {
                reached_by[*to] = Some(*link);
                queue.push_back(*to);
            }
        }
    }
    None
}
