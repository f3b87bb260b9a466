#![doc = include_str!("../STORY.md")]
//!
//! The programs are meant to be read side by side, or as a diff:
//!
//! - [`buggy`]: `distribute` can only wait for the watcher to read;
//! - [`fixed`]: `distribute` also hears that the watcher has stopped;
//! - [`threads`]: both on threads, with the locks and channels of std.

pub mod buggy;
pub mod fixed;
pub mod threads;

use standstill::{Load, Scenario, Variant};

/// The scenario: 0 to 4 watchers, 0 to 2 writers, 1 to 4 rounds, capacities of 1 to 3.
pub fn scenario() -> Scenario {
    Scenario::new(
        "watch-mux",
        "events are sent under the lock that a watcher needs in order to stop reading them",
    )
    .source("Kubernetes, pkg/watch/mux.go")
    .story(include_str!("../STORY.md"))
    .writers(0..=2)
    .watchers(0..=4)
    .rounds(1..=4)
    .capacity(1..=3)
    .smallest_load(Load {
        writers: 1,
        watchers: 1,
        rounds: 3,
        capacity: 1,
        ..Load::default()
    })
    .variant(Variant::Buggy, buggy::run)
    .variant(Variant::Fixed, fixed::run)
}

/// The same on threads: the same ranges.
pub fn threads_scenario() -> Scenario {
    Scenario::new(
        "watch-mux-threads",
        "events are sent under the lock that a watcher needs in order to stop reading them",
    )
    .source("Kubernetes, pkg/watch/mux.go")
    .story(concat!(
        include_str!("../STORY.md"),
        include_str!("../THREADS.md")
    ))
    .writers(0..=2)
    .watchers(0..=4)
    .rounds(1..=4)
    .capacity(1..=3)
    .smallest_load(Load {
        writers: 1,
        watchers: 1,
        rounds: 3,
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
