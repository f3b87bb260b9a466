//! How small finds get.

use std::collections::BTreeSet;

use standstill::{Found, Hunt, Minimise, Minimised, Runner, Scenario, Variant};

fn hunted(scenario: &Scenario, seed: u64) -> Found {
    Hunt::of(scenario, Variant::Buggy)
        .seed(seed)
        .minimise(0)
        .go()
        .unwrap_or_else(|error| panic!("{error}"))
        .found
        .remove(0)
}

fn minimised(runner: &mut Runner, scenario: &Scenario, found: &Found) -> Minimised {
    let program = scenario.program(Variant::Buggy).expect("a buggy variant");
    Minimise::new()
        .ranges(scenario.ranges())
        .run(runner, program, &found.plan, &found.finding.fingerprint)
        .expect("the find shows itself again")
}

#[test]
fn every_bug_gets_as_small_as_it_can_be() {
    for scenario in standstill_catalogue::scenarios() {
        let found = hunted(&scenario, 1);
        let mut runner = Runner::new();
        let small = minimised(&mut runner, &scenario, &found);
        let name = scenario.name();
        assert!(
            small.completion == standstill::Completion::Complete,
            "{name}: {small:?}"
        );
        assert!(small.after.preemptions <= 3, "{name}: {small:?}");
        assert!(small.after.steps <= small.before.steps.max(800), "{name}");
        assert_eq!(
            Some(small.plan.load),
            scenario.smallest_buggy_load(),
            "{name}"
        );
        let program = scenario.program(Variant::Buggy).expect("a buggy variant");
        let again = runner.replay(program, &small.plan);
        let finding = again.verdict.finding().expect("it is found again");
        assert_eq!(finding.fingerprint, found.finding.fingerprint, "{name}");
    }
}

#[test]
fn a_hundred_finds_of_one_bug_become_at_most_three() {
    let scenario = standstill_catalogue::find("cluster-sync").expect("it is there");
    let mut runner = Runner::new();
    let mut finds = BTreeSet::new();
    let mut small = BTreeSet::new();
    for seed in 0..100 {
        let found = hunted(&scenario, seed);
        small.insert(minimised(&mut runner, &scenario, &found).plan.to_token());
        finds.insert(found.plan.to_token());
    }
    assert_eq!(finds.len(), 100, "no find is like another to begin with");
    assert!(small.len() <= 3, "{small:?}");
}
