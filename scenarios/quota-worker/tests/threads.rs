//! `quota-worker-threads`: what a hunt must find in it, and what it must not.

use standstill::{FindingKind, Load, Property, Variant};
use standstill_quota_worker::threads_scenario;
use standstill_scenario_testkit as testkit;

const SMALLEST: Load = Load {
    workers: 1,
    writers: 1,
    watchers: 0,
    rounds: 1,
    capacity: 0,
};

const CORE: [&str; 2] = [
    "worker: recv std::sync::mpsc channel of `QuotaKey` <- resync (other side)",
    "resync: write std::sync::RwLock<QuotaMonitor> <- worker (holds)",
];

#[test]
fn an_idle_worker_keeps_the_writer_out_that_brings_the_work() {
    let finding = testkit::found(&threads_scenario(), SMALLEST);
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(testkit::core(&finding), CORE);

    let (_, wait) = testkit::in_core(&finding, "worker");
    assert_eq!(
        testkit::source(&wait.at),
        "let Ok(key) = queue.recv() else {"
    );
    let (_, wait) = testkit::in_core(&finding, "resync");
    assert_eq!(
        testkit::source(&wait.at),
        "let mut monitor = worker_lock.write().expect(UNPOISONED);"
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
fn without_a_writer_the_buggy_variant_is_clean() {
    testkit::assert_clean(testkit::hunt(&threads_scenario(), Variant::Buggy).writers(0..=0));
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
