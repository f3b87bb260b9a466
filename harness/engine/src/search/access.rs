//! What a step touches, and when two steps are dependent.

use standstill_rt::ids::{ResourceId, ResourceInfo};
use standstill_rt::op::{Op, ResourceKind};

use crate::search::few::Few;
use crate::strategy::{Pending, View};
use crate::track::Tracker;

/// Something that steps share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Object {
    /// Anything: it is not known what is touched.
    #[default]
    All,
    /// A resource of the facade.
    Resource(u32),
    /// Whether this task has been woken.
    Wake(u32),
    /// That this task has ended.
    End(u32),
}

/// How a step touches an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    /// It reads it.
    #[default]
    Reads,
    /// It changes it.
    Writes,
    /// It requests it by joining its queue, and awaits nothing else.
    Asks,
    /// It grants it to the next in the queue.
    Gives,
}

/// What a step does to an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Access {
    pub(super) object: Object,
    pub(super) mode: Mode,
    /// The kind of the resource, if the object is one.
    pub(super) kind: Option<ResourceKind>,
}

/// Everything that a step touches.
pub(super) type Accesses = Few<Access, 6>;

impl Access {
    /// It may touch anything.
    pub(super) const ALL: Self = Self::write(Object::All);

    pub(super) const fn write(object: Object) -> Self {
        Self {
            object,
            mode: Mode::Writes,
            kind: None,
        }
    }

    /// What an operation does to a resource.
    pub(super) fn of(op: Op, id: ResourceId, info: &ResourceInfo) -> Option<Self> {
        if info.kind == ResourceKind::Task {
            return match (op, info.task) {
                // The task existed before its parent's step ended.
                (Op::Spawn, _) => None,
                (_, Some(task)) => Some(Self::write(Object::End(task.serial))),
                (_, None) => Some(Self::ALL),
            };
        }
        Some(Self {
            object: Object::Resource(id.0),
            mode: match op {
                Op::Release if info.kind == ResourceKind::Mutex => Mode::Gives,
                _ if op.only_reads() => Mode::Reads,
                _ => Mode::Writes,
            },
            kind: Some(info.kind),
        })
    }

    /// The first access in the step of the task in `slot`.
    pub(super) fn first(view: &View<'_>, slot: u32) -> Option<Self> {
        match view.pending(slot) {
            Pending::Poll => Some(Self::write(Object::Wake(view.tracker.serial(slot)))),
            // The task wakes itself, which does not affect other tasks.
            Pending::Op(Op::Yield | Op::YieldThread, None) => None,
            Pending::Op(Op::Release, Some(id)) if leaves_readers(view.tracker, id) => Some(Self {
                object: Object::Resource(id.0),
                mode: Mode::Reads,
                kind: Some(ResourceKind::RwLock),
            }),
            Pending::Op(op, Some(id)) => Self::of(op, id, view.tracker.info(id)),
            Pending::Op(_, None) => Some(Self::ALL),
        }
    }

    fn conflicts_with(self, other: Self) -> bool {
        self.object == Object::All
            || other.object == Object::All
            || self.object == other.object && self.mode.conflicts_with(other.mode)
    }
}

impl Mode {
    fn conflicts_with(self, other: Self) -> bool {
        !matches!(
            (self, other),
            (Mode::Reads, Mode::Reads) | (Mode::Asks, Mode::Gives) | (Mode::Gives, Mode::Asks)
        )
    }
}

/// Whether the release that comes now is that of a read lock, of a readers-writer lock that no task
/// waits for: see the module's documentation.
fn leaves_readers(tracker: &Tracker, id: ResourceId) -> bool {
    let info = tracker.info(id);
    info.kind == ResourceKind::RwLock && info.permits == u32::MAX && tracker.only_readers(id)
}

/// The accesses of a step in which a task starts to wait in `op`, and for nothing else: see the module's
/// documentation. None if the step needs no special treatment.
pub(super) fn begins_to_wait(op: Op, access: Access, kind: ResourceKind) -> Option<Accesses> {
    let lock = op == Op::Lock && kind == ResourceKind::Mutex;
    let asks = Access {
        mode: Mode::Asks,
        ..access
    };
    if only_listens(op, kind) {
        Some(Accesses::default())
    } else {
        lock.then(|| [asks].into_iter().collect())
    }
}

/// Whether starting to wait in `op` changes only which task is woken in the end: it takes no place in a
/// queue, and acquires nothing.
fn only_listens(op: Op, kind: ResourceKind) -> bool {
    match kind {
        ResourceKind::Task => op == Op::Join,
        ResourceKind::Channel
        | ResourceKind::UnboundedChannel
        | ResourceKind::Oneshot
        | ResourceKind::Watch
        | ResourceKind::Broadcast => matches!(op, Op::Recv | Op::Changed),
        _ => false,
    }
}

/// Whether steps of two tasks cannot be swapped.
pub(super) fn dependent(one: &[Access], two: &[Access]) -> bool {
    one.contains(&Access::ALL)
        || two.contains(&Access::ALL)
        || one.iter().any(|a| two.iter().any(|b| a.conflicts_with(*b)))
}

/// What the dependency between two steps is about, in words.
pub(super) fn common_ground(one: &[Access], two: &[Access]) -> &'static str {
    if one.contains(&Access::ALL) || two.contains(&Access::ALL) {
        return "anything";
    }
    let pairs = one.iter().flat_map(|a| two.iter().map(move |b| (a, b)));
    let shared = pairs.into_iter().find(|(a, b)| a.conflicts_with(**b));
    match shared {
        Some((a, _)) => match a.object {
            Object::All => "anything",
            Object::Resource(_) => a.kind.map_or("a resource", ResourceKind::name),
            Object::Wake(_) => "the wake of a task",
            Object::End(_) => "the end of a task",
        },
        None => "anything",
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::{Access, Mode, Object, common_ground, dependent, leaves_readers};
    use standstill_rt::ids::ResourceInfo;
    use standstill_rt::op::{Op, ResourceKind};
    use standstill_rt::task::TaskKind;

    use crate::track::Tracker;

    #[test]
    fn only_reads_of_one_object_change_places() {
        let write = Access::write(Object::Resource(1));
        let read = Access {
            mode: Mode::Reads,
            ..write
        };
        let other = Access::write(Object::Wake(1));
        assert!(dependent(&[write], &[read]));
        assert!(dependent(&[other, write], &[write]));
        assert!(!dependent(&[read], &[read]));
        assert!(!dependent(&[write], &[other]));
        assert!(dependent(&[Access::ALL], &[]));
        assert!(!dependent(&[], &[write]));
        assert_eq!(common_ground(&[other, write], &[read]), "a resource");
        assert_eq!(common_ground(&[other], &[other]), "the wake of a task");
        assert_eq!(common_ground(&[Access::ALL], &[write]), "anything");
    }

    #[test]
    fn a_read_lock_is_given_back_unnoticed_while_nobody_waits() {
        let site = Location::caller();
        let mut tracker = Tracker::default();
        let task = tracker.spawned(0, None, TaskKind::Async, "reader", site);
        let info = |permits| ResourceInfo {
            kind: ResourceKind::RwLock,
            type_name: "u32",
            site,
            permits,
            task: None,
        };
        let lock = tracker.resource(info(u32::MAX));
        let limited = tracker.resource(info(2));
        assert!(!leaves_readers(&tracker, lock));
        let held = tracker.hold(task, lock, Op::Read, 1, site);
        tracker.hold(task, lock, Op::Read, 1, site);
        tracker.hold(task, limited, Op::Read, 1, site);
        assert!(leaves_readers(&tracker, lock));
        assert!(!leaves_readers(&tracker, limited));
        let wait = tracker.wait(task, lock, Op::Write, 1, site);
        assert!(!leaves_readers(&tracker, lock));
        tracker.abandoned(wait);
        assert!(leaves_readers(&tracker, lock));
        tracker.resize_hold(held, 1, Op::Write);
        assert!(!leaves_readers(&tracker, lock));
    }
}
