//! What a hunt must find in `cluster-sync`, on tasks and on threads, and what it must not.

use standstill::Load;
use standstill_cluster_sync::{scenario, threads_scenario};
use standstill_scenario_testkit::{
    Bug, Medium, Shows, assert_holds_since, assert_waits_at, shared_tests,
};

const SMALLEST: Load = Load {
    workers: 1,
    writers: 0,
    watchers: 1,
    rounds: 1,
    capacity: 0,
};

mod on_tasks {
    use super::*;

    const BUG: Bug = Bug {
        scenario,
        smallest: SMALLEST,
        shows: Shows::Hang(&[
            "process_loop: lock Mutex<FederatedInformer> <- reconcile (holds)",
            "reconcile: lock Mutex<DeltaFifo> <- process_loop (holds)",
        ]),
        medium: Medium::Tasks,
    };

    shared_tests!(BUG);

    #[test]
    fn the_informer_and_a_member_take_two_locks_in_two_orders() {
        let finding = BUG.found();
        assert_waits_at(
            &finding,
            "reconcile",
            "self.queue.lock().await.has_synced()",
        );
        assert_holds_since(
            &finding,
            "reconcile",
            "let informer = informer.lock().await;",
        );
        assert_waits_at(
            &finding,
            "process_loop",
            "let mut informer = informer.lock().await;",
        );
        assert_holds_since(
            &finding,
            "process_loop",
            "let mut queue = queue.lock().await;",
        );
    }

    #[test]
    fn without_a_member_cluster_the_buggy_variant_is_clean() {
        BUG.assert_harmless(|hunt| hunt.watchers(0..=0));
        BUG.assert_ends_on_plain_tokio(|load| load.watchers == 0);
    }
}

mod on_threads {
    use super::*;

    const BUG: Bug = Bug {
        scenario: threads_scenario,
        smallest: SMALLEST,
        shows: Shows::Hang(&[
            "reconcile: lock std::sync::Mutex<DeltaFifo> <- process_loop (holds)",
            "process_loop: lock std::sync::Mutex<FederatedInformer> <- reconcile (holds)",
        ]),
        medium: Medium::Threads,
    };

    shared_tests!(BUG);

    #[test]
    fn an_informer_asks_under_the_lock_that_its_member_needs() {
        let finding = BUG.found();
        assert_waits_at(
            &finding,
            "reconcile",
            "self.queue.lock().expect(UNPOISONED).has_synced()",
        );
        assert_waits_at(
            &finding,
            "process_loop",
            "let mut informer = informer.lock().expect(UNPOISONED);",
        );
    }

    #[test]
    fn without_a_member_the_buggy_variant_is_clean() {
        BUG.assert_harmless(|hunt| hunt.watchers(0..=0));
    }
}
