//! Task ids.

use std::fmt;

use ::tokio::task as real;
use standstill_rt::{TaskRef, host};

/// Identifies a task among all tasks that exist at the same time. In a controlled run, it is the
/// same in every replay.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Repr);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Repr {
    Real(real::Id),
    Run(u32),
}

impl Id {
    pub(super) fn real(id: real::Id) -> Self {
        Self(Repr::Real(id))
    }

    pub(super) fn of(task: TaskRef) -> Self {
        Self(Repr::Run(task.serial))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Real(id) => id.fmt(f),
            Repr::Run(id) => id.fmt(f),
        }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Real(id) => id.fmt(f),
            Repr::Run(id) => f.debug_tuple("Id").field(&id).finish(),
        }
    }
}

/// The id of the current task.
///
/// # Panics
///
/// Outside a spawned task.
#[track_caller]
pub fn id() -> Id {
    match try_id() {
        Some(id) => id,
        None => panic!("Can't get a task id when not inside a task"),
    }
}

/// The id of the current task, if it is a spawned one.
pub fn try_id() -> Option<Id> {
    match host::with(|host| {
        (
            host.current().filter(|_| !host.is_thread()),
            host.controlled(),
        )
    }) {
        // The root task of a run corresponds to `block_on`'s future in a runtime, which has no id.
        Some((Some(task), _)) => (task.serial > 0).then(|| Id::of(task)),
        Some((None, true)) => None,
        Some((None, false)) | None => real::try_id().map(Id::real),
    }
}
