#![doc = include_str!("../STORY.md")]
//!
//! The two programs are meant to be read side by side, or as a diff:
//!
//! - [`buggy`]: `resync` hears its ticker and the global stop;
//! - [`fixed`]: it also hears that the call which started it has returned.

pub mod buggy;
pub mod fixed;

use standstill::{Load, Scenario, Variant};

/// The scenario: 0 to 3 workers, 0 to 3 rounds, capacities of 1 to 2.
pub fn scenario() -> Scenario {
    Scenario::new(
        "resync-leak",
        "every retry of a watch leaves a task behind that ticks for ever",
    )
    .source("Kubernetes, client reflector: issue 35015, pull request 35672")
    .story(include_str!("../STORY.md"))
    .workers(0..=3)
    .rounds(0..=3)
    .capacity(1..=2)
    .smallest_load(Load {
        workers: 1,
        rounds: 1,
        capacity: 1,
        ..Load::default()
    })
    .variant(Variant::Buggy, buggy::run)
    .variant(Variant::Fixed, fixed::run)
}
