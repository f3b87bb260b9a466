//! What a step touches, and when two steps can change places.

use crate::op::{Op, ResourceKind};
use crate::strategy::{Pending, View};
use crate::track::{ResourceId, ResourceInfo};

/// Something that steps share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Object {
    /// Anything: what it is cannot be told.
    All,
    /// A resource of the facade.
    Resource(u32),
    /// Whether this task has been woken.
    Wake(u32),
    /// That this task has ended.
    End(u32),
}

/// What a step does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Access {
    pub(super) object: Object,
    pub(super) writes: bool,
}

impl Access {
    /// It may touch anything.
    pub(super) const ALL: Self = Self::write(Object::All);

    pub(super) const fn write(object: Object) -> Self {
        Self {
            object,
            writes: true,
        }
    }

    /// What an operation does to a resource.
    pub(super) fn of(op: Op, id: ResourceId, info: &ResourceInfo) -> Option<Self> {
        if info.kind == ResourceKind::Task {
            return match (op, info.task) {
                // The task was there before its parent's step ended.
                (Op::Spawn, _) => None,
                (_, Some(task)) => Some(Self::write(Object::End(task.serial))),
                (_, None) => Some(Self::ALL),
            };
        }
        Some(Self {
            object: Object::Resource(id.0),
            writes: !op.only_reads(),
        })
    }

    /// What the step of the task in `slot` does first.
    pub(super) fn first(view: &View<'_>, slot: u32) -> Option<Self> {
        match view.pending(slot) {
            Pending::Poll => Some(Self::write(Object::Wake(view.tracker.serial(slot)))),
            // The task wakes itself, which is no business of the others.
            Pending::Op(Op::Yield | Op::YieldThread, None) => None,
            Pending::Op(op, Some(id)) => Self::of(op, id, view.tracker.info(id)),
            Pending::Op(_, None) => Some(Self::ALL),
        }
    }

    fn conflicts_with(self, other: Self) -> bool {
        (self.object == Object::All && self.writes)
            || (other.object == Object::All && other.writes)
            || self.object == other.object && (self.writes || other.writes)
    }
}

/// Whether steps of two tasks cannot change places.
pub(super) fn dependent(one: &[Access], two: &[Access]) -> bool {
    one.contains(&Access::ALL)
        || two.contains(&Access::ALL)
        || one.iter().any(|a| two.iter().any(|b| a.conflicts_with(*b)))
}

#[cfg(test)]
mod tests {
    use super::{Access, Object, dependent};

    #[test]
    fn only_reads_of_one_object_change_places() {
        let write = Access::write(Object::Resource(1));
        let read = Access {
            writes: false,
            ..write
        };
        let other = Access::write(Object::Wake(1));
        assert!(dependent(&[write], &[read]));
        assert!(dependent(&[other, write], &[write]));
        assert!(!dependent(&[read], &[read]));
        assert!(!dependent(&[write], &[other]));
        assert!(dependent(&[Access::ALL], &[]));
        assert!(!dependent(&[], &[write]));
    }
}
