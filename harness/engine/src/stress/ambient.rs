//! The books for what is tracked outside of runs.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use standstill_model::finding::BlockedFact;
use standstill_model::graph::{TaskState, WaitGraph};
use standstill_rt::driver::RuntimeId;
use standstill_rt::host::Host;
use standstill_rt::site::Site;
use standstill_rt::task::{TaskRef, role_of};

use crate::stress::host::Visitor;
use crate::stress::member::{Member, Reading};
use crate::stress::shared::Shared;

/// What is tracked outside of runs.
#[derive(Debug)]
pub struct Ambient {
    visitor: Visitor,
}

/// A task that has not ended.
#[derive(Clone, Copy, Debug)]
pub struct Living {
    pub task: TaskRef,
    pub site: Site,
}

impl Ambient {
    pub(super) fn new() -> Self {
        Self {
            visitor: Visitor {
                shared: Arc::new(Shared::ambient()),
                random: AtomicU64::new(0),
            },
        }
    }

    pub(super) fn host(&self) -> &(dyn Host + Sync) {
        &self.visitor
    }

    fn shared(&self) -> &Shared {
        &self.visitor.shared
    }

    /// How many tasks were spawned so far: later ones have this serial number or a higher one.
    pub fn serials(&self) -> u32 {
        self.shared().book().tracker.serials()
    }

    /// The tasks of a runtime that have not ended, in slot order.
    pub fn living(&self, home: RuntimeId) -> Vec<Living> {
        let book = self.shared().book();
        book.living()
            .filter(|member| member.home == Some(home))
            .map(|member| Living {
                task: member.task,
                site: member.identity.site,
            })
            .collect()
    }

    /// The wait graph of the tasks of a runtime, with their ages. The tasks that `concerns` accepts are
    /// the ones that count.
    pub fn graph(&self, home: RuntimeId, concerns: impl Fn(TaskRef) -> bool) -> WaitGraph {
        let now = self.shared().elapsed();
        let mut book = self.shared().book();
        book.take_notes();
        let members: Vec<&Arc<Member>> = book
            .living()
            .filter(|member| member.home == Some(home))
            .collect();
        let tasks: Vec<TaskRef> = members.iter().map(|member| member.task).collect();
        let mut graph = book.tracker.snapshot(&tasks, |task| {
            let member = members.iter().find(|member| member.task == task);
            match member {
                _ if !concerns(task) => TaskState::Live,
                Some(member) if !member.is_idle() => TaskState::Ready,
                _ => TaskState::Waiting,
            }
        });
        for (node, member) in graph.tasks.iter_mut().zip(&members) {
            let age = now.saturating_sub(member.born).as_millis();
            node.age_ms = Some(u64::try_from(age).unwrap_or(u64::MAX));
        }
        graph
    }

    /// The tasks of a runtime that provably can never run again, because they wait for each other. The
    /// second value changes as soon as one of them moves.
    pub fn dead(&self, home: RuntimeId) -> (Vec<TaskRef>, (u64, u64)) {
        let mut book = self.shared().book();
        book.take_notes();
        let members: Vec<&Arc<Member>> = book.living().collect();
        let alive: Vec<TaskRef> = members.iter().map(|member| member.task).collect();
        let mut dead = book.tracker.dead(&alive, |task| {
            let member = members.iter().find(|member| member.task == task);
            member.is_none_or(|member| !member.is_idle())
        });
        if !book.tracker.is_credible(&alive, &dead) {
            return (Vec::new(), (0, 0));
        }
        dead.retain(|task| {
            let member = members.iter().find(|member| member.task == *task);
            member.is_some_and(|member| member.home == Some(home))
        });
        let stillness = book.tracker.stillness(&dead);
        (dead, stillness)
    }

    /// The polls on a runtime that have lasted longer than this.
    pub fn long_polls(&self, home: RuntimeId, longer_than: Duration) -> Vec<BlockedFact> {
        let now = self.shared().elapsed();
        let book = self.shared().book();
        book.living()
            .filter(|member| member.home == Some(home))
            .filter_map(|member| {
                let reading: Reading = member.reading()?;
                let lasts = now.saturating_sub(reading.since);
                (lasts >= longer_than).then(|| fact(member, &reading, lasts))
            })
            .collect()
    }
}

fn fact(member: &Member, reading: &Reading, lasts: Duration) -> BlockedFact {
    let asleep = crate::threads::state(reading.thread).is_some_and(|state| state.asleep);
    let for_ms = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
    BlockedFact {
        role: role_of(member.identity.type_name),
        spawned_at: Some(member.identity.site.into()),
        last: reading.last.map(|(op, site)| (op, site.into())),
        thread: Some(crate::threads::fact(reading.thread, asleep, for_ms)),
    }
}
