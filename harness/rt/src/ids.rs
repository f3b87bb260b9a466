//! What facades call the tracker's records by.

use crate::op::ResourceKind;
use crate::site::Site;
use crate::task::TaskRef;

/// A resource of the current run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(pub u32);

/// A wait of the current run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitId(pub u32);

/// A hold of the current run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldId(pub u32);

/// What is known of a resource when it is first used.
#[derive(Clone, Copy, Debug)]
pub struct ResourceInfo {
    /// Its kind.
    pub kind: ResourceKind,
    /// The type of what it guards or carries.
    pub type_name: &'static str,
    /// Where it was created.
    pub site: Site,
    /// How many permits it has in all: 1 for a mutex, `u32::MAX` where it has no such limit.
    pub permits: u32,
    /// The task that it is, for a joined task.
    pub task: Option<TaskRef>,
}
