//! Records a trace during a run.

use std::collections::BTreeMap;
use std::time::Duration;

use standstill_model::plan::Choice;
use standstill_model::trace::{ChoicePoint, Event, MOST_EVENTS, Trace, TracedTask, What};
use standstill_rt::ids::{ResourceId, WaitId};
use standstill_rt::op::Op;
use standstill_rt::site::{Place, Site};
use standstill_rt::task::{TaskKind, TaskPath, TaskRef, role_of};

/// When there are more events than this, the trace is pruned during the run.
const MOST_KEPT: usize = 4 * MOST_EVENTS;

/// What a task is about to do where it may be preempted.
#[derive(Clone, Copy, Debug)]
enum Pending {
    /// An operation on this resource.
    Resource(usize),
    /// Spawning a task, which commutes with what other tasks do.
    Spawn,
    /// Anything else, or nothing.
    Other,
}

/// The trace so far. The tracker has one while a run is traced, and forwards every fact to it.
#[derive(Debug, Default)]
pub struct Tracer {
    trace: Trace,
    left_out: u64,
    /// The task whose step is running.
    running: Option<usize>,
    /// Tasks by their serial numbers.
    tasks: BTreeMap<u32, usize>,
    /// The type and number of each task.
    types: Vec<(&'static str, u32)>,
    places: BTreeMap<Place, usize>,
    /// The trace's numbers of waits and holds while they last: the tracker's records are reused.
    waits: BTreeMap<u32, u32>,
    holds: BTreeMap<u32, u32>,
    begun: u32,
    /// The tasks that use each resource, up to two of them.
    users: BTreeMap<usize, Vec<usize>>,
    /// For each choice: the resource that the running task was about to use.
    pending: Vec<Pending>,
    ms: u64,
}

impl Tracer {
    /// Virtual time has advanced to this.
    pub fn at_time(&mut self, ms: u64) {
        self.ms = ms;
    }

    fn event(&mut self, step: u64, task: Option<usize>, what: What) {
        let ms = self.ms;
        self.trace.events.push(Event {
            step,
            ms,
            task,
            what,
        });
        if self.trace.events.len() > MOST_KEPT {
            self.trace.cut(MOST_EVENTS);
            self.left_out += std::mem::take(&mut self.trace.left_out);
        }
    }

    pub fn index(&self, task: TaskRef) -> Option<usize> {
        self.tasks.get(&task.serial).copied()
    }

    fn place(&mut self, site: Site) -> usize {
        let place = Place::from(site);
        if let Some(index) = self.places.get(&place) {
            return *index;
        }
        let index = self.trace.places.len();
        self.trace.places.push(place.clone());
        self.places.insert(place, index);
        index
    }

    #[expect(clippy::too_many_arguments, reason = "a task's whole identity")]
    pub fn spawned(
        &mut self,
        step: u64,
        task: TaskRef,
        parent: Option<TaskRef>,
        path: &TaskPath,
        kind: TaskKind,
        (type_name, ordinal): (&'static str, u32),
        site: Site,
    ) {
        let index = self.trace.tasks.len();
        let role = if path.as_slice().is_empty() {
            "root".to_owned()
        } else {
            role_of(type_name)
        };
        self.trace.tasks.push(TracedTask {
            path: path.clone(),
            name: role.clone(),
            role,
            kind,
            spawned_at: site.into(),
            parent: parent.and_then(|parent| self.index(parent)),
        });
        self.types.push((type_name, ordinal));
        self.tasks.insert(task.serial, index);
        self.event(step, Some(index), What::Spawned);
    }

    /// Only the running task does anything: so the first fact about a task shows that it runs.
    fn runs(&mut self, step: u64, task: Option<usize>) {
        if task.is_some() && self.running != task {
            self.running = task;
            self.event(step, task, What::Runs);
        }
    }

    pub fn stops(&mut self, step: u64, suspended: bool) {
        let what = if suspended {
            What::Suspended
        } else {
            What::Paused
        };
        if let Some(running) = self.running.take() {
            self.event(step, Some(running), what);
        }
    }

    pub fn ended(&mut self, step: u64, task: TaskRef) {
        let task = self.index(task);
        self.event(step, task, What::Ended);
    }

    pub fn woken(&mut self, step: u64, task: TaskRef) {
        let task = self.index(task);
        self.event(step, task, What::Woken);
    }

    pub fn timer_fired(&mut self, step: u64, wait: Option<WaitId>, ahead: Duration) {
        let what = What::TimerFired {
            wait: wait.and_then(|wait| self.waits.get(&wait.0).copied()),
            ahead_ms: u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX),
        };
        self.event(step, None, what);
    }

    pub fn does(
        &mut self,
        step: u64,
        task: TaskRef,
        op: Op,
        resource: Option<ResourceId>,
        site: Site,
    ) {
        let at = self.place(site);
        let task = self.index(task);
        self.runs(step, task);
        let resource = resource.map(|resource| resource.0 as usize);
        if let (Some(resource), Some(task)) = (resource, task) {
            let users = self.users.entry(resource).or_default();
            if users.len() < 2 && !users.contains(&task) {
                users.push(task);
            }
        }
        self.event(step, task, What::Does { op, resource, at });
    }

    pub fn waits(
        &mut self,
        step: u64,
        task: TaskRef,
        record: u32,
        (resource, op): (ResourceId, Op),
        site: Site,
    ) {
        let at = self.place(site);
        let task = self.index(task);
        self.runs(step, task);
        self.begun += 1;
        let wait = self.begun;
        self.waits.insert(record, wait);
        let resource = resource.0 as usize;
        self.event(
            step,
            task,
            What::Waits {
                wait,
                resource,
                op,
                at,
            },
        );
    }

    pub fn wait_ended(&mut self, step: u64, task: TaskRef, record: u32, granted: bool) {
        if let Some(wait) = self.waits.remove(&record) {
            let task = self.index(task);
            if granted {
                self.runs(step, task);
            }
            let what = if granted {
                What::Granted { wait }
            } else {
                What::Abandoned { wait }
            };
            self.event(step, task, what);
        }
    }

    pub fn takes(
        &mut self,
        step: u64,
        task: TaskRef,
        record: u32,
        (resource, op): (ResourceId, Op),
        site: Site,
    ) {
        let at = self.place(site);
        let task = self.index(task);
        self.runs(step, task);
        self.begun += 1;
        let hold = self.begun;
        self.holds.insert(record, hold);
        let resource = resource.0 as usize;
        self.event(
            step,
            task,
            What::Takes {
                hold,
                resource,
                op,
                at,
            },
        );
    }

    pub fn releases(&mut self, step: u64, by: Option<TaskRef>, record: u32) {
        if let Some(hold) = self.holds.remove(&record) {
            let by = by.and_then(|by| self.index(by));
            self.runs(step, by);
            self.event(step, by, What::Releases { hold });
        }
    }

    /// A choice was made.
    pub fn chosen(&mut self, point: ChoicePoint, chosen: &Choice, yielding: bool) {
        if point.preempts(chosen) && !yielding {
            self.trace.preemptions += 1;
        }
        let pending = match self.trace.events.last().map(|event| event.what) {
            Some(What::Does { op: Op::Spawn, .. }) => Pending::Spawn,
            Some(What::Does {
                resource: Some(resource),
                ..
            }) => Pending::Resource(resource),
            _ => Pending::Other,
        };
        self.pending.push(pending);
        self.trace.points.push(point);
    }

    /// The trace, with its tasks named as in the wait graph: `worker#2` is the second of its role, and a
    /// role that was spawned once has no number.
    pub fn finish(mut self) -> Trace {
        let mut roles: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
        for (task, (type_name, _)) in self.trace.tasks.iter().zip(&self.types) {
            roles.entry(task.role.clone()).or_default().push(type_name);
        }
        for (task, (type_name, ordinal)) in self.trace.tasks.iter_mut().zip(&self.types) {
            let alike = &roles[&task.role];
            if alike.len() > 1 {
                task.name = match alike.iter().all(|other| other == type_name) {
                    true => format!("{}#{ordinal}", task.role),
                    false => format!("{}#{}", task.role, task.path),
                };
            }
        }
        for (point, pending) in self.trace.points.iter_mut().zip(&self.pending) {
            point.matters = match pending {
                Pending::Resource(resource) => {
                    let users = self.users.get(resource);
                    users.is_none_or(|users| users.len() > 1)
                }
                Pending::Spawn => false,
                Pending::Other => true,
            };
        }
        self.trace.cut(MOST_EVENTS);
        self.trace.left_out += self.left_out;
        self.trace
    }
}
