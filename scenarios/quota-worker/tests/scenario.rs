//! What a hunt must find in `quota-worker`, on tasks and on threads, and what it must not.

use standstill::Load;
use standstill_quota_worker::{scenario, threads_scenario};
use standstill_scenario_testkit::{
    Bug, Medium, Shows, assert_holds_since, assert_waits_at, shared_tests,
};

const SMALLEST: Load = Load {
    workers: 1,
    writers: 1,
    watchers: 0,
    rounds: 1,
    capacity: 0,
};

mod on_tasks {
    use super::*;

    const BUG: Bug = Bug {
        scenario,
        smallest: SMALLEST,
        shows: Shows::Hang(&[
            "worker: recv unbounded mpsc channel of `QuotaKey` <- resync (other side)",
            "resync: write RwLock<QuotaMonitor> <- worker (holds)",
        ]),
        medium: Medium::Tasks,
    };

    shared_tests!(BUG);

    #[test]
    fn an_idle_worker_keeps_the_writer_out_that_brings_the_work() {
        let finding = BUG.found();
        assert_waits_at(
            &finding,
            "worker",
            "let Some(key) = queue.recv().await else {",
        );
        assert_holds_since(
            &finding,
            "worker",
            "let monitor = worker_lock.read().await;",
        );
        assert_waits_at(
            &finding,
            "resync",
            "let mut monitor = worker_lock.write().await;",
        );
    }

    #[test]
    fn without_a_writer_the_buggy_variant_is_clean() {
        BUG.assert_harmless(|hunt| hunt.writers(0..=0));
        BUG.assert_ends_on_plain_tokio(|load| load.writers == 0);
    }
}

mod on_threads {
    use super::*;

    const BUG: Bug = Bug {
        scenario: threads_scenario,
        smallest: SMALLEST,
        shows: Shows::Hang(&[
            "worker: recv std::sync::mpsc channel of `QuotaKey` <- resync (other side)",
            "resync: write std::sync::RwLock<QuotaMonitor> <- worker (holds)",
        ]),
        medium: Medium::Threads,
    };

    shared_tests!(BUG);

    #[test]
    fn an_idle_worker_keeps_the_writer_out_that_brings_the_work() {
        let finding = BUG.found();
        assert_waits_at(&finding, "worker", "let Ok(key) = queue.recv() else {");
        assert_waits_at(
            &finding,
            "resync",
            "let mut monitor = worker_lock.write().expect(UNPOISONED);",
        );
    }

    #[test]
    fn without_a_writer_the_buggy_variant_is_clean() {
        BUG.assert_harmless(|hunt| hunt.writers(0..=0));
    }
}
