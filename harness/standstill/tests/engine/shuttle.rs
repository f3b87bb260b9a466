//! What is the engine `shuttle`'s alone.

#![expect(
    clippy::unwrap_used,
    reason = "in programs under test a panic is a finding"
)]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::common::within;
use standstill::engine::RecordLevel;
use standstill::{
    EngineKind, FindingKind, Hunt, HuntError, Load, Outcome, Plan, Program, Runner, Scenario,
    Schedule, StrategyKind, Unavailable, Undecided, Variant, Verdict,
};
use tokio::sync::{Mutex, oneshot};

/// Two tasks that take two locks, in the same order or not.
async fn two_locks(same_order: bool) {
    let (one, two) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let other = {
        let (one, two) = (Arc::clone(&one), Arc::clone(&two));
        let (first, second) = if same_order { (one, two) } else { (two, one) };
        tokio::spawn(async move {
            let first = first.lock().await;
            *second.lock().await += *first;
        })
    };
    let first = one.lock().await;
    *two.lock().await += *first;
    drop(first);
    other.await.unwrap();
}

fn search(same_order: bool, jobs: usize) -> Outcome {
    Hunt::new("two locks")
        .engine(EngineKind::Shuttle)
        .strategy(StrategyKind::Dfs)
        .jobs(NonZeroUsize::new(jobs).unwrap())
        .run(move || two_locks(same_order))
}

#[test]
fn depth_first_search_finds_what_there_is_and_replays_it() {
    within(120, || {
        let outcome = search(false, 1);
        let found = &outcome.found[0];
        assert_eq!(outcome.verdict.name(), "hang");
        let again = search(false, 2);
        assert_eq!(again.found[0].plan, found.plan);
        let plan = Plan::from_token(&found.plan.to_token()).unwrap();
        let program = Program::new(|_| two_locks(false));
        let mut runner = Runner::new();
        for _ in 0..10 {
            let run = runner.replay(&program, &plan);
            assert_eq!(
                run.verdict.finding().unwrap().fingerprint,
                found.finding.fingerprint
            );
        }
    });
}

#[test]
fn depth_first_search_ends_when_every_schedule_was_tried() {
    within(120, || {
        let outcome = search(true, 1);
        assert_eq!(outcome.verdict, Verdict::Clean);
        assert!(
            (100..20_000).contains(&outcome.schedules),
            "{}",
            outcome.schedules
        );
        assert_eq!(search(true, 2).schedules, outcome.schedules);
    });
}

#[test]
fn ten_minutes_are_nothing_to_shuttle_either() {
    within(60, || {
        let outcome = Hunt::new("sleepers")
            .engine(EngineKind::Shuttle)
            .schedules(500)
            .run(|| async {
                let (sender, receiver) = oneshot::channel::<()>();
                let sleeper = tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(600)).await;
                    drop(sender);
                });
                let waited = tokio::time::timeout(Duration::from_secs(3600), receiver).await;
                waited.unwrap().unwrap_err();
                sleeper.await.unwrap();
            });
        assert_eq!(outcome.verdict, Verdict::Clean);
        assert_eq!(outcome.schedules, 500);
    });
}

#[test]
fn an_engine_refuses_a_strategy_that_it_lacks() {
    let scenario = Scenario::new("nothing", "it ends").variant(Variant::Own, |_| async {});
    let error = Hunt::of(&scenario, Variant::Own)
        .strategy(StrategyKind::RoundRobin)
        .go()
        .unwrap_err();
    assert_eq!(
        error,
        HuntError::Unavailable(Unavailable::Strategy {
            engine: EngineKind::Explore,
            strategy: StrategyKind::RoundRobin,
            known: "random, pct:DEPTH, urw, pos, surw, directed".to_owned(),
        })
    );
    let schedule = Schedule::Seeded {
        strategy: StrategyKind::RoundRobin,
        seed: 7,
        digest: None,
    };
    let plan = Plan::new("nothing", Variant::Own, Load::default(), schedule);
    let program = scenario.program(Variant::Own).unwrap();
    let run = Runner::new().run(program, &plan, RecordLevel::Hunt);
    assert!(
        matches!(
            run.verdict,
            Verdict::Undecided(Undecided::Unavailable { .. })
        ),
        "{:?}",
        run.verdict
    );
}

/// Joins a thread in its destructor, and takes for granted that it ends well.
struct Joins(Option<standstill_std::thread::JoinHandle<()>>);

impl Drop for Joins {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            thread.join().unwrap();
        }
    }
}

#[test]
fn a_destructor_that_unwraps_the_join_of_a_hung_thread_does_not_take_the_process_down() {
    use standstill_std::sync::Mutex as Lock;
    use standstill_std::thread;
    fn hold_both(first: &Lock<()>, second: &Lock<()>) {
        let _first = first.lock().unwrap();
        let _second = second.lock().unwrap();
    }
    within(60, || {
        let outcome = Hunt::new("join")
            .engine(EngineKind::Shuttle)
            .strategy(StrategyKind::Random)
            .schedules(500)
            .keep_going(true)
            .run(|| async {
                let (a, b) = (Arc::new(Lock::new(())), Arc::new(Lock::new(())));
                let (one, other) = (a.clone(), b.clone());
                let joins = Joins(Some(thread::spawn(move || hold_both(&one, &other))));
                hold_both(&b, &a);
                drop(joins);
            });
        let [found] = outcome.found.as_slice() else {
            panic!("{outcome:?}");
        };
        assert_eq!(found.finding.kind, FindingKind::Hang);
        assert!(found.count > 10, "{}", found.count);
        assert_eq!(outcome.schedules, 500);
        assert!(!std::thread::panicking());
    });
}

#[test]
fn a_destructor_may_unwrap_such_a_join_while_another_waits_for_its_thread() {
    use standstill_std::sync::Mutex as Lock;
    use standstill_std::thread;
    within(60, || {
        let outcome = Hunt::new("joins")
            .engine(EngineKind::Shuttle)
            .strategy(StrategyKind::Random)
            .schedules(50)
            .keep_going(true)
            .run(|| async {
                // The root joins a thread that joins a thread, and all of them hang.
                let lock = Arc::new(Lock::new(()));
                let _held = lock.lock().unwrap();
                let (inner, outer) = (lock.clone(), lock.clone());
                let _outermost = Joins(Some(thread::spawn(move || {
                    let _joins = Joins(Some(thread::spawn(move || drop(inner.lock()))));
                    drop(outer.lock());
                })));
                drop(lock.lock());
            });
        let [found] = outcome.found.as_slice() else {
            panic!("{outcome:?}");
        };
        assert_eq!((found.finding.kind, found.count), (FindingKind::Hang, 50));
        assert_eq!(outcome.schedules, 50);
    });
}

#[test]
fn a_task_that_panics_with_such_a_destructor_is_told_by_its_own_panic() {
    use standstill_std::sync::Mutex as Lock;
    use standstill_std::thread;
    for engine in [
        EngineKind::Explore,
        EngineKind::Shuttle,
        EngineKind::Explore,
    ] {
        within(60, move || {
            let outcome = Hunt::new("panics")
                .engine(engine)
                .strategy(StrategyKind::Random)
                .schedules(20)
                .keep_going(true)
                .run(|| async {
                    let lock = Arc::new(Lock::new(()));
                    let _held = lock.lock().unwrap();
                    let inner = lock.clone();
                    let _joins = Joins(Some(thread::spawn(move || drop(inner.lock()))));
                    panic!("its own");
                });
            let [found] = outcome.found.as_slice() else {
                panic!("{engine:?}: {outcome:?}");
            };
            assert_eq!((found.finding.kind, found.count), (FindingKind::Panic, 20));
            assert_eq!(found.finding.panics[0].message, "its own");
        });
    }
}
