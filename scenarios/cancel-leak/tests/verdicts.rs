//! What a hunt must find in `cancel-leak`, and what it must not.

use standstill::{FindingKind, Load, Variant};
use standstill_cancel_leak::scenario;
use standstill_scenario_testkit as testkit;

const SMALLEST: Load = Load {
    workers: 1,
    writers: 1,
    watchers: 0,
    rounds: 1,
    capacity: 0,
};

const LEAKED: &str = "receiver: changed watch channel of `bool`, recv mpsc channel of `u32`";

#[test]
fn an_owner_that_fails_leaves_its_receiver_waiting() {
    let finding = testkit::found(&scenario(), SMALLEST);
    assert_eq!(finding.kind, FindingKind::Leak);
    assert_eq!(testkit::tasks(&finding), [LEAKED]);

    let receiver = &finding.graph.tasks[0];
    assert_eq!(
        testkit::source(&receiver.spawned_at),
        "tokio::spawn(receiver(Arc::clone(&channels), values));"
    );
    let mut waits: Vec<String> = receiver
        .waits
        .iter()
        .map(|wait| testkit::source(&wait.at))
        .collect();
    waits.sort();
    assert_eq!(
        waits,
        [
            "Some(_value) = values.recv() => {}",
            "_ = cancelled.wait_for(|cancelled| *cancelled) => return,",
        ]
    );
}

#[test]
fn the_smallest_load_and_the_largest_show_the_same_bug() {
    let scenario = scenario();
    assert_eq!(scenario.smallest_buggy_load(), Some(SMALLEST));
    let largest = testkit::found(&scenario, scenario.ranges().largest());
    let smallest = testkit::found(&scenario, SMALLEST);
    assert_eq!(largest.fingerprint, smallest.fingerprint);
}

#[test]
fn where_no_fetch_can_fail_the_buggy_variant_is_clean() {
    testkit::assert_clean(testkit::hunt(&scenario(), Variant::Buggy).writers(0..=0));
    testkit::assert_clean(testkit::hunt(&scenario(), Variant::Buggy).rounds(0..=0));
}

#[test]
fn the_root_ends_whatever_it_leaves_behind() {
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
    assert_eq!(finding.kind, FindingKind::Leak);
    assert_eq!(testkit::tasks(&finding), [LEAKED]);
    testkit::assert_clean_beside_a_heartbeat(&scenario(), Variant::Fixed, SMALLEST);
}
