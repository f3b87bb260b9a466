//! `cluster-sync-threads`: what a hunt must find in it, and what it must not.

use standstill::{FindingKind, Load, Property, Variant};
use standstill_cluster_sync::threads_scenario;
use standstill_scenario_testkit as testkit;

const SMALLEST: Load = Load {
    workers: 1,
    writers: 0,
    watchers: 1,
    rounds: 1,
    capacity: 0,
};

const CORE: [&str; 2] = [
    "reconcile: lock std::sync::Mutex<DeltaFifo> <- process_loop (holds)",
    "process_loop: lock std::sync::Mutex<FederatedInformer> <- reconcile (holds)",
];

#[test]
fn an_informer_asks_under_the_lock_that_its_member_needs() {
    let finding = testkit::found(&threads_scenario(), SMALLEST);
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(testkit::core(&finding), CORE);

    let (_, wait) = testkit::in_core(&finding, "reconcile");
    assert_eq!(
        testkit::source(&wait.at),
        "self.queue.lock().expect(UNPOISONED).has_synced()"
    );
    let (_, wait) = testkit::in_core(&finding, "process_loop");
    assert_eq!(
        testkit::source(&wait.at),
        "let mut informer = informer.lock().expect(UNPOISONED);"
    );
}

#[test]
fn the_smallest_load_and_the_largest_show_the_same_bug() {
    let scenario = threads_scenario();
    assert_eq!(scenario.smallest_buggy_load(), Some(SMALLEST));
    let largest = testkit::found(&scenario, scenario.ranges().largest());
    assert_eq!(testkit::core(&largest), CORE);
    let smallest = testkit::found(&scenario, SMALLEST);
    assert_eq!(largest.fingerprint, smallest.fingerprint);
}

#[test]
fn without_a_member_the_buggy_variant_is_clean() {
    testkit::assert_clean(testkit::hunt(&threads_scenario(), Variant::Buggy).watchers(0..=0));
}

#[test]
fn the_fixed_variant_is_clean_under_every_load() {
    testkit::assert_clean(testkit::hunt(&threads_scenario(), Variant::Fixed).schedules(20_000));
    testkit::assert_ends_on_real_threads(&threads_scenario(), Variant::Fixed);
}

#[test]
fn beside_a_heartbeat_the_bug_is_found_and_named_the_same() {
    let finding = testkit::found_beside_a_heartbeat(&threads_scenario(), SMALLEST);
    assert_eq!(finding.kind, FindingKind::PartialHang);
    assert_eq!(testkit::core(&finding), CORE);
    testkit::assert_clean_beside_a_heartbeat(&threads_scenario(), Variant::Fixed, SMALLEST);
}

#[test]
fn the_fixed_variant_is_clean_for_every_load_and_schedule_that_proptest_makes() {
    Property::of(&threads_scenario(), Variant::Fixed)
        .corpus(testkit::CORPUS)
        .check();
}

#[test]
fn the_buggy_variant_is_found_somewhere_in_range() {
    let found = Property::of(&threads_scenario(), Variant::Buggy).found_somewhere();
    assert_eq!(found.finding.kind, FindingKind::Hang);
}
