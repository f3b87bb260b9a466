//! What a hunt must find in `double-read`, on tasks and on threads, and what it must not.

use standstill::Load;
use standstill_double_read::{scenario, threads_scenario};
use standstill_scenario_testkit::{
    Bug, Medium, Shows, assert_holds_since, assert_waits_at, shared_tests,
};

const SMALLEST: Load = Load {
    workers: 1,
    writers: 1,
    watchers: 0,
    rounds: 1,
    capacity: 0,
};

mod on_tasks {
    use super::*;

    const BUG: Bug = Bug {
        scenario,
        smallest: SMALLEST,
        shows: Shows::Hang(&[
            "reconcile_state: read RwLock<Assignments> <- remove_containers (ahead)",
            "remove_containers: write RwLock<Assignments> <- reconcile_state (holds)",
        ]),
        medium: Medium::Tasks,
    };

    shared_tests!(BUG);

    #[test]
    fn a_second_read_waits_behind_the_writer_that_waits_for_the_first() {
        let finding = BUG.found();
        assert_waits_at(
            &finding,
            "reconcile_state",
            "let assignments = self.assignments.read().await;",
        );
        assert_holds_since(
            &finding,
            "reconcile_state",
            "let _assignments = self.assignments.read().await;",
        );
    }

    #[test]
    fn without_a_writer_the_buggy_variant_is_clean() {
        BUG.assert_harmless(|hunt| hunt.writers(0..=0));
    }

    /// Which is why it went unnoticed: even with writers, plain tokio on one thread ends.
    #[test]
    fn one_task_after_the_other_never_shows_it() {
        BUG.assert_ends_on_plain_tokio(|_| true);
    }
}

mod on_threads {
    use super::*;

    const BUG: Bug = Bug {
        scenario: threads_scenario,
        smallest: SMALLEST,
        shows: Shows::Hang(&[
            "reconcile_state: read std::sync::RwLock<Assignments> <- remove_containers (ahead)",
            "remove_containers: write std::sync::RwLock<Assignments> <- reconcile_state (holds)",
        ]),
        medium: Medium::Threads,
    };

    shared_tests!(BUG);

    #[test]
    fn a_second_read_makes_way_for_the_writer_that_waits_for_the_first() {
        let finding = BUG.found();
        assert_waits_at(
            &finding,
            "reconcile_state",
            "let assignments = self.assignments.read().expect(UNPOISONED);",
        );
        assert_waits_at(
            &finding,
            "remove_containers",
            "let mut assignments = self.assignments.write().expect(UNPOISONED);",
        );
    }

    #[test]
    fn without_a_writer_the_buggy_variant_is_clean() {
        BUG.assert_harmless(|hunt| hunt.writers(0..=0));
    }
}
