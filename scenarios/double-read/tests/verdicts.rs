//! What a hunt must find in `double-read`, and what it must not.

use standstill::{FindingKind, Load, Variant};
use standstill_double_read::scenario;
use standstill_scenario_testkit as testkit;

const SMALLEST: Load = Load {
    workers: 1,
    writers: 1,
    watchers: 0,
    rounds: 1,
    capacity: 0,
};

const CORE: [&str; 2] = [
    "reconcile_state: read RwLock<Assignments> <- remove_containers (ahead)",
    "remove_containers: write RwLock<Assignments> <- reconcile_state (holds)",
];

#[test]
fn a_second_read_waits_behind_the_writer_that_waits_for_the_first() {
    let finding = testkit::found(&scenario(), SMALLEST);
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(testkit::core(&finding), CORE);

    let (reader, wait) = testkit::in_core(&finding, "reconcile_state");
    assert_eq!(
        testkit::source(&wait.at),
        "let assignments = self.assignments.read().await;"
    );
    assert_eq!(
        testkit::source(&reader.holds[0].at),
        "let _assignments = self.assignments.read().await;"
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
fn without_a_writer_the_buggy_variant_is_clean() {
    testkit::assert_clean(testkit::hunt(&scenario(), Variant::Buggy).writers(0..=0));
}

#[test]
fn one_task_after_the_other_never_shows_it() {
    // Which is why it went unnoticed: even with writers, plain tokio on one thread ends.
    testkit::assert_ends_on_plain_tokio(&scenario(), Variant::Buggy, |_| true);
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
