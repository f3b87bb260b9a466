//! How big a run is.

use serde::{Deserialize, Serialize};

/// How big the run of a plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Tasks spawned, the root among them.
    pub tasks: u32,
    /// Steps made.
    pub steps: u64,
    /// How often a task was taken off although it could have gone on.
    pub preemptions: u32,
    /// Choices that the schedule says, beyond what the fixed rule would do after the last of them.
    pub choices: u32,
}
