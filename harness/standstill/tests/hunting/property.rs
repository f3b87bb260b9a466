//! Properties over loads and schedules: what fails is shrunk, reported and kept in the corpus.

use std::sync::Arc;

use crate::common::within;
use standstill::{
    Corpus, FindingKind, Knob, Load, Property, PropertyError, RangeError, Runner, Scenario,
    Schedule, Variant, Verdict,
};
use tokio::sync::Mutex;

async fn both(first: Arc<Mutex<u32>>, second: Arc<Mutex<u32>>, rounds: u8) {
    for _ in 0..rounds {
        let mut first = first.lock().await;
        *second.lock().await += 1;
        *first += 1;
    }
}

/// `crossed` tells whether every second worker takes the locks the other way round.
async fn run(load: Load, crossed: bool) {
    let (left, right) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let mut tasks = Vec::new();
    for worker in 0..load.workers {
        let (left, right) = (Arc::clone(&left), Arc::clone(&right));
        tasks.push(if crossed && worker % 2 == 1 {
            tokio::spawn(both(right, left, load.rounds))
        } else {
            tokio::spawn(both(left, right, load.rounds))
        });
    }
    for task in tasks {
        task.await.expect("no worker panics");
    }
}

fn scenario() -> Scenario {
    Scenario::new("two-locks", "two locks taken in two orders")
        .workers(1..=5)
        .rounds(1..=3)
        .variant(Variant::Buggy, |load| run(load, true))
        .variant(Variant::Fixed, |load| run(load, false))
}

/// The same with a fix that is none.
fn unfixed() -> Scenario {
    Scenario::new("two-locks", "two locks taken in two orders")
        .workers(1..=5)
        .rounds(1..=3)
        .variant(Variant::Fixed, |load| run(load, true))
}

const SMALLEST: Load = Load {
    workers: 2,
    writers: 0,
    watchers: 0,
    rounds: 1,
    capacity: 0,
};

#[test]
fn the_fixed_variant_holds_and_the_buggy_one_is_found_somewhere() {
    within(120, || {
        let property = Property::of(&scenario(), Variant::Fixed).cases(300);
        assert_eq!(property.test().unwrap(), 300);
        let found = Property::of(&scenario(), Variant::Buggy).found_somewhere();
        assert_eq!(found.finding.kind, FindingKind::Hang);
        let program = scenario().program(Variant::Buggy).unwrap().clone();
        let verdict = Runner::new().replay(&program, &found.plan).verdict;
        assert_eq!(verdict, Verdict::Found(Box::new(found.finding)));
    });
}

#[test]
fn a_failure_shrinks_its_load_then_its_schedule_and_is_kept_as_an_entry() {
    within(120, || {
        let place = tempfile::tempdir().unwrap();
        for seed in 0..4 {
            let property = Property::of(&scenario(), Variant::Buggy)
                .seed(seed)
                .corpus(place.path().join(seed.to_string()));
            let Err(PropertyError::Falsified(falsified)) = property.test() else {
                panic!("seed {seed}: it holds");
            };
            let plan = &falsified.report.plan;
            assert_eq!(plan.load, SMALLEST);
            let Schedule::Choices(choices) = &plan.schedule else {
                panic!("not minimised: {plan:?}");
            };
            assert!(choices.len() <= 6, "{choices:?}");

            let corpus = Corpus::open(place.path().join(seed.to_string()));
            let entries = corpus.load().unwrap();
            assert_eq!(entries.len(), 1);
            let (path, entry) = &entries[0];
            assert_eq!(Some(path), falsified.entry.as_ref());
            assert_eq!(entry.plan, *plan);
            assert_eq!(entry.expect.kind, FindingKind::Hang);
            assert_eq!(
                entry.expect.fingerprint,
                falsified.report.finding.fingerprint
            );
            assert!(entry.fixed_clean);
            assert!(
                entry
                    .found
                    .starts_with(&format!("property test, seed {seed}, case "))
            );

            let program = scenario().program(Variant::Buggy).unwrap().clone();
            let verdict = Runner::new().replay(&program, &entry.plan).verdict;
            assert_eq!(
                verdict,
                Verdict::Found(Box::new(falsified.report.finding.clone()))
            );
        }
    });
}

#[test]
fn the_same_seed_gives_the_same_failure() {
    within(120, || {
        let report = || match Property::of(&scenario(), Variant::Buggy).test() {
            Err(PropertyError::Falsified(falsified)) => falsified.report,
            other => panic!("{other:?}"),
        };
        assert_eq!(report(), report());
    });
}

#[test]
fn what_is_in_the_corpus_is_run_first() {
    within(120, || {
        let place = tempfile::tempdir().unwrap();
        let found = Property::of(&unfixed(), Variant::Fixed).corpus(place.path());
        assert!(matches!(found.test(), Err(PropertyError::Falsified(_))));
        // Without a single new case.
        let replayed = found.clone().cases(0).test();
        let Err(PropertyError::Regressed { entry, report }) = replayed else {
            panic!("{replayed:?}");
        };
        assert!(entry.starts_with(place.path()));
        assert_eq!(report.finding.kind, FindingKind::Hang);
        // Where the fix is one, the entry holds and counts.
        let property = Property::of(&scenario(), Variant::Fixed).corpus(place.path());
        assert_eq!(property.cases(10).test().unwrap(), 11);
    });
}

#[test]
fn the_entries_of_the_buggy_variant_are_run_against_the_fixed_one() {
    within(120, || {
        let place = tempfile::tempdir().unwrap();
        let buggy = Property::of(&scenario(), Variant::Buggy).corpus(place.path());
        assert!(matches!(buggy.test(), Err(PropertyError::Falsified(_))));
        let fixed = |scenario: &Scenario| {
            Property::of(scenario, Variant::Fixed)
                .corpus(place.path())
                .cases(0)
                .test()
        };
        assert_eq!(fixed(&scenario()).unwrap(), 1);
        assert!(matches!(
            fixed(&unfixed()),
            Err(PropertyError::Regressed { .. })
        ));
    });
}

#[test]
fn an_entry_that_cannot_be_read_is_an_error_and_is_not_skipped() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("two-locks")).unwrap();
    std::fs::write(place.path().join("two-locks/broken.toml"), "format = 1\n").unwrap();
    let error = Property::of(&scenario(), Variant::Fixed)
        .corpus(place.path())
        .test()
        .unwrap_err();
    assert!(error.to_string().contains("broken.toml:1"), "{error}");
}

#[test]
fn what_holds_under_a_narrowed_load_holds() {
    within(120, || {
        Property::of(&scenario(), Variant::Buggy)
            .knob(Knob::Workers, 1..=1)
            .cases(100)
            .check();
        let error = Property::of(&scenario(), Variant::Buggy)
            .knob(Knob::Workers, 1..=1)
            .cases(100)
            .find()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "two-locks (buggy): nothing was found in 100 cases; try more cases, another seed, or \
             wider ranges"
        );
    });
}

#[test]
fn a_mistake_in_a_property_names_the_scenario() {
    let error = Property::of(&scenario(), Variant::Own).test().unwrap_err();
    assert_eq!(
        error.to_string(),
        "two-locks has no variant `own`: it has buggy, fixed"
    );
    let error = Property::of(&scenario(), Variant::Fixed)
        .knob(Knob::Workers, 3..=9)
        .find()
        .unwrap_err();
    assert!(matches!(
        &error,
        PropertyError::Range(RangeError::Outside { scenario, .. }) if scenario == "two-locks"
    ));
}
