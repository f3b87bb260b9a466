//! What a hunt must find in `stream-reset`, and what it must not.

use standstill::{FindingKind, Load, Variant};
use standstill_scenario_testkit as testkit;
use standstill_stream_reset::scenario;

const SMALLEST: Load = Load {
    workers: 0,
    writers: 1,
    watchers: 0,
    rounds: 2,
    capacity: 1,
};

const CORE: [&str; 2] = [
    "monitor: lock Mutex<FrameWriter> <- writer (holds)",
    "writer: send mpsc channel of `Reset` <- monitor (other side)",
];

/// Whether a writer can have to wait for room.
fn can_fill(load: &Load) -> bool {
    load.writers * load.rounds > load.capacity
}

#[test]
fn a_writer_waits_for_room_that_only_the_monitor_behind_its_lock_could_make() {
    let finding = testkit::found(&scenario(), SMALLEST);
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(testkit::core(&finding), CORE);

    let (writer, wait) = testkit::in_core(&finding, "writer");
    assert_eq!(
        testkit::source(&wait.at),
        "reset_chan.send(Reset).await.map_err(|_| EndOfFile)"
    );
    assert_eq!(
        testkit::source(&writer.holds[0].at),
        "let mut writer = self.write_lock.lock().await;"
    );
    let (_, wait) = testkit::in_core(&finding, "monitor");
    assert_eq!(
        testkit::source(&wait.at),
        "let mut writer = framer.write_lock.lock().await;"
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
fn without_a_writer_or_enough_frames_the_buggy_variant_is_clean() {
    testkit::assert_clean(testkit::hunt(&scenario(), Variant::Buggy).writers(0..=0));
    let one_frame_too_few = Load {
        rounds: 1,
        ..SMALLEST
    };
    testkit::assert_clean(testkit::hunt(&scenario(), Variant::Buggy).load(one_frame_too_few));
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
