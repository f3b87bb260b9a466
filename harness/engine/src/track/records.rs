//! The tracker's records, and the slab that stores them.

use standstill_rt::ids::{ResourceId, ResourceInfo};
use standstill_rt::op::{Op, Side};
use standstill_rt::site::Site;
use standstill_rt::task::{TaskKind, TaskPath, TaskRef};

use crate::track::USERS_REMEMBERED;

/// A resource and the tasks that use it.
#[derive(Debug)]
pub struct Resource {
    pub info: ResourceInfo,
    pub permits: u32,
    pub sources: Users,
    pub sinks: Users,
}

impl Resource {
    pub(super) fn new(info: ResourceInfo) -> Self {
        Self {
            info,
            permits: info.permits,
            sources: Users::default(),
            sinks: Users::default(),
        }
    }

    pub(super) fn renew(&mut self, info: ResourceInfo) {
        self.info = info;
        self.permits = info.permits;
        self.sources.clear();
        self.sinks.clear();
    }

    #[inline]
    pub(super) fn users_mut(&mut self, side: Side) -> &mut Users {
        if side == Side::Source {
            &mut self.sources
        } else {
            &mut self.sinks
        }
    }

    pub(super) fn users(&self, side: Side) -> &Users {
        if side == Side::Source {
            &self.sources
        } else {
            &self.sinks
        }
    }
}

/// The tasks seen on one side of a resource.
#[derive(Debug, Default)]
pub struct Users {
    /// The tasks that used it, in the order in which they first did. Beyond a certain number the
    /// earliest are forgotten.
    seen: Vec<TaskRef>,
    /// One bit for each of them whose serial number is below 64: a fast check on the path of a step.
    seen_bits: u64,
    /// The tasks whose futures turned out to own a handle when they were dropped.
    owners: Vec<TaskRef>,
}

/// The bit of a task in [`Users::seen_bits`], or zero.
#[inline]
fn bit(task: TaskRef) -> u64 {
    1_u64.checked_shl(task.serial).unwrap_or(0)
}

impl Users {
    fn clear(&mut self) {
        self.seen.clear();
        self.seen_bits = 0;
        self.owners.clear();
    }

    #[inline]
    pub(super) fn note(&mut self, task: TaskRef, closing: bool) {
        if closing {
            if !self.owners.contains(&task) {
                self.owners.push(task);
            }
        } else if self.seen_bits & bit(task) == 0 {
            self.note_other(task);
        }
    }

    /// Whether this task's future turned out to own a handle.
    pub(super) fn is_owner(&self, task: TaskRef) -> bool {
        self.owners.contains(&task)
    }

    pub(super) fn forget(&mut self, task: TaskRef) {
        self.seen.retain(|seen| *seen != task);
        self.seen_bits &= !bit(task);
    }

    fn note_other(&mut self, task: TaskRef) {
        if self.seen.contains(&task) {
            return;
        }
        if self.seen.len() == USERS_REMEMBERED {
            let forgotten = self.seen.remove(0);
            self.seen_bits &= !bit(forgotten);
        }
        self.seen.push(task);
        self.seen_bits |= bit(task);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = TaskRef> + '_ {
        self.owners.iter().chain(&self.seen).copied()
    }
}

#[derive(Clone, Debug)]
pub(super) struct TaskRecord {
    pub serial: u32,
    /// Its number among the tasks of its type, from 1.
    pub ordinal: u32,
    pub alive: bool,
    pub kind: TaskKind,
    pub type_name: &'static str,
    pub site: Site,
    pub path: TaskPath,
    pub children: u32,
    pub waiting: u32,
    pub holding: u32,
    pub polls: u64,
    pub marked_polls: u64,
    /// Suspended in the middle of a poll until it is woken.
    pub parked: bool,
    pub last: Option<(Op, Site)>,
    /// The resource of the last operation.
    pub on: Option<ResourceId>,
}

impl TaskRecord {
    pub(super) fn vacant(site: Site) -> Self {
        Self {
            serial: u32::MAX,
            ordinal: 0,
            alive: false,
            kind: TaskKind::Async,
            type_name: "",
            site,
            path: TaskPath::root(),
            children: 0,
            waiting: 0,
            holding: 0,
            polls: 0,
            marked_polls: u64::MAX,
            parked: false,
            last: None,
            on: None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct WaitRecord {
    pub task: TaskRef,
    pub resource: ResourceId,
    pub op: Op,
    pub amount: u32,
    pub site: Site,
    pub since: u64,
    pub sequence: u64,
    /// How often its task had been polled when the wait was last polled. None if it is polled through
    /// something that has wakers of its own.
    pub polled: Option<u64>,
    /// It began after the run was over, so it is not part of the hang.
    pub late: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct HoldRecord {
    pub task: TaskRef,
    pub resource: ResourceId,
    pub op: Op,
    pub amount: u32,
    pub site: Site,
    pub since: u64,
    /// It was acquired after the run was over, so it is not part of the hang.
    pub late: bool,
}

/// A vector whose slots are reused.
#[derive(Debug)]
pub(super) struct Slab<T> {
    entries: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.free.clear();
    }

    #[inline]
    pub(super) fn insert(&mut self, value: T) -> u32 {
        if let Some(index) = self.free.pop() {
            self.entries[index as usize] = Some(value);
            return index;
        }
        self.entries.push(Some(value));
        u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
    }

    #[inline]
    pub(super) fn remove(&mut self, index: u32) {
        if let Some(entry) = self.entries.get_mut(index as usize)
            && entry.take().is_some()
        {
            self.free.push(index);
        }
    }

    pub(super) fn get(&self, index: u32) -> Option<&T> {
        self.entries.get(index as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        self.entries.get_mut(index as usize)?.as_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.entries
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| Some((u32::try_from(index).ok()?, entry.as_ref()?)))
    }
}
