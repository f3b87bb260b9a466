//! The choices of a run: which task runs next, and which number the program gets.

use std::fmt;

use crate::strategy::View;
use crate::strategy::profile::Profile;

/// A strategy's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The task in this slot runs.
    Task(u32),
    /// The earliest armed timer fires.
    Timer,
    /// The run is no longer useful.
    Stop,
}

/// Makes the choices of one run. It is called only where there is more than one possibility, and is
/// created anew for each run.
pub trait Scheduler: fmt::Debug {
    /// Chooses what happens next.
    fn pick(&mut self, view: &View<'_>) -> Pick;

    /// A number below `bound`, which is at least 2.
    fn number(&mut self, bound: u32) -> u32;

    /// The task in `slot`, which is running, yields to others.
    fn yielded(&mut self, slot: u32) {
        let _ = slot;
    }

    /// The run is over. Called once.
    fn end(&mut self) -> Summary {
        Summary::default()
    }
}

/// A strategy's summary of a run that is over.
#[derive(Debug, Default)]
pub struct Summary {
    /// For a replay: the first choice that did not fit the program.
    pub divergence: Option<String>,
    /// For a sampled run: by resource, a hash of the order of operations on it.
    pub orders: Vec<u64>,
    /// For a profiling run: its counts.
    pub profile: Option<Profile>,
}
