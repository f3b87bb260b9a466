//! What is the engine `shuttle`'s alone.

#![expect(
    clippy::unwrap_used,
    reason = "in programs under test a panic is a finding"
)]

mod common;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use common::within;
use standstill::engine::Care;
use standstill::{
    EngineKind, Hunt, HuntError, Load, Outcome, Plan, Program, Runner, Scenario, Schedule,
    StrategyKind, Unavailable, Undecided, Variant, Verdict,
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
    let run = Runner::new().run(program, &plan, Care::Hunt);
    assert!(
        matches!(
            run.verdict,
            Verdict::Undecided(Undecided::Unavailable { .. })
        ),
        "{:?}",
        run.verdict
    );
}
