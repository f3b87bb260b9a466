//! A scenario's bug, and the tests that every bug passes.

use standstill::{Finding, FindingKind, Hunt, Load, Property, Scenario, Variant};

use crate::{
    CORPUS, SCHEDULES, assert_clean, assert_clean_beside_a_heartbeat, assert_ends_on_plain_tokio,
    assert_ends_on_real_threads, core, found, found_beside_a_heartbeat, hunt, tasks,
};

/// What hunts must find in the buggy variant of a scenario.
#[derive(Clone, Copy, Debug)]
pub struct Bug {
    /// The scenario.
    pub scenario: fn() -> Scenario,
    /// The smallest load that shows the bug.
    pub smallest: Load,
    /// How it shows.
    pub shows: Shows,
    /// What the scenario runs on.
    pub medium: Medium,
}

/// How a bug shows.
#[derive(Clone, Copy, Debug)]
pub enum Shows {
    /// As a hang with this core, in the lines of [`core()`]. Where two of its waits look alike, any of
    /// them may come first.
    Hang(&'static [&'static str]),
    /// As a leak, under the smallest load of one task, in the line of [`tasks`].
    Leak(&'static str),
}

/// What a scenario runs on outside of any engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// Tasks of tokio.
    Tasks,
    /// Threads of the system.
    Threads,
}

impl Shows {
    fn kind(self) -> FindingKind {
        match self {
            Self::Hang(_) => FindingKind::Hang,
            Self::Leak(_) => FindingKind::Leak,
        }
    }

    /// While others go on, what would hang hangs in part.
    fn kind_beside_a_heartbeat(self) -> FindingKind {
        match self {
            Self::Hang(_) => FindingKind::PartialHang,
            Self::Leak(_) => FindingKind::Leak,
        }
    }

    #[track_caller]
    fn assert_shown_by(self, finding: &Finding) {
        match self {
            Self::Hang(expected) => {
                let mut seen = core(finding);
                // A cycle has no first wait.
                if let Some(first) = seen.iter().position(|line| line == expected[0]) {
                    seen.rotate_left(first);
                }
                assert_eq!(seen, expected);
            }
            Self::Leak(expected) => assert_eq!(tasks(finding), [expected]),
        }
    }
}

impl Bug {
    /// What a hunt finds under the smallest load. It is the bug as it should be.
    ///
    /// # Panics
    ///
    /// If it is not.
    #[track_caller]
    pub fn found(&self) -> Finding {
        let finding = found(&(self.scenario)(), self.smallest);
        assert_eq!(finding.kind, self.shows.kind());
        self.shows.assert_shown_by(&finding);
        finding
    }

    /// Under these loads nothing is found in the buggy variant.
    ///
    /// # Panics
    ///
    /// With the report, if something is found or cannot be decided.
    #[track_caller]
    pub fn assert_harmless(&self, narrow: impl FnOnce(Hunt) -> Hunt) {
        assert_clean(narrow(hunt(&(self.scenario)(), Variant::Buggy)));
    }

    /// Outside of any engine the buggy variant ends under each load that `picked` accepts.
    ///
    /// # Panics
    ///
    /// If it does not.
    #[track_caller]
    pub fn assert_ends_on_plain_tokio(&self, picked: impl Fn(&Load) -> bool) {
        assert_ends_on_plain_tokio(&(self.scenario)(), Variant::Buggy, picked);
    }

    /// One of [`shared_tests`](crate::shared_tests).
    ///
    /// # Panics
    ///
    /// If it fails.
    #[track_caller]
    pub fn is_the_same_under_the_smallest_and_the_largest_load(&self) {
        let scenario = (self.scenario)();
        assert_eq!(scenario.smallest_buggy_load(), Some(self.smallest));
        let largest = found(&scenario, scenario.ranges().largest());
        if let Shows::Hang(_) = self.shows {
            self.shows.assert_shown_by(&largest);
        }
        assert_eq!(largest.fingerprint, self.found().fingerprint);
    }

    /// One of [`shared_tests`](crate::shared_tests).
    ///
    /// # Panics
    ///
    /// If it fails.
    #[track_caller]
    pub fn is_fixed(&self) {
        let scenario = (self.scenario)();
        let schedules = match self.medium {
            Medium::Tasks => SCHEDULES,
            Medium::Threads => 10 * SCHEDULES,
        };
        assert_clean(hunt(&scenario, Variant::Fixed).schedules(schedules));
        match self.medium {
            Medium::Tasks => assert_ends_on_plain_tokio(&scenario, Variant::Fixed, |_| true),
            Medium::Threads => assert_ends_on_real_threads(&scenario, Variant::Fixed),
        }
    }

    /// One of [`shared_tests`](crate::shared_tests).
    ///
    /// # Panics
    ///
    /// If it fails.
    #[track_caller]
    pub fn is_the_same_beside_a_heartbeat(&self) {
        let scenario = (self.scenario)();
        let finding = found_beside_a_heartbeat(&scenario, self.smallest);
        assert_eq!(finding.kind, self.shows.kind_beside_a_heartbeat());
        self.shows.assert_shown_by(&finding);
        assert_clean_beside_a_heartbeat(&scenario, Variant::Fixed, self.smallest);
    }

    /// One of [`shared_tests`](crate::shared_tests).
    ///
    /// # Panics
    ///
    /// If it fails.
    #[track_caller]
    pub fn is_fixed_as_a_property(&self) {
        Property::of(&(self.scenario)(), Variant::Fixed)
            .corpus(CORPUS)
            .check();
    }

    /// One of [`shared_tests`](crate::shared_tests).
    ///
    /// # Panics
    ///
    /// If it fails.
    #[track_caller]
    pub fn is_found_as_a_property(&self) {
        let found = Property::of(&(self.scenario)(), Variant::Buggy).found_somewhere();
        assert_eq!(found.finding.kind, self.shows.kind());
    }
}

/// The tests that every [`Bug`] passes, each in a few seconds.
#[macro_export]
macro_rules! shared_tests {
    ($bug:expr) => {
        #[test]
        fn the_smallest_load_and_the_largest_show_the_same_bug() {
            $bug.is_the_same_under_the_smallest_and_the_largest_load();
        }

        #[test]
        fn the_fixed_variant_is_clean_under_every_load() {
            $bug.is_fixed();
        }

        #[test]
        fn beside_a_heartbeat_the_bug_is_found_and_named_the_same() {
            $bug.is_the_same_beside_a_heartbeat();
        }

        #[test]
        fn the_fixed_variant_is_clean_for_every_load_and_schedule_that_proptest_makes() {
            $bug.is_fixed_as_a_property();
        }

        #[test]
        fn the_buggy_variant_is_found_somewhere_in_range() {
            $bug.is_found_as_a_property();
        }
    };
}
