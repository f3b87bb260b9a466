#![doc = include_str!("../STORY.md")]
//!
//! The two programs are meant to be read side by side, or as a diff:
//!
//! - [`buggy`]: `get_cpu_set_or_default` locks, and calls others that lock;
//! - [`fixed`]: it locks once.

pub mod buggy;
pub mod fixed;

use standstill::{Load, Scenario, Variant};

/// The scenario: 1 to 4 workers, 0 to 3 writers, 1 to 3 rounds.
pub fn scenario() -> Scenario {
    Scenario::new(
        "double-read",
        "a task reads again under its own read lock, behind a writer that queued in between",
    )
    .source("Kubernetes, kubelet CPU manager: pull request 62464")
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
