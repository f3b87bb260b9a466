#![doc = include_str!("../STORY.md")]
//!
//! The two programs are meant to be read side by side, or as a diff:
//!
//! - [`buggy`]: an owner that fails returns without a signal;
//! - [`fixed`]: a guard signals however the owner returns.

pub mod buggy;
pub mod fixed;

use standstill::{Load, Scenario, Variant};

/// The scenario: 1 to 4 workers, 0 to 2 writers, 0 to 3 rounds.
pub fn scenario() -> Scenario {
    Scenario::new(
        "cancel-leak",
        "a task waits for a value or a cancel signal, and its owner returns without either",
    )
    .source("a post on Go concurrency bugs: its reduced program")
    .story(include_str!("../STORY.md"))
    .workers(1..=4)
    .writers(0..=2)
    .rounds(0..=3)
    .smallest_load(Load {
        workers: 1,
        writers: 1,
        rounds: 1,
        ..Load::default()
    })
    .variant(Variant::Buggy, buggy::run)
    .variant(Variant::Fixed, fixed::run)
}
