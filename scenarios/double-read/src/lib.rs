#![doc = include_str!("../STORY.md")]
//!
//! The programs are meant to be read side by side, or as a diff:
//!
//! - [`buggy`]: `get_cpu_set_or_default` locks, and calls others that lock;
//! - [`fixed`]: it locks once;
//! - [`threads`]: both on threads, with the locks and channels of std.

pub mod buggy;
pub mod fixed;
pub mod threads;

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

/// The same on threads: the same ranges.
pub fn threads_scenario() -> Scenario {
    Scenario::new(
        "double-read-threads",
        "a task reads again under its own read lock, behind a writer that queued in between",
    )
    .source("Kubernetes, kubelet CPU manager: pull request 62464")
    .story(concat!(
        include_str!("../STORY.md"),
        include_str!("../THREADS.md")
    ))
    .workers(1..=4)
    .writers(0..=3)
    .rounds(1..=3)
    .smallest_load(Load {
        workers: 1,
        writers: 1,
        rounds: 1,
        ..Load::default()
    })
    .variant(
        Variant::Buggy,
        |load| async move { threads::buggy::run(load) },
    )
    .variant(
        Variant::Fixed,
        |load| async move { threads::fixed::run(load) },
    )
}
