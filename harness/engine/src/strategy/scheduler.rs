//! The choices of a run: who runs next, and which number the program gets.

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
    /// The run is of no more use.
    Stop,
}

/// Makes the choices of one run. It is asked only where there is something to choose, and is new for
/// each run.
pub trait Scheduler: fmt::Debug {
    /// Who runs next.
    fn pick(&mut self, view: &View<'_>) -> Pick;

    /// A number below `bound`, which is at least 2.
    fn number(&mut self, bound: u32) -> u32;

    /// The task in `slot`, which is running, lets others go first.
    fn yielded(&mut self, slot: u32) {
        let _ = slot;
    }

    /// The run is over. Called once.
    fn end(&mut self) -> Summary {
        Summary::default()
    }
}

/// What a strategy tells of a run that is over.
#[derive(Debug, Default)]
pub struct Summary {
    /// A replay: the first choice that did not fit the program.
    pub divergence: Option<String>,
    /// A run that was sampled: by resource, a hash of the order of operations on it.
    pub orders: Vec<u64>,
    /// A profiling run: what it counted.
    pub profile: Option<Profile>,
}
