#![doc = include_str!("../STORY.md")]
//!
//! The programs are meant to be read side by side, or as a diff:
//!
//! - [`buggy`]: `monitor` stops reading and asks for the lock;
//! - [`fixed`]: `drain` goes on reading meanwhile;
//! - [`threads`]: both on threads, with the locks and channels of std.

pub mod buggy;
pub mod fixed;
pub mod threads;

use standstill::{Load, Scenario, Variant};

/// The scenario: 0 to 4 writers, 1 to 4 rounds, capacities of 1 to 3.
pub fn scenario() -> Scenario {
    Scenario::new(
        "stream-reset",
        "a monitor stops emptying a channel and wants the lock of a writer that waits for room",
    )
    .source("docker/spdystream, connection.go: issue 49; vendored by Kubernetes")
    .story(include_str!("../STORY.md"))
    .writers(0..=4)
    .rounds(1..=4)
    .capacity(1..=3)
    .smallest_load(Load {
        writers: 1,
        rounds: 2,
        capacity: 1,
        ..Load::default()
    })
    .variant(Variant::Buggy, buggy::run)
    .variant(Variant::Fixed, fixed::run)
}

/// The same on threads: the same ranges.
pub fn threads_scenario() -> Scenario {
    Scenario::new(
        "stream-reset-threads",
        "a monitor stops emptying a channel and wants the lock of a writer that waits for room",
    )
    .source("docker/spdystream, connection.go: issue 49; vendored by Kubernetes")
    .story(concat!(
        include_str!("../STORY.md"),
        include_str!("../THREADS.md")
    ))
    .writers(0..=4)
    .rounds(1..=4)
    .capacity(1..=3)
    .smallest_load(Load {
        writers: 1,
        rounds: 2,
        capacity: 1,
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
