//! Standstill's runtime library: what the facades and the engines share.
//!
//! It lies under every facade, so it is small and has few dependencies. In reading order:
//!
//! - [`op`], [`site`], [`task`], [`ids`]: the vocabulary;
//! - [`host`]: what an engine offers to the facades, and [`current`]: the host of this thread;
//! - [`facade`]: the toolkit that facade types are made of: a tag, a tracked wait, a tracked hold, a
//!   joinable task;
//! - [`driver`]: the runtime that runs are polled in;
//! - [`panics`]: what a task's panic said;
//! - [`unmodelled`]: what a controlled run refuses.

pub mod current;
pub mod driver;
pub mod facade;
pub mod host;
pub mod ids;
pub mod op;
pub mod panics;
mod raw;
pub mod site;
pub mod task;
pub mod unmodelled;

pub use op::{Op, ResourceKind, Side};
pub use site::{Place, Site};
pub use task::{TaskKind, TaskPath, TaskPathError, TaskRef, role_of};
