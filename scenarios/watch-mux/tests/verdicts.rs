//! What a hunt must find in `watch-mux`, and what it must not.

use standstill::{FindingKind, Load, Variant};
use standstill_scenario_testkit as testkit;
use standstill_watch_mux::scenario;

const SMALLEST: Load = Load {
    workers: 0,
    writers: 1,
    watchers: 1,
    rounds: 3,
    capacity: 1,
};

const CORE: [&str; 2] = [
    "watcher: lock Mutex<Mux> <- distribute (holds)",
    "distribute: send mpsc channel of `Event` <- watcher (other side)",
];

/// Whether a watcher's channel can be full after the watcher has read its one event.
fn can_fill(load: &Load) -> bool {
    load.watchers > 0 && load.writers * load.rounds >= load.capacity + 2
}

#[test]
fn distribute_waits_for_the_very_watcher_that_it_keeps_from_stopping() {
    let finding = testkit::found(&scenario(), SMALLEST);
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(testkit::core(&finding), CORE);

    let (distribute, wait) = testkit::in_core(&finding, "distribute");
    assert_eq!(testkit::source(&wait.at), ".send(event)");
    let channel = &finding.graph.resources[wait.resource];
    assert_eq!(
        testkit::source(&channel.created_at),
        "let (sender, result) = mpsc::channel(usize::from(capacity));"
    );
    assert_eq!(
        testkit::source(&distribute.holds[0].at),
        "let mux = mux.lock().await;"
    );
    let (_, wait) = testkit::in_core(&finding, "watcher");
    assert_eq!(
        testkit::source(&wait.at),
        "let mut mux = self.mux.lock().await;"
    );
}

#[test]
fn the_smallest_load_and_the_largest_show_the_same_bug() {
    let scenario = scenario();
    assert_eq!(scenario.smallest_buggy_load(), Some(SMALLEST));
    let largest = testkit::found(&scenario, scenario.ranges().largest());
    assert_eq!(testkit::core(&largest), CORE);
    let smallest = testkit::found(&scenario, SMALLEST);
    assert_eq!(largest.fingerprint, smallest.fingerprint);
}

#[test]
fn without_a_watcher_or_enough_events_the_buggy_variant_is_clean() {
    testkit::assert_clean(testkit::hunt(&scenario(), Variant::Buggy).watchers(0..=0));
    testkit::assert_clean(testkit::hunt(&scenario(), Variant::Buggy).writers(0..=0));
    let one_event_too_few = Load {
        rounds: 2,
        ..SMALLEST
    };
    testkit::assert_clean(testkit::hunt(&scenario(), Variant::Buggy).load(one_event_too_few));
    testkit::assert_ends_on_plain_tokio(&scenario(), Variant::Buggy, |load| !can_fill(load));
}

#[test]
fn the_fixed_variant_is_clean_under_every_load() {
    testkit::assert_clean(testkit::hunt(&scenario(), Variant::Fixed));
    testkit::assert_ends_on_plain_tokio(&scenario(), Variant::Fixed, |_| true);
}

#[test]
fn beside_a_heartbeat_the_bug_is_found_and_named_the_same() {
    let finding = testkit::found_beside_a_heartbeat(&scenario(), SMALLEST);
    assert_eq!(finding.kind, FindingKind::PartialHang);
    assert_eq!(testkit::core(&finding), CORE);
    testkit::assert_clean_beside_a_heartbeat(&scenario(), Variant::Fixed, SMALLEST);
}
