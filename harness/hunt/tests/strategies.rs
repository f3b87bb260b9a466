//! Each strategy on programs so small that the probability of every outcome can be computed. The
//! seeds are fixed: a test either always passes or never does.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use standstill_engine::{Engine, Explore, RecordLevel};
use standstill_hunt::{Hunt, Tactic};
use standstill_model::{Load, Plan, Program, Schedule, StrategyKind, Variant, Verdict};
use standstill_rt::facade::{Tag, spawn_future};
use standstill_rt::{Op, ResourceKind, Site};

/// Runs for each distribution.
const RUNS: u64 = 20_000;

/// What a task does: an operation on each of these resources, after its first step, which has none.
type Tasks = &'static [&'static [usize]];

/// Who made a step.
type Trace = Vec<usize>;

/// A task's first step.
const BEGIN: usize = usize::MAX;

#[track_caller]
fn here() -> Site {
    Location::caller()
}

/// The steps of a program's last run: the task and the resource.
type Steps = Arc<Mutex<Vec<(usize, usize)>>>;

fn program(tasks: Tasks) -> (Program, Steps) {
    let steps = Steps::default();
    let log = Arc::clone(&steps);
    let program = Program::new(move |_| {
        let log = Arc::clone(&log);
        async move {
            log.lock().unwrap().clear();
            let sites = [here(), { here() }, { here() }];
            let tags: Arc<Vec<Tag>> =
                Arc::new(sites.map(|site| Tag::at(ResourceKind::Notify, site)).into());
            let left = Arc::new(AtomicUsize::new(tasks.len()));
            let root = Arc::<Mutex<Option<Waker>>>::default();
            for (task, operations) in tasks.iter().enumerate() {
                let (log, tags) = (Arc::clone(&log), Arc::clone(&tags));
                let (left, root) = (Arc::clone(&left), Arc::clone(&root));
                let body = async move {
                    log.lock().unwrap().push((task, BEGIN));
                    for resource in *operations {
                        tags[*resource].switch(Op::Notify, here());
                        log.lock().unwrap().push((task, *resource));
                    }
                    if left.fetch_sub(1, Ordering::Relaxed) == 1
                        && let Some(root) = root.lock().unwrap().take()
                    {
                        root.wake();
                    }
                };
                assert!(spawn_future(body, here()).is_ok());
            }
            poll_fn(|cx| {
                *root.lock().unwrap() = Some(cx.waker().clone());
                if left.load(Ordering::Relaxed) == 0 {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        }
    });
    (program, steps)
}

/// How often a strategy led to each outcome.
fn observed(
    tasks: Tasks,
    strategy: StrategyKind,
    of_interest: impl Fn(usize) -> bool,
) -> BTreeMap<Trace, u64> {
    let (program, steps) = program(tasks);
    let mut engine = Explore::new();
    let mut counts = BTreeMap::new();
    for seed in 0..RUNS {
        // Seeds are dealt out by a hash, as in a hunt: neighbours have little in common.
        let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
        let schedule = Schedule::Seeded {
            strategy,
            seed,
            digest: None,
        };
        let plan = Plan::new("tiny", Variant::Own, Load::default(), schedule);
        let run = engine.run(&program, &plan, RecordLevel::Hunt);
        assert_eq!(run.verdict, Verdict::Clean);
        let steps = steps.lock().unwrap().clone();
        let trace = steps
            .into_iter()
            .filter(|(_, resource)| of_interest(*resource));
        *counts
            .entry(trace.map(|(task, _)| task).collect())
            .or_insert(0) += 1;
    }
    counts
}

/// Pearson's statistic, and the value that it exceeds once in a thousand if `expected` is right
/// (Wilson and Hilferty's approximation).
fn chi_square(counts: &BTreeMap<Trace, u64>, expected: &BTreeMap<Trace, f64>) -> (f64, f64) {
    let sum: f64 = expected.values().sum();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    assert!(
        counts.keys().all(|trace| expected.contains_key(trace)),
        "an outcome that cannot be: {counts:?}"
    );
    let statistic = expected
        .iter()
        .map(|(trace, probability)| {
            let expected = probability * RUNS as f64;
            let count = counts.get(trace).copied().unwrap_or(0) as f64;
            (count - expected).powi(2) / expected
        })
        .sum();
    let degrees = (expected.len() - 1) as f64;
    let ninths = 2.0 / (9.0 * degrees);
    let limit = degrees * (1.0 - ninths + 3.09 * ninths.sqrt()).powi(3);
    (statistic, limit)
}

#[track_caller]
fn assert_fits(counts: &BTreeMap<Trace, u64>, expected: &BTreeMap<Trace, f64>) {
    let (statistic, limit) = chi_square(counts, expected);
    assert!(
        statistic < limit,
        "{statistic} of {limit}: {counts:?}, {expected:?}"
    );
}

#[track_caller]
fn assert_differs(counts: &BTreeMap<Trace, u64>, expected: &BTreeMap<Trace, f64>) {
    let (statistic, limit) = chi_square(counts, expected);
    assert!(statistic > 2.0 * limit, "{statistic} of {limit}");
}

/// The steps that each task has still to make: its first, and its operations.
fn all_steps(tasks: Tasks) -> Vec<Vec<usize>> {
    let steps = |operations: &&[usize]| [&[BEGIN], *operations].concat();
    tasks.iter().map(steps).collect()
}

/// The probability of each order of the steps of interest, if `weight` says how likely a task with
/// so many steps left is to run.
fn walk(
    tasks: Tasks,
    weight: impl Fn(usize) -> f64,
    of_interest: impl Fn(usize) -> bool,
) -> BTreeMap<Trace, f64> {
    let mut outcomes = BTreeMap::new();
    let mut stack = vec![(all_steps(tasks), Trace::new(), 1.0)];
    while let Some((left, trace, probability)) = stack.pop() {
        let weights: Vec<f64> = left
            .iter()
            .map(|steps| {
                if steps.is_empty() {
                    0.0
                } else {
                    weight(steps.len())
                }
            })
            .collect();
        let sum: f64 = weights.iter().sum();
        if sum == 0.0 {
            *outcomes.entry(trace).or_insert(0.0) += probability;
            continue;
        }
        for (task, weight) in weights
            .iter()
            .enumerate()
            .filter(|(_, weight)| **weight > 0.0)
        {
            let (mut left, mut trace) = (left.clone(), trace.clone());
            if of_interest(left[task].remove(0)) {
                trace.push(task);
            }
            stack.push((left, trace, probability * weight / sum));
        }
    }
    outcomes
}

fn uniform(outcomes: &BTreeMap<Trace, f64>) -> BTreeMap<Trace, f64> {
    let share = 1.0 / outcomes.len() as f64;
    outcomes
        .keys()
        .map(|trace| (trace.clone(), share))
        .collect()
}

/// The same for partial order sampling. A priority that is drawn is as likely to fall between any
/// two of those drawn before.
fn sampled(tasks: Tasks, of_interest: impl Fn(usize) -> bool) -> BTreeMap<Trace, f64> {
    struct State {
        left: Vec<Vec<usize>>,
        trace: Trace,
        /// Every priority drawn so far, the lowest first.
        drawn: Vec<u32>,
        /// That of each task's next step.
        priorities: Vec<Option<u32>>,
        probability: f64,
    }
    let mut outcomes = BTreeMap::new();
    let mut stack = vec![State {
        left: all_steps(tasks),
        trace: Trace::new(),
        drawn: Vec::new(),
        priorities: vec![None; tasks.len()],
        probability: 1.0,
    }];
    while let Some(mut state) = stack.pop() {
        let ready: Vec<usize> = (0..tasks.len())
            .filter(|task| !state.left[*task].is_empty())
            .collect();
        if ready.len() <= 1 {
            for task in ready {
                let rest = state.left[task].iter().filter(|step| of_interest(**step));
                state.trace.extend(rest.map(|_| task));
            }
            *outcomes.entry(state.trace).or_insert(0.0) += state.probability;
            continue;
        }
        let undrawn = ready.iter().find(|task| state.priorities[**task].is_none());
        if let Some(task) = undrawn {
            let name = u32::try_from(state.drawn.len()).unwrap();
            for place in 0..=state.drawn.len() {
                let mut drawn = state.drawn.clone();
                drawn.insert(place, name);
                let mut priorities = state.priorities.clone();
                priorities[*task] = Some(name);
                stack.push(State {
                    left: state.left.clone(),
                    trace: state.trace.clone(),
                    probability: state.probability / drawn.len() as f64,
                    drawn,
                    priorities,
                });
            }
            continue;
        }
        let rank = |task: &usize| {
            state
                .drawn
                .iter()
                .position(|name| Some(*name) == state.priorities[*task])
        };
        let chosen = ready.iter().copied().max_by_key(rank).unwrap();
        let step = state.left[chosen].remove(0);
        if of_interest(step) {
            state.trace.push(chosen);
        }
        state.priorities[chosen] = None;
        for task in ready {
            if step != BEGIN && state.left[task].first() == Some(&step) && task != chosen {
                state.priorities[task] = None;
            }
        }
        stack.push(state);
    }
    outcomes
}

/// One task meets the other's only operation after two of its own.
const UNEVEN: Tasks = &[&[1, 1, 0], &[0]];

/// Two operations each on what they share, among others.
const CROWDED: Tasks = &[&[1, 0, 0], &[0, 0, 2, 2]];

fn any(_: usize) -> bool {
    true
}

fn shared(resource: usize) -> bool {
    resource == 0
}

#[test]
fn random_prefers_the_short_task() {
    let expected = walk(UNEVEN, |_| 1.0, any);
    let counts = observed(UNEVEN, StrategyKind::Random, any);
    assert_fits(&counts, &expected);
    assert_differs(&counts, &uniform(&expected));
}

#[test]
fn urw_makes_every_interleaving_equally_likely() {
    let expected = walk(UNEVEN, |left| left as f64, any);
    let even = uniform(&expected);
    for (trace, probability) in &expected {
        assert!((probability - even[trace]).abs() < 1e-9);
    }
    assert_fits(&observed(UNEVEN, StrategyKind::Urw, any), &even);
    let three: Tasks = &[&[0], &[0, 0], &[1]];
    let expected = uniform(&walk(three, |_| 1.0, any));
    assert_eq!(expected.len(), 210);
    assert_fits(&observed(three, StrategyKind::Urw, any), &expected);
}

#[test]
fn surw_makes_every_order_on_the_shared_resource_equally_likely() {
    let expected = uniform(&walk(CROWDED, |_| 1.0, shared));
    assert_eq!(expected.len(), 6);
    assert_fits(&observed(CROWDED, StrategyKind::Surw, shared), &expected);
    assert_differs(&observed(CROWDED, StrategyKind::Random, shared), &expected);
    assert_differs(&observed(CROWDED, StrategyKind::Urw, shared), &expected);
}

#[test]
fn pos_samples_orders_as_its_priorities_say() {
    for tasks in [UNEVEN, &[&[0, 0], &[0]], &[&[0], &[1, 0]]] {
        let expected = sampled(tasks, shared);
        assert_fits(&observed(tasks, StrategyKind::Pos, shared), &expected);
    }
    // Its own steps hold the long task up less than under a random walk.
    let second_first = vec![1, 0];
    let (walked, sampled) = (walk(UNEVEN, |_| 1.0, shared), sampled(UNEVEN, shared));
    assert!(sampled[&second_first] < walked[&second_first] - 0.02);
}

#[test]
fn dfs_makes_every_schedule_once() {
    let schedules = |preemptions, tasks: Tasks| {
        let (_, steps) = program(tasks);
        let traces = Arc::<Mutex<Vec<Trace>>>::default();
        let (inner, log) = program(tasks);
        drop(steps);
        let seen = Arc::clone(&traces);
        let outcome = Hunt::new("tiny")
            .strategy(Tactic::Dfs { preemptions })
            .schedules(1_000_000)
            .run_loads(move |load| {
                let (root, log, seen) = (inner.root(load), Arc::clone(&log), Arc::clone(&seen));
                async move {
                    root.await;
                    let trace = log.lock().unwrap().iter().map(|(task, _)| *task).collect();
                    seen.lock().unwrap().push(trace);
                }
            });
        assert_eq!(outcome.verdict, Verdict::Clean);
        let traces = traces.lock().unwrap().clone();
        assert_eq!(traces.len() as u64, outcome.schedules);
        traces
    };
    // One task after the other, in either order.
    assert_eq!(schedules(Some(0), UNEVEN).len(), 2);
    // The rounds with 0 to 4 preemptions, and then each once.
    let all = walk(UNEVEN, |_| 1.0, any);
    let traces = schedules(None, UNEVEN);
    let whole = &traces[traces.len() - all.len()..];
    let mut distinct = whole.to_vec();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct, all.keys().cloned().collect::<Vec<_>>());
    assert_eq!(all.len(), 15);
}
