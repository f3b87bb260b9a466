//! What a hunt must find in `cancel-leak`, and what it must not.

use standstill::Load;
use standstill_cancel_leak::scenario;
use standstill_scenario_testkit::{self as testkit, Bug, Medium, Shows, shared_tests};

const SMALLEST: Load = Load {
    workers: 1,
    writers: 1,
    watchers: 0,
    rounds: 1,
    capacity: 0,
};

const LEAKED: &str = "receiver: changed watch channel of `bool`, recv mpsc channel of `u32`";

const BUG: Bug = Bug {
    scenario,
    smallest: SMALLEST,
    shows: Shows::Leak(LEAKED),
    medium: Medium::Tasks,
};

shared_tests!(BUG);

#[test]
fn an_owner_that_fails_leaves_its_receiver_waiting() {
    let finding = BUG.found();
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
fn where_no_fetch_can_fail_the_buggy_variant_is_clean() {
    BUG.assert_harmless(|hunt| hunt.writers(0..=0));
    BUG.assert_harmless(|hunt| hunt.rounds(0..=0));
}

#[test]
fn the_root_ends_whatever_it_leaves_behind() {
    BUG.assert_ends_on_plain_tokio(|_| true);
}
