//! What a hunt must find in `quota-worker`, and what it must not.

use standstill::{FindingKind, Load, Variant};
use standstill_quota_worker::scenario;
use standstill_scenario_testkit as testkit;

const SMALLEST: Load = Load {
    workers: 1,
    writers: 1,
    watchers: 0,
    rounds: 1,
    capacity: 0,
};

const CORE: [&str; 2] = [
    "worker: recv unbounded mpsc channel of `QuotaKey` <- resync (other side)",
    "resync: write RwLock<QuotaMonitor> <- worker (holds)",
];

#[test]
fn an_idle_worker_keeps_the_writer_out_that_brings_the_work() {
    let finding = testkit::found(&scenario(), SMALLEST);
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(testkit::core(&finding), CORE);

    let (worker, wait) = testkit::in_core(&finding, "worker");
    assert_eq!(
        testkit::source(&wait.at),
        "let Some(key) = queue.recv().await else {"
    );
    assert_eq!(
        testkit::source(&worker.holds[0].at),
        "let monitor = worker_lock.read().await;"
    );
    let (_, wait) = testkit::in_core(&finding, "resync");
    assert_eq!(
        testkit::source(&wait.at),
        "let mut monitor = worker_lock.write().await;"
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
    testkit::assert_ends_on_plain_tokio(&scenario(), Variant::Buggy, |load| load.writers == 0);
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
