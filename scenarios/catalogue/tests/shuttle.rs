//! The engine `shuttle` over every scenario: it finds what `explore` finds, replays it, and so does
//! Shuttle itself.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, too")]

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use standstill::{
    DEFAULT_MINIMISE_BUDGET, EngineKind, Fingerprint, Found, Hunt, Outcome, Plan, Report, Runner,
    Scenario, Schedule, StrategyKind, Variant, Verdict, shuttle_body_of,
};
use standstill_catalogue::scenarios;

const THEIRS: [StrategyKind; 3] = [
    StrategyKind::Random,
    StrategyKind::Pct { depth: 3 },
    StrategyKind::Urw,
];

fn hunt(
    scenario: &Scenario,
    variant: Variant,
    strategy: StrategyKind,
    budget: u64,
    minimise: u32,
) -> Outcome {
    Hunt::of(scenario, variant)
        .engine(EngineKind::Shuttle)
        .strategy(strategy)
        .schedules(budget)
        .minimise(minimise)
        .jobs(NonZeroUsize::MIN)
        .go()
        .unwrap()
}

fn find(scenario: &Scenario, strategy: StrategyKind) -> Found {
    first_of(scenario, strategy, DEFAULT_MINIMISE_BUDGET)
}

fn first_of(scenario: &Scenario, strategy: StrategyKind, minimise: u32) -> Found {
    let outcome = hunt(scenario, Variant::Buggy, strategy, 20_000, minimise);
    let name = scenario.name();
    assert!(
        !outcome.found.is_empty(),
        "{name} by {strategy}: {:?}",
        outcome.verdict
    );
    outcome.found[0].clone()
}

fn by_explore(scenario: &Scenario) -> Fingerprint {
    let outcome = Hunt::of(scenario, Variant::Buggy).go().unwrap();
    outcome.finding().unwrap().fingerprint.clone()
}

#[test]
fn shuttles_schedulers_find_every_bug_that_explore_finds() {
    for scenario in scenarios() {
        let expected = by_explore(&scenario);
        for strategy in THEIRS {
            let found = find(&scenario, strategy);
            let name = scenario.name();
            assert_eq!(found.finding.fingerprint, expected, "{name} by {strategy}");
        }
    }
}

#[test]
fn shuttles_schedulers_find_nothing_in_what_is_fixed() {
    for scenario in scenarios() {
        for strategy in THEIRS {
            let outcome = hunt(&scenario, Variant::Fixed, strategy, 300, 0);
            let name = scenario.name();
            assert_eq!(outcome.verdict, Verdict::Clean, "{name} by {strategy}");
            assert_eq!(outcome.schedules, 300, "{name} by {strategy}");
        }
    }
}

/// Fourteen findings, together more than a thousand times.
const TIMES: u32 = 100;

#[test]
fn a_token_found_under_shuttle_replays_every_time() {
    let mut runner = Runner::new();
    for scenario in scenarios() {
        let program = scenario.program(Variant::Buggy).unwrap();
        for strategy in [StrategyKind::Random, StrategyKind::Urw] {
            let found = find(&scenario, strategy);
            let token = found.plan.to_token();
            let plan = Plan::from_token(&token).unwrap();
            assert_eq!(plan, found.plan);
            for _ in 0..TIMES {
                let run = runner.replay(program, &plan);
                let name = scenario.name();
                let Verdict::Found(again) = run.verdict else {
                    panic!("{name} by {strategy}: {:?}", run.verdict);
                };
                assert_eq!(again.fingerprint, found.finding.fingerprint, "{name}");
                assert_eq!(run.shuttle_schedule, found.shuttle_schedule, "{name}");
            }
        }
    }
}

/// What a panic of `job` says.
fn panic_of(job: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(job)).unwrap_err();
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(_) => panic!("the panic has no text"),
    }
}

#[test]
fn shuttle_itself_replays_what_was_found() {
    for scenario in scenarios() {
        let program = scenario.program(Variant::Buggy).unwrap();
        for strategy in THEIRS {
            // Numbers that were chosen, not drawn, have no place in a schedule of Shuttle's.
            let found = first_of(&scenario, strategy, 0);
            let schedule = found.shuttle_schedule.clone().unwrap();
            let body = shuttle_body_of(program, &found.plan);
            let said = panic_of(|| shuttle::replay(body, &schedule));
            // Shuttle's own replay has no trace, and so does not know who spawned whom.
            let report = Report::new(found.finding, found.plan);
            let expected = format!("{} ({})", report.headline(), report.finding.fingerprint);
            assert_eq!(said, expected, "{} by {strategy}", scenario.name());
        }
    }
}

#[test]
fn a_body_fails_under_shuttles_own_runner_as_well() {
    let scenario = standstill_catalogue::find("double-read").unwrap();
    let load = scenario.ranges().largest();
    let body = standstill::shuttle_body(&scenario, Variant::Buggy, load);
    let said = panic_of(|| shuttle::check_random_with_seed(body, 7, 1_000));
    assert!(said.ends_with("(hang-5b164db66de8)"), "{said}");
    let body = standstill::shuttle_body(&scenario, Variant::Fixed, load);
    shuttle::check_random_with_seed(body, 7, 1_000);
}

#[test]
fn standstills_own_strategies_make_the_same_runs_under_both_engines() {
    let pairs = [
        (StrategyKind::Random, StrategyKind::OwnRandom),
        (
            StrategyKind::Pct { depth: 3 },
            StrategyKind::OwnPct { depth: 3 },
        ),
    ];
    let (mut runner, mut other) = (Runner::new(), Runner::new());
    for scenario in scenarios() {
        for variant in [Variant::Buggy, Variant::Fixed] {
            let program = scenario.program(variant).unwrap();
            let load = scenario.ranges().largest();
            for (plain, own) in pairs {
                for seed in 0..30 {
                    let plan = |strategy| {
                        let schedule = Schedule::Seeded {
                            strategy,
                            seed,
                            digest: None,
                        };
                        Plan::new(scenario.name(), variant, load, schedule)
                    };
                    let explored = runner.replay(program, &plan(plain));
                    let mut plan = plan(own);
                    plan.engine = EngineKind::Shuttle;
                    let run = other.replay(program, &plan);
                    let what = format!("{} ({variant}), {own}, seed {seed}", scenario.name());
                    assert_eq!(run.choices, explored.choices, "{what}");
                    assert_eq!(run.steps, explored.steps, "{what}");
                    assert_eq!(run.verdict, explored.verdict, "{what}");
                }
            }
        }
    }
}
