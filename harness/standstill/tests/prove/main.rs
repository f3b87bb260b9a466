//! Proofs: what they say, and that the reduction leaves nothing out.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod generated;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use standstill::{
    Conclusion, FindingKind, Knob, Leaks, Load, Prove, Runner, Scenario, Slack, Unproved, Variant,
};
use tokio::sync::{Mutex, Notify, oneshot};

async fn both_orders(ordered: bool) {
    let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
    let other = Arc::clone(&locks);
    let task = tokio::spawn(async move {
        if ordered {
            let _first = other.0.lock().await;
            let _second = other.1.lock().await;
        } else {
            let _first = other.1.lock().await;
            let _second = other.0.lock().await;
        }
    });
    {
        let _first = locks.0.lock().await;
        let _second = locks.1.lock().await;
    }
    task.await.unwrap();
}

#[test]
fn locks_in_one_order_are_proved_clean() {
    let proof = Prove::new("ordered").run(|| both_orders(true));
    assert_eq!(proof.conclusion, Conclusion::Proved);
    assert!(proof.to_string().starts_with("proved: "), "{proof}");
}

#[test]
fn locks_in_two_orders_are_found_with_a_token_that_replays() {
    let proof = Prove::new("crossed").run(|| both_orders(false));
    let Conclusion::Found(found) = &proof.conclusion else {
        panic!("{proof}");
    };
    assert_eq!(found.finding.kind, FindingKind::Hang);
    let program = standstill::Program::new(|_| both_orders(false));
    let run = Runner::new().replay(&program, &found.plan);
    let again = run.verdict.finding().expect("the same finding");
    assert_eq!(again.fingerprint, found.finding.fingerprint);
}

/// A task that is cancelled while it is about to join goes on if what it joins has ended by then, and
/// does not come so far if it waits already.
#[test]
fn a_task_that_is_cancelled_may_have_come_through() {
    async fn cancelled() {
        let (done, ended) = oneshot::channel::<()>();
        let through = Arc::new(Notify::new());
        let child = tokio::spawn(async move {
            let _ = ended.await;
        });
        let reached = Arc::clone(&through);
        let task = tokio::spawn(async move {
            let _ = child.await;
            reached.notify_one();
            std::future::pending::<()>().await;
        });
        task.abort();
        let _ = done.send(());
        let _ = task.await;
        let silent = tokio::time::timeout(Duration::from_secs(1), through.notified());
        assert!(silent.await.is_err(), "came through");
    }
    let whole = Prove::new("cancelled")
        .reduction(false)
        .slack(Slack::NONE)
        .run(cancelled);
    assert_eq!(whole.found[0].finding.kind, FindingKind::Panic);
    let proof = Prove::new("cancelled").slack(Slack::NONE).run(cancelled);
    assert_eq!(proof.found[0].finding.kind, FindingKind::Panic);
}

/// Whether a task that asks for one thing or else another finds the first one, in every order.
fn is_always_first(ask: fn() -> tokio::task::JoinHandle<u32>) -> Conclusion {
    let proof = Prove::new("either").run(move || async move {
        let value = ask().await.unwrap();
        assert_eq!(value, 1, "the other");
    });
    proof.conclusion
}

#[test]
fn who_asks_for_a_lock_or_else_does_not_await_it() {
    let conclusion = is_always_first(|| {
        tokio::spawn(async {
            let lock = Arc::new(Mutex::new(()));
            let held = lock.clone().lock_owned().await;
            let other = Arc::clone(&lock);
            let task = tokio::spawn(async move {
                tokio::select! {
                    biased;
                    _ = other.lock() => 1,
                    () = std::future::ready(()) => 2,
                }
            });
            drop(held);
            task.await.unwrap()
        })
    });
    assert!(matches!(conclusion, Conclusion::Found(_)), "{conclusion:?}");
}

#[test]
fn who_joins_or_else_does_not_await_the_end() {
    let conclusion = is_always_first(|| {
        tokio::spawn(async {
            let child = tokio::spawn(async {});
            let task = tokio::spawn(async move {
                tokio::select! {
                    biased;
                    _ = child => 1,
                    () = std::future::ready(()) => 2,
                }
            });
            task.await.unwrap()
        })
    });
    assert!(matches!(conclusion, Conclusion::Found(_)), "{conclusion:?}");
}

#[test]
fn a_run_that_ends_with_its_root_may_have_seen_more() {
    async fn detached() {
        tokio::spawn(async { panic!("seen") });
    }
    let proof = Prove::new("detached").leaks(Leaks::Off).run(detached);
    assert!(matches!(proof.conclusion, Conclusion::Found(_)), "{proof}");
}

#[test]
fn a_bound_is_named_when_it_is_reached() {
    let proof = Prove::new("bounded")
        .executions(1)
        .run(|| both_orders(true));
    assert_eq!(
        proof.conclusion,
        Conclusion::NotProved(Unproved::Executions(1))
    );
    assert_eq!(proof.to_string(), "not proved: bound reached: 1 executions");
}

#[test]
fn early_timers_are_tried_everywhere() {
    async fn impatient() {
        let (sender, receiver) = oneshot::channel();
        let task = tokio::spawn(async move { sender.send(()) });
        let answer = tokio::time::timeout(Duration::from_secs(1), receiver).await;
        assert!(answer.is_ok(), "too slow");
        let _ = task.await;
    }
    let second = Duration::from_secs(1);
    let proof = Prove::new("impatient").slack(second).run(impatient);
    assert_eq!(proof.found[0].finding.kind, FindingKind::Panic);
    // Only that a second is not slack enough, or was not asked for, makes this proved.
    let less = second - Duration::from_millis(1);
    let proof = Prove::new("impatient").slack(less).run(impatient);
    assert_eq!(proof.conclusion, Conclusion::Proved);
    let proof = Prove::new("impatient").run(impatient);
    assert_eq!(proof.conclusion, Conclusion::Proved);
}

/// Whether the worker asks for the lock depends on a flag that the facade does not know.
async fn hidden_flag() {
    let lock = Arc::new(Mutex::new(()));
    let draining = Arc::new(AtomicBool::new(false));
    let (of_worker, seen) = (Arc::clone(&lock), Arc::clone(&draining));
    let worker = tokio::spawn(async move {
        if !seen.load(Ordering::SeqCst) {
            drop(of_worker.lock().await);
        }
    });
    let held = lock.lock().await;
    draining.store(true, Ordering::SeqCst);
    worker.await.unwrap();
    drop(held);
}

#[test]
fn what_a_hunt_finds_is_not_proved_away() {
    // By what the facade sees alone, one interleaving seems to be enough.
    let alone = Prove::new("hidden").hunt_first(0).run(hidden_flag);
    assert_eq!(alone.conclusion, Conclusion::Proved);
    let proof = Prove::new("hidden").run(hidden_flag);
    let Conclusion::Found(found) = &proof.conclusion else {
        panic!("{proof}");
    };
    assert_eq!(found.finding.kind, FindingKind::Hang);
    assert!(proof.found_by_hunt && proof.executions == 0, "{proof}");
    assert!(
        proof.to_string().starts_with("hang in schedule "),
        "{proof}"
    );
    let all = Prove::new("hidden").keep_going(true).run(hidden_flag);
    assert!(all.found_by_hunt && all.executions > 0, "{all}");
    assert!(matches!(all.conclusion, Conclusion::Found(_)), "{all}");
}

#[test]
fn tasks_past_the_facade_are_no_proof() {
    let proof = Prove::new("raw").run(|| async {
        tokio::spawn(async {}).await.unwrap();
        real_tokio::spawn(async {}).await.unwrap();
    });
    let Conclusion::NotProved(Unproved::Doubt(why)) = &proof.conclusion else {
        panic!("{proof}");
    };
    assert!(
        why.starts_with("tasks were spawned on tokio itself"),
        "{why}"
    );
}

#[test]
fn a_proof_begins_where_the_bug_is_and_names_who_is_not_there() {
    let scenario = Scenario::new("crowd", "two are a crowd")
        .workers(1..=4)
        .watchers(0..=2)
        .smallest_load(Load {
            workers: 2,
            ..Load::default()
        })
        .variant(
            Variant::Own,
            |load| async move { assert!(load.workers <= 2) },
        );
    let proof = Prove::of(&scenario, Variant::Own).go().unwrap();
    assert_eq!(proof.conclusion, Conclusion::Proved);
    assert_eq!(proof.absent, [Knob::Watchers]);
    let prove = Prove::of(&scenario, Variant::Own).watchers(0..=1);
    assert_eq!(prove.ranges().get(Knob::Workers), Some(2..=2));
    assert_eq!(prove.go().unwrap().absent, []);
}

#[test]
fn a_wait_for_something_else_is_no_proof() {
    async fn foreign() {
        let (sender, receiver) = futures_like::channel();
        let task = tokio::spawn(async move { sender.send() });
        receiver.await;
        task.await.unwrap();
    }
    let proof = Prove::new("foreign").run(foreign);
    let Conclusion::NotProved(Unproved::Doubt(why)) = &proof.conclusion else {
        panic!("{proof}");
    };
    assert!(
        why.contains("waits for something that is not the facade's"),
        "{why}"
    );
}

/// A primitive that is not the facade's.
mod futures_like {
    use std::future::poll_fn;
    use std::sync::{Arc, Mutex};
    use std::task::{Poll, Waker};

    #[derive(Default)]
    struct Shared {
        sent: bool,
        waker: Option<Waker>,
    }

    pub(crate) struct Sender(Arc<Mutex<Shared>>);

    impl Sender {
        pub(crate) fn send(self) {
            let mut shared = self.0.lock().unwrap();
            shared.sent = true;
            if let Some(waker) = shared.waker.take() {
                waker.wake();
            }
        }
    }

    pub(crate) fn channel() -> (Sender, impl Future<Output = ()>) {
        let shared = Arc::<Mutex<Shared>>::default();
        let sender = Sender(Arc::clone(&shared));
        let receiver = poll_fn(move |cx| {
            let mut shared = shared.lock().unwrap();
            if shared.sent {
                return Poll::Ready(());
            }
            shared.waker = Some(cx.waker().clone());
            Poll::Pending
        });
        (sender, receiver)
    }
}
