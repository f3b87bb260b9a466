#![doc = include_str!("../STORY.md")]
//!
//! The two programs are meant to be read side by side, or as a diff:
//!
//! - [`buggy`]: `monitor` stops reading and asks for the lock;
//! - [`fixed`]: `drain` goes on reading meanwhile.

pub mod buggy;
pub mod fixed;

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
