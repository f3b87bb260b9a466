//! What a hunt must find in `cluster-sync`, and what it must not.

use standstill::{FindingKind, Load, Variant};
use standstill_cluster_sync::scenario;
use standstill_scenario_testkit as testkit;

const SMALLEST: Load = Load {
    workers: 1,
    writers: 0,
    watchers: 1,
    rounds: 1,
    capacity: 0,
};

const CORE: [&str; 2] = [
    "process_loop: lock Mutex<FederatedInformer> <- reconcile (holds)",
    "reconcile: lock Mutex<DeltaFifo> <- process_loop (holds)",
];

/// Both steps look alike to the fingerprint, so either may come first.
fn sorted(mut core: Vec<String>) -> Vec<String> {
    core.sort();
    core
}

#[test]
fn the_informer_and_a_member_take_two_locks_in_two_orders() {
    let finding = testkit::found(&scenario(), SMALLEST);
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(sorted(testkit::core(&finding)), CORE);

    let (reconcile, wait) = testkit::in_core(&finding, "reconcile");
    assert_eq!(
        testkit::source(&wait.at),
        "self.queue.lock().await.has_synced()"
    );
    assert_eq!(
        testkit::source(&reconcile.holds[0].at),
        "let informer = informer.lock().await;"
    );
    let (member, wait) = testkit::in_core(&finding, "process_loop");
    assert_eq!(
        testkit::source(&wait.at),
        "let mut informer = informer.lock().await;"
    );
    assert_eq!(
        testkit::source(&member.holds[0].at),
        "let mut queue = queue.lock().await;"
    );
}

#[test]
fn the_smallest_load_and_the_largest_show_the_same_bug() {
    let scenario = scenario();
    assert_eq!(scenario.smallest_buggy_load(), Some(SMALLEST));
    let largest = testkit::found(&scenario, scenario.ranges().largest());
    assert_eq!(sorted(testkit::core(&largest)), CORE);
    let smallest = testkit::found(&scenario, SMALLEST);
    assert_eq!(largest.fingerprint, smallest.fingerprint);
}

#[test]
fn without_a_member_cluster_the_buggy_variant_is_clean() {
    testkit::assert_clean(testkit::hunt(&scenario(), Variant::Buggy).watchers(0..=0));
    testkit::assert_ends_on_plain_tokio(&scenario(), Variant::Buggy, |load| load.watchers == 0);
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
    assert_eq!(sorted(testkit::core(&finding)), CORE);
    testkit::assert_clean_beside_a_heartbeat(&scenario(), Variant::Fixed, SMALLEST);
}
