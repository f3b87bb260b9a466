//! What a hunt must find in `resync-leak`, and what it must not.

use standstill::{FindingKind, Load, Op, Variant};
use standstill_resync_leak::scenario;
use standstill_scenario_testkit as testkit;

const SMALLEST: Load = Load {
    workers: 1,
    writers: 0,
    watchers: 0,
    rounds: 1,
    capacity: 1,
};

const LEAKED: &str = "resync: changed watch channel of `bool`, sleep timer";

#[test]
fn a_resync_ticks_on_after_the_call_that_started_it() {
    let finding = testkit::found(&scenario(), SMALLEST);
    assert_eq!(finding.kind, FindingKind::Leak);
    assert_eq!(testkit::tasks(&finding), [LEAKED]);

    let resync = &finding.graph.tasks[0];
    assert_eq!(
        testkit::source(&resync.spawned_at),
        "tokio::spawn(resync(Arc::clone(reflector)));"
    );
    let waits_for = |op: Op| {
        let wait = resync.waits.iter().find(|wait| wait.op == op).unwrap();
        (&finding.graph.resources[wait.resource], &wait.at)
    };
    let (ticker, _) = waits_for(Op::Sleep);
    assert_eq!(
        testkit::source(&ticker.created_at),
        "() = time::sleep(RESYNC_PERIOD) => {}"
    );
    let (_, at) = waits_for(Op::Changed);
    assert_eq!(
        testkit::source(at),
        "_ = stop.wait_for(|stop| *stop) => return,"
    );
}

#[test]
fn every_call_leaves_one_behind() {
    let scenario = scenario();
    let finding = testkit::found(
        &scenario,
        Load {
            rounds: 3,
            ..SMALLEST
        },
    );
    assert_eq!(testkit::tasks(&finding), [LEAKED; 3]);
    let finding = testkit::found(
        &scenario,
        Load {
            workers: 2,
            rounds: 2,
            ..SMALLEST
        },
    );
    assert_eq!(testkit::tasks(&finding), [LEAKED; 4]);
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
fn without_a_call_the_buggy_variant_is_clean() {
    testkit::assert_clean(testkit::hunt(&scenario(), Variant::Buggy).workers(0..=0));
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
