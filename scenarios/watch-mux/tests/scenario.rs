//! What a hunt must find in `watch-mux`, on tasks and on threads, and what it must not.

use standstill::Load;
use standstill_scenario_testkit::{
    self as testkit, Bug, Medium, Shows, assert_holds_since, assert_waits_at, shared_tests,
};
use standstill_watch_mux::{scenario, threads_scenario};

const SMALLEST: Load = Load {
    workers: 0,
    writers: 1,
    watchers: 1,
    rounds: 3,
    capacity: 1,
};

mod on_tasks {
    use super::*;

    const BUG: Bug = Bug {
        scenario,
        smallest: SMALLEST,
        shows: Shows::Hang(&[
            "watcher: lock Mutex<Mux> <- distribute (holds)",
            "distribute: send mpsc channel of `Event` <- watcher (other side)",
        ]),
        medium: Medium::Tasks,
    };

    shared_tests!(BUG);

    #[test]
    fn distribute_waits_for_the_very_watcher_that_it_keeps_from_stopping() {
        let finding = BUG.found();
        assert_waits_at(&finding, "distribute", ".send(event)");
        assert_holds_since(&finding, "distribute", "let mux = mux.lock().await;");
        assert_waits_at(&finding, "watcher", "let mut mux = self.mux.lock().await;");
        let (_, wait) = testkit::in_core(&finding, "distribute");
        let channel = &finding.graph.resources[wait.resource];
        assert_eq!(
            testkit::source(&channel.created_at),
            "let (sender, result) = mpsc::channel(usize::from(capacity));"
        );
    }

    /// Whether a watcher's channel can be full after the watcher has read its one event.
    fn can_fill(load: &Load) -> bool {
        load.watchers > 0 && load.writers * load.rounds >= load.capacity + 2
    }

    #[test]
    fn without_a_watcher_or_enough_events_the_buggy_variant_is_clean() {
        BUG.assert_harmless(|hunt| hunt.watchers(0..=0));
        BUG.assert_harmless(|hunt| hunt.writers(0..=0));
        let one_event_too_few = Load {
            rounds: 2,
            ..SMALLEST
        };
        BUG.assert_harmless(|hunt| hunt.load(one_event_too_few));
        BUG.assert_ends_on_plain_tokio(|load| !can_fill(load));
    }
}

mod on_threads {
    use super::*;

    const BUG: Bug = Bug {
        scenario: threads_scenario,
        smallest: SMALLEST,
        shows: Shows::Hang(&[
            "watcher: lock std::sync::Mutex<Mux> <- distribute (holds)",
            "distribute: send std::sync::mpsc sync channel of `Event` <- watcher (other side)",
        ]),
        medium: Medium::Threads,
    };

    shared_tests!(BUG);

    #[test]
    fn a_watcher_that_stops_wants_the_lock_that_distribute_sends_under() {
        let finding = BUG.found();
        assert_waits_at(
            &finding,
            "watcher",
            "let mut mux = self.mux.lock().expect(UNPOISONED);",
        );
        assert_waits_at(&finding, "distribute", ".send(event)");
    }

    #[test]
    fn without_a_watcher_the_buggy_variant_is_clean() {
        BUG.assert_harmless(|hunt| hunt.watchers(0..=0));
    }
}
