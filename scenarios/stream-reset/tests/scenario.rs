//! What a hunt must find in `stream-reset`, on tasks and on threads, and what it must not.

use standstill::Load;
use standstill_scenario_testkit::{
    Bug, Medium, Shows, assert_holds_since, assert_waits_at, shared_tests,
};
use standstill_stream_reset::{scenario, threads_scenario};

const SMALLEST: Load = Load {
    workers: 0,
    writers: 1,
    watchers: 0,
    rounds: 2,
    capacity: 1,
};

mod on_tasks {
    use super::*;

    const BUG: Bug = Bug {
        scenario,
        smallest: SMALLEST,
        shows: Shows::Hang(&[
            "monitor: lock Mutex<FrameWriter> <- writer (holds)",
            "writer: send mpsc channel of `Reset` <- monitor (other side)",
        ]),
        medium: Medium::Tasks,
    };

    shared_tests!(BUG);

    #[test]
    fn a_writer_waits_for_room_that_only_the_monitor_behind_its_lock_could_make() {
        let finding = BUG.found();
        assert_waits_at(
            &finding,
            "writer",
            "reset_chan.send(Reset).await.map_err(|_| EndOfFile)",
        );
        assert_holds_since(
            &finding,
            "writer",
            "let mut writer = self.write_lock.lock().await;",
        );
        assert_waits_at(
            &finding,
            "monitor",
            "let mut writer = framer.write_lock.lock().await;",
        );
    }

    /// Whether a writer can have to wait for room.
    fn can_fill(load: &Load) -> bool {
        load.writers * load.rounds > load.capacity
    }

    #[test]
    fn without_a_writer_or_enough_frames_the_buggy_variant_is_clean() {
        BUG.assert_harmless(|hunt| hunt.writers(0..=0));
        let one_frame_too_few = Load {
            rounds: 1,
            ..SMALLEST
        };
        BUG.assert_harmless(|hunt| hunt.load(one_frame_too_few));
        BUG.assert_ends_on_plain_tokio(|load| !can_fill(load));
    }
}

mod on_threads {
    use super::*;

    const BUG: Bug = Bug {
        scenario: threads_scenario,
        smallest: SMALLEST,
        shows: Shows::Hang(&[
            "monitor: lock std::sync::Mutex<FrameWriter> <- writer (holds)",
            "writer: send std::sync::mpsc sync channel of `Reset` <- monitor (other side)",
        ]),
        medium: Medium::Threads,
    };

    shared_tests!(BUG);

    #[test]
    fn a_monitor_that_reads_no_more_wants_the_lock_of_a_writer_without_room() {
        let finding = BUG.found();
        assert_waits_at(
            &finding,
            "monitor",
            "let mut writer = framer.write_lock.lock().expect(UNPOISONED);",
        );
        assert_waits_at(
            &finding,
            "writer",
            "reset_chan.send(Reset).map_err(|_| EndOfFile)",
        );
    }

    #[test]
    fn without_a_writer_the_buggy_variant_is_clean() {
        BUG.assert_harmless(|hunt| hunt.writers(0..=0));
    }
}
