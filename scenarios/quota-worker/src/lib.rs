#![doc = include_str!("../STORY.md")]
//!
//! The two programs are meant to be read side by side, or as a diff:
//!
//! - [`buggy`]: `worker` takes the read lock, then waits for an item;
//! - [`fixed`]: `worker` waits for an item, then takes the read lock.

pub mod buggy;
pub mod fixed;

use standstill::{Load, Scenario, Variant};

/// The scenario: 1 to 4 workers, 0 to 3 writers, 1 to 3 rounds.
pub fn scenario() -> Scenario {
    Scenario::new(
        "quota-worker",
        "workers wait for the next item while they hold the lock that its producer needs",
    )
    .source("Kubernetes, resource quota controller: pull request 58107")
    .story(include_str!("../STORY.md"))
    .workers(1..=4)
    .writers(0..=3)
    .rounds(1..=3)
    .smallest_load(Load {
        workers: 1,
        writers: 1,
        rounds: 1,
        ..Load::default()
    })
    .variant(Variant::Buggy, buggy::run)
    .variant(Variant::Fixed, fixed::run)
}
