//! What a hunt must find in `resync-leak`, and what it must not.

use standstill::{Load, Op};
use standstill_resync_leak::scenario;
use standstill_scenario_testkit::{self as testkit, Bug, Medium, Shows, shared_tests};

const SMALLEST: Load = Load {
    workers: 1,
    writers: 0,
    watchers: 0,
    rounds: 1,
    capacity: 1,
};

const LEAKED: &str = "resync: changed watch channel of `bool`, sleep timer";

const BUG: Bug = Bug {
    scenario,
    smallest: SMALLEST,
    shows: Shows::Leak(LEAKED),
    medium: Medium::Tasks,
};

shared_tests!(BUG);

#[test]
fn a_resync_ticks_on_after_the_call_that_started_it() {
    let finding = BUG.found();
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
fn without_a_call_the_buggy_variant_is_clean() {
    BUG.assert_harmless(|hunt| hunt.workers(0..=0));
    BUG.assert_harmless(|hunt| hunt.rounds(0..=0));
}

#[test]
fn the_root_ends_whatever_it_leaves_behind() {
    BUG.assert_ends_on_plain_tokio(|_| true);
}
