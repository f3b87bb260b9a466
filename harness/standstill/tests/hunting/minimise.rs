//! A find, as small as it gets.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex as StdMutex};

use crate::common::within;
use standstill::engine::RecordLevel;
use standstill::{
    Choice, Completion, DEFAULT_MINIMISE_BUDGET, Finding, FindingKind, Fingerprint, Found, Hunt,
    Knob, Load, LoadRanges, Minimise, Plan, Program, Runner, Schedule, Verdict, minimise_load,
    minimise_schedule,
};
use tokio::sync::{Mutex, Notify, mpsc};

/// Two locks taken in two orders, among tasks that have nothing to do with it.
async fn crossed(load: Load) {
    async fn both(first: Arc<Mutex<u32>>, second: Arc<Mutex<u32>>, rounds: u8) {
        for _ in 0..rounds {
            let mut first = first.lock().await;
            *second.lock().await += 1;
            *first += 1;
        }
    }
    async fn bystander(sender: mpsc::Sender<u8>, rounds: u8) {
        for round in 0..rounds {
            let _ = sender.send(round).await;
        }
    }
    let (left, right) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let (sender, mut receiver) = mpsc::channel(usize::from(load.capacity));
    let mut tasks = Vec::new();
    for worker in 0..load.workers {
        let (left, right) = (Arc::clone(&left), Arc::clone(&right));
        tasks.push(if worker % 2 == 0 {
            tokio::spawn(both(left, right, load.rounds))
        } else {
            tokio::spawn(both(right, left, load.rounds))
        });
    }
    for _ in 0..load.writers {
        tasks.push(tokio::spawn(bystander(sender.clone(), load.rounds)));
    }
    drop(sender);
    while receiver.recv().await.is_some() {}
    for task in tasks {
        task.await.expect("no worker panics");
    }
}

fn ranges() -> LoadRanges {
    LoadRanges::default()
        .with(Knob::Workers, 1..=5)
        .with(Knob::Writers, 0..=4)
        .with(Knob::Rounds, 1..=3)
        .with(Knob::Capacity, 1..=2)
}

/// A find as it was come upon.
fn hunted(seed: u64) -> Found {
    hunt_with(seed, 0)
}

/// A find, minimised.
fn hunt(seed: u64) -> Found {
    hunt_with(seed, DEFAULT_MINIMISE_BUDGET)
}

fn hunt_with(seed: u64, budget: u32) -> Found {
    Hunt::new("crossed")
        .seed(seed)
        .workers(4..=5)
        .writers(3..=4)
        .rounds(3..=3)
        .capacity(1..=2)
        .minimise(budget)
        .run_loads(crossed)
        .found
        .remove(0)
}

fn program() -> Program {
    Program::new(crossed)
}

fn choices(plan: &Plan) -> &[Choice] {
    match &plan.schedule {
        Schedule::Choices(choices) => choices,
        other => panic!("not minimised: {other:?}"),
    }
}

/// Replays strictly: a choice that does not fit would make the run undecided.
fn finding(plan: &Plan) -> Finding {
    match Runner::new().replay(&program(), plan).verdict {
        Verdict::Found(finding) => *finding,
        other => panic!("{other:?}"),
    }
}

fn schedule_of(plan: &Plan, fingerprint: &Fingerprint, budget: u32) -> Plan {
    minimise_schedule(&mut Runner::new(), &program(), plan, fingerprint, budget)
}

#[test]
fn a_minimised_schedule_replays_to_the_same_fingerprint_and_is_shorter() {
    within(120, || {
        for seed in 0..6 {
            let found = hunted(seed);
            let fingerprint = &found.finding.fingerprint;
            let recorded = Runner::new().replay(&program(), &found.plan).choices.len();
            let plan = schedule_of(&found.plan, fingerprint, DEFAULT_MINIMISE_BUDGET);
            assert_eq!(finding(&plan).fingerprint, *fingerprint);
            assert_eq!(plan.load, found.plan.load, "only the schedule gets smaller");
            let minimised = choices(&plan).len();
            assert!(minimised < recorded / 2, "{minimised} of {recorded}");
        }
    });
}

#[test]
fn minimising_is_deterministic_and_minimising_twice_changes_nothing() {
    within(120, || {
        for seed in 0..4 {
            let found = hunted(seed);
            let fingerprint = &found.finding.fingerprint;
            let once = schedule_of(&found.plan, fingerprint, DEFAULT_MINIMISE_BUDGET);
            let again = schedule_of(&found.plan, fingerprint, DEFAULT_MINIMISE_BUDGET);
            assert_eq!(once, again);
            let twice = schedule_of(&once, fingerprint, DEFAULT_MINIMISE_BUDGET);
            assert_eq!(once, twice);
        }
    });
}

#[test]
fn no_change_of_a_minimised_schedule_can_be_undone() {
    within(120, || {
        let found = hunted(1);
        let fingerprint = &found.finding.fingerprint;
        let plan = schedule_of(&found.plan, fingerprint, DEFAULT_MINIMISE_BUDGET);
        let choices = choices(&plan);
        let trace = Runner::new().trace(&program(), &plan).trace;
        let points = trace.expect("it was traced").points;
        let mut changes = 0;
        for (at, point) in points.iter().take(choices.len()).enumerate() {
            let by_rule = &point.among[point.default];
            if choices[at] == *by_rule {
                continue;
            }
            changes += 1;
            let mut undone = choices.to_vec();
            undone[at] = by_rule.clone();
            for fewer in [undone.clone(), undone[..=at].to_vec()] {
                let candidate = Plan {
                    schedule: Schedule::Choices(fewer),
                    ..plan.clone()
                };
                let run = Runner::new().run(&program(), &candidate, RecordLevel::Hunt);
                let same = run
                    .verdict
                    .finding()
                    .is_some_and(|finding| finding.fingerprint == *fingerprint);
                assert!(!same, "choice {at} of {choices:?}");
            }
        }
        assert!((1..=3).contains(&changes), "{changes} in {choices:?}");
    });
}

#[test]
fn a_minimised_find_tells_how_big_it_was_and_is() {
    within(120, || {
        let found = hunt(4);
        let shrunk = found.minimised.expect("hunts minimise by default");
        assert_eq!(shrunk.completion, Completion::Complete, "{shrunk:?}");
        assert!(shrunk.after.steps < shrunk.before.steps, "{shrunk:?}");
        assert!(shrunk.after.tasks < shrunk.before.tasks, "{shrunk:?}");
        assert_eq!(shrunk.after.preemptions, 1, "{shrunk:?}");
        assert_ne!(shrunk.from, found.plan);
        let (before, after) = (finding(&shrunk.from), finding(&found.plan));
        assert_eq!(before.fingerprint, after.fingerprint);
    });
}

#[test]
fn a_minimisation_that_is_stopped_keeps_the_best_so_far() {
    within(120, || {
        let found = hunted(5);
        let fingerprint = &found.finding.fingerprint;
        let stop = Arc::new(AtomicBool::new(true));
        let stopped = Minimise::new()
            .ranges(&ranges())
            .stop_when(stop)
            .run(&mut Runner::new(), &program(), &found.plan, fingerprint)
            .expect("it shows the bug");
        assert_eq!(stopped.completion, Completion::Interrupted);
        assert_eq!(stopped.plan.load, found.plan.load);
        assert_eq!(finding(&stopped.plan).fingerprint, *fingerprint);
        assert!(
            stopped.after.choices < stopped.before.choices,
            "{stopped:?}"
        );
        assert!(stopped.after.preemptions <= stopped.before.preemptions);
    });
}

#[test]
fn every_budget_leaves_a_plan_that_shows_the_bug() {
    within(120, || {
        let found = hunted(2);
        let fingerprint = &found.finding.fingerprint;
        let recorded = Runner::new().replay(&program(), &found.plan).choices.len();
        for budget in [0, 1, 2, 3, 5, 10, 20, 50, 100, 200] {
            let plan = schedule_of(&found.plan, fingerprint, budget);
            assert_eq!(finding(&plan).fingerprint, *fingerprint, "budget {budget}");
            if let Schedule::Choices(choices) = &plan.schedule {
                assert!(choices.len() <= recorded, "budget {budget}");
            }
            let plan = minimise_load(
                &mut Runner::new(),
                &program(),
                &ranges(),
                &found.plan,
                fingerprint,
                budget,
            );
            assert_eq!(finding(&plan).fingerprint, *fingerprint, "budget {budget}");
        }
    });
}

#[test]
fn a_minimised_load_is_the_smallest_that_shows_the_bug() {
    within(120, || {
        for seed in 0..4 {
            let found = hunted(seed);
            let fingerprint = &found.finding.fingerprint;
            let minimise = |plan: &Plan| {
                minimise_load(
                    &mut Runner::new(),
                    &program(),
                    &ranges(),
                    plan,
                    fingerprint,
                    DEFAULT_MINIMISE_BUDGET,
                )
            };
            let plan = minimise(&found.plan);
            let smallest = Load {
                workers: 2,
                writers: 0,
                watchers: 0,
                rounds: 1,
                capacity: 1,
            };
            assert_eq!(plan.load, smallest);
            assert_eq!(finding(&plan).fingerprint, *fingerprint);
            assert_eq!(minimise(&found.plan), plan);
            assert_eq!(minimise(&plan), plan);

            let plan = schedule_of(&plan, fingerprint, DEFAULT_MINIMISE_BUDGET);
            assert_eq!(finding(&plan).kind, FindingKind::Hang);
            assert!(choices(&plan).len() <= 9, "{:?}", choices(&plan));
        }
    });
}

#[test]
fn choices_recorded_under_a_larger_load_shrink_with_it() {
    within(120, || {
        let found = hunted(3);
        let fingerprint = &found.finding.fingerprint;
        let recorded = schedule_of(&found.plan, fingerprint, DEFAULT_MINIMISE_BUDGET);
        let plan = minimise_load(
            &mut Runner::new(),
            &program(),
            &ranges(),
            &recorded,
            fingerprint,
            DEFAULT_MINIMISE_BUDGET,
        );
        assert_eq!((plan.load.workers, plan.load.rounds), (2, 1));
        assert_eq!(finding(&plan).fingerprint, *fingerprint);
    });
}

#[test]
fn a_plan_that_shows_something_else_comes_back_as_it_is() {
    within(60, || {
        let found = hunted(0);
        let other: Fingerprint = "hang-000000000000".parse().unwrap();
        let plan = schedule_of(&found.plan, &other, DEFAULT_MINIMISE_BUDGET);
        assert_eq!(plan, found.plan);
    });
}

/// A notification is lost, and each operation is made under a lock that the engine does not know: a task
/// that is preempted there blocks the engine's thread for whoever asks for that lock.
async fn under_an_unknown_lock() {
    let (slots, notify) = (Arc::new(StdMutex::new(0)), Arc::new(Notify::new()));
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let (slots, notify) = (Arc::clone(&slots), Arc::clone(&notify));
        tasks.push(tokio::spawn(async move {
            for _ in 0..3 {
                {
                    let mut slots = slots.lock().expect("nobody panics");
                    *slots += 1;
                    notify.notify_one();
                }
                tokio::task::yield_now().await;
            }
        }));
    }
    notify.notified().await;
    for task in tasks {
        task.await.expect("nobody panics");
    }
    notify.notified().await;
    notify.notified().await;
}

#[test]
fn trials_that_block_the_engines_thread_end_a_minimisation_soon() {
    within(100, || {
        let outcome = Hunt::new("raw").seed(1).run(under_an_unknown_lock);
        assert_eq!(outcome.finding().unwrap().kind, FindingKind::Hang);
        let report = outcome.report().unwrap();
        if let Some(smaller) = report.minimised {
            assert!(smaller.after.tasks <= smaller.before.tasks, "{smaller:?}");
            assert!(
                smaller.after.steps <= 3 * smaller.before.steps,
                "{smaller:?}"
            );
        }
    });
}
