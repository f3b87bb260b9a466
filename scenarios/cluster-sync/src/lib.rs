#![doc = include_str!("../STORY.md")]
//!
//! The programs are meant to be read side by side, or as a diff:
//!
//! - [`buggy`]: `clusters_synced` asks the members under the informer's lock;
//! - [`fixed`]: it collects them under the lock and asks them outside;
//! - [`threads`]: both on threads, with the locks and channels of std.

pub mod buggy;
pub mod fixed;
pub mod threads;

use standstill::{Load, Scenario, Variant};

/// The scenario: 1 to 3 workers, 0 to 4 watchers, 1 to 3 rounds.
pub fn scenario() -> Scenario {
    Scenario::new(
        "cluster-sync",
        "an informer asks its members under the lock that they need to answer",
    )
    .source("Kubernetes, federation: federated_informer.go")
    .story(include_str!("../STORY.md"))
    .workers(1..=3)
    .watchers(0..=4)
    .rounds(1..=3)
    .smallest_load(Load {
        workers: 1,
        watchers: 1,
        rounds: 1,
        ..Load::default()
    })
    .variant(Variant::Buggy, buggy::run)
    .variant(Variant::Fixed, fixed::run)
}

/// The same on threads: the same ranges.
pub fn threads_scenario() -> Scenario {
    Scenario::new(
        "cluster-sync-threads",
        "an informer asks its members under the lock that they need to answer",
    )
    .source("Kubernetes, federation: federated_informer.go")
    .story(concat!(
        include_str!("../STORY.md"),
        include_str!("../THREADS.md")
    ))
    .workers(1..=3)
    .watchers(0..=4)
    .rounds(1..=3)
    .smallest_load(Load {
        workers: 1,
        watchers: 1,
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
