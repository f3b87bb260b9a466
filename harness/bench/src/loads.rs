//! How big the catalogue's programs are made.
//!
//! *Easy* is the smallest load that can show the bug. *Medium* and *hard* go on from there: where
//! more of something makes the bug rarer (a deeper channel that has to fill up, more clusters that
//! have to be in place before the first one leaves) to where a random walk needs hundreds of schedules,
//! and over ten thousand. Where the bug is easy under every load, or easier the more there is, they are
//! the largest load of an ordinary hunt, and one about three times as large.

use standstill::{Load, Scenario};

/// How hard the bug is to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    Easy,
    Medium,
    Hard,
}

impl Grade {
    pub const ALL: [Grade; 3] = [Grade::Easy, Grade::Medium, Grade::Hard];

    pub fn name(self) -> &'static str {
        match self {
            Grade::Easy => "easy",
            Grade::Medium => "medium",
            Grade::Hard => "hard",
        }
    }
}

/// The load of this grade. A scenario on threads has that of its namesake, or a deeper channel: those
/// of std wake their waiters in no order, which is one more way for the bug to happen.
///
/// # Panics
///
/// If the scenario is not known here.
pub fn of(scenario: &Scenario, grade: Grade) -> Load {
    let name = scenario.name();
    let load = |workers, writers, watchers, rounds, capacity| Load {
        workers,
        writers,
        watchers,
        rounds,
        capacity,
    };
    match (grade, name) {
        (Grade::Medium, "watch-mux-threads") => return load(0, 1, 1, 5, 3),
        (Grade::Hard, "watch-mux-threads") => return load(0, 1, 1, 12, 10),
        (Grade::Medium, "stream-reset-threads") => return load(0, 1, 0, 10, 8),
        (Grade::Hard, "stream-reset-threads") => return load(0, 1, 0, 24, 20),
        _ => {}
    }
    match (grade, name.trim_end_matches("-threads")) {
        (Grade::Easy, _) => scenario.smallest_buggy_load().unwrap_or_default(),
        (Grade::Medium, "quota-worker" | "double-read") => load(4, 3, 0, 3, 0),
        (Grade::Hard, "quota-worker" | "double-read") => load(12, 9, 0, 9, 0),
        (Grade::Medium, "watch-mux") => load(0, 1, 1, 4, 2),
        (Grade::Hard, "watch-mux") => load(0, 1, 1, 8, 6),
        (Grade::Medium, "cluster-sync") => load(1, 0, 3, 1, 0),
        (Grade::Hard, "cluster-sync") => load(1, 0, 7, 1, 0),
        (Grade::Medium, "stream-reset") => load(0, 1, 0, 6, 4),
        (Grade::Hard, "stream-reset") => load(0, 1, 0, 12, 8),
        (Grade::Medium, "resync-leak") => load(3, 0, 0, 3, 2),
        (Grade::Hard, "resync-leak") => load(9, 0, 0, 9, 2),
        (Grade::Medium, "cancel-leak") => load(4, 2, 0, 3, 0),
        (Grade::Hard, "cancel-leak") => load(12, 6, 0, 9, 0),
        _ => panic!("`{name}` has no loads yet: add them to {}", file!()),
    }
}
