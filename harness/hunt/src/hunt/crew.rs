//! A hunt's threads: each takes the next schedule until the hunt is over.
//!
//! Schedule i has its own seed, whichever thread runs it. Of several findings the one with the lowest i
//! wins, once all schedules below it were tried. So the number of jobs changes speed, never results.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use standstill_engine::pulse::Pulse;
use standstill_engine::{Engine, Run, Runs};
use standstill_model::account::Account;
use standstill_model::finding::{Finding, Undecided, Verdict};
use standstill_model::fingerprint::Fingerprint;
use standstill_model::plan::{EngineKind, Plan, Preempt, StrategyKind};
use standstill_model::random::Random;
use standstill_model::scenario::Program;

use crate::hunt::Template;
use crate::hunt::outcome::Outcome;
use crate::hunt::portfolio::{self, Portfolio};
use crate::hunt::shrink::shrink;
use crate::runner::Engines;
use crate::runner::Found;
use crate::runner::Runner;
use crate::runner::Tally;
use crate::runner::blocked_verdict;
use crate::runner::confirm;
use crate::runner::{TICK, Watch};
use crate::tactic::Tactic;

/// A hunt gives up after this many undecided schedules.
const MOST_UNDECIDED: usize = 16;

/// What the threads of a segment share.
struct Shared {
    template: Template,
    program: Program,
    preempt: Preempt,
    next: CachePadded<AtomicU64>,
    /// Schedules from this index on no longer need to be tried.
    limit: AtomicU64,
    /// The time is up, or a stop was requested.
    over: AtomicBool,
    /// A thread panicked outside of any task: a bug of the engine itself.
    broken: AtomicBool,
    deadline: Option<Instant>,
    portfolio: Arc<Portfolio>,
    tally: Arc<Tally>,
    notes: Mutex<Notes>,
}

impl Shared {
    /// Whether schedule `index` no longer needs to be tried.
    fn has_no_use_for(&self, index: u64) -> bool {
        self.over.load(Ordering::Relaxed) || index >= self.limit.load(Ordering::Acquire)
    }

    /// What decides the strategy of schedule `index`.
    fn deal(&self, index: u64) -> Deal {
        let settings = &self.template.settings;
        if settings.tactic != Tactic::Auto || settings.engine != EngineKind::Explore {
            return Deal::ByTactic;
        }
        // A separate random stream: the numbers for the load and the seed stay the same under every
        // tactic.
        let mut random = Random::new(!self.template.random(index).next());
        let given_up = || self.has_no_use_for(index);
        match self.portfolio.deal(index, &mut random, given_up) {
            Some(strategy) => Deal::Dealt(strategy),
            None => Deal::Unwanted,
        }
    }
}

/// What decides the strategy of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deal {
    /// The hunt's tactic.
    ByTactic,
    /// The portfolio, which has chosen this strategy.
    Dealt(StrategyKind),
    /// Nothing: the schedule is no longer needed.
    Unwanted,
}

impl Deal {
    /// The strategy that the portfolio chose, if it chose one.
    fn dealt(self) -> Option<StrategyKind> {
        match self {
            Deal::Dealt(strategy) => Some(strategy),
            Deal::ByTactic | Deal::Unwanted => None,
        }
    }
}

/// What the schedules showed. Clean ones are only counted.
#[derive(Default)]
struct Notes {
    found: BTreeMap<u64, (Finding, Preempt)>,
    by_fingerprint: BTreeMap<Fingerprint, (u64, u64)>,
    undecided: BTreeMap<u64, Undecided>,
    wedged: Option<(u64, String)>,
    steps: u64,
    tried: u64,
}

/// Hunts as `template` says.
pub(super) fn hunt(template: &Template, program: &Program) -> Outcome {
    let began = Instant::now();
    let deadline = template.job.time.map(|time| began + time);
    let mut warnings = Vec::new();
    let mut before = Notes::default();
    let mut preempt = template.job.preempt;
    let mut from = 0;
    let portfolio = Arc::<Portfolio>::default();
    let tally = Arc::<Tally>::default();
    let mut preemption_off = None;
    loop {
        let shared = Arc::new(Shared {
            template: template.clone(),
            program: program.clone(),
            preempt,
            next: CachePadded(AtomicU64::new(from)),
            limit: AtomicU64::new(template.settings.schedules),
            over: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            deadline,
            portfolio: Arc::clone(&portfolio),
            tally: Arc::clone(&tally),
            notes: Mutex::new(before),
        });
        work_through(&shared);
        let mut notes = std::mem::take(&mut *lock(&shared));
        let wedged = notes.wedged.take().filter(|(at, _)| {
            let settled = notes.found.keys().next().is_some_and(|first| first < at);
            template.job.keep_going || !settled
        });
        let Some((at, operation)) = wedged else {
            let mut account = tally.account();
            account.preemption_off = preemption_off;
            return conclude(
                template,
                program,
                notes,
                began,
                (warnings, account),
                &shared,
            );
        };
        // A task was preempted inside of a poll while it held a lock that the engine does not know, and
        // the next task to acquire that lock blocked the thread. From this schedule on, tasks are
        // preempted only between polls.
        warnings.push(format!(
            "preemption inside of polls was switched off from schedule {at} on: {operation} waited \
             for a lock that a suspended task held; use the locks of the facade \
             (`standstill-std`) to have it back"
        ));
        preemption_off.get_or_insert(operation);
        notes.forget_from(at);
        portfolio.forget_from(at);
        preempt = Preempt::Await;
        from = at;
        before = notes;
    }
}

fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, Notes> {
    shared.notes.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Notes {
    /// Discards the results of the schedules from `at` on: they are run again.
    fn forget_from(&mut self, at: u64) {
        self.found.split_off(&at);
        self.undecided.split_off(&at);
        self.by_fingerprint.clear();
        for (index, (finding, _)) in &self.found {
            self.by_fingerprint
                .insert(finding.fingerprint.clone(), (*index, 1));
        }
    }
}

/// Avoids false sharing: 128 bytes are a cache line and the adjacent one, which is prefetched with it.
#[repr(align(128))]
struct CachePadded<T>(T);

/// One thread of the crew, as its watcher sees it.
struct Member {
    watch: Watch,
    place: Arc<CachePadded<Place>>,
    done: bool,
}

/// What a thread is doing.
#[derive(Default)]
struct Place {
    schedule: AtomicU64,
    abandoned: AtomicBool,
}

fn work_through(shared: &Arc<Shared>) {
    let (done, finished) = channel();
    let jobs = shared.template.settings.jobs;
    let mut crew: Vec<Member> = (0..jobs).map(|job| start(shared, job, &done)).collect();
    while crew.iter().any(|member| !member.done) {
        wait_a_tick(&finished, &mut crew);
        let late = shared.deadline.is_some_and(|at| Instant::now() >= at);
        if shared.template.job.is_stopped() || late {
            shared.over.store(true, Ordering::Relaxed);
        }
        for (job, member) in crew.iter_mut().enumerate() {
            if !member.done && look_after(shared, member) {
                *member = start(shared, job, &done);
            }
        }
    }
    assert!(
        !shared.broken.load(Ordering::Relaxed),
        "internal error: an engine thread panicked, see above"
    );
}

fn wait_a_tick(finished: &Receiver<usize>, crew: &mut [Member]) {
    match finished.recv_timeout(TICK) {
        Ok(job) => {
            crew[job].done = true;
        }
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
    }
}

/// Notes a thread that is stuck. True if it has to be replaced.
fn look_after(shared: &Shared, member: &mut Member) -> bool {
    let Some(stuck) = member.watch.look() else {
        return false;
    };
    // Whichever side sets the flag first decides this schedule.
    if member.place.0.abandoned.swap(true, Ordering::AcqRel) {
        return false;
    }
    let at = member.place.0.schedule.load(Ordering::Acquire);
    let mut notes = lock(shared);
    if stuck.others_suspended && shared.preempt == Preempt::Op {
        if notes.wedged.as_ref().is_none_or(|(first, _)| at < *first) {
            notes.wedged = Some((at, stuck.operation()));
        }
        shared.limit.fetch_min(at, Ordering::AcqRel);
    } else {
        note(shared, &mut notes, at, blocked_verdict(&stuck));
        if portfolio::is_sampled(at) {
            shared.portfolio.report(at, None, Vec::new());
        }
    }
    true
}

fn start(shared: &Arc<Shared>, job: usize, done: &Sender<usize>) -> Member {
    let pulse = Arc::<Pulse>::default();
    let place = Arc::new(CachePadded(Place::default()));
    let member = Member {
        watch: Watch::new(Arc::clone(&pulse)),
        place: Arc::clone(&place),
        done: false,
    };
    let leave = Leave {
        shared: Arc::clone(shared),
        place,
        done: done.clone(),
        job,
    };
    std::thread::Builder::new()
        .name(format!("standstill-{job}"))
        .spawn(move || {
            let mut engines = Engines::new(pulse);
            let engine = engines.of(leave.shared.template.settings.engine);
            work(&leave.shared, engine, &leave.place.0);
            drop(engines);
            drop(leave);
        })
        .unwrap_or_else(|error| panic!("cannot start an engine thread: {error}"));
    member
}

/// When dropped, tells the hunt that the thread has ended, even if it panicked. An abandoned thread
/// sends nothing: another has replaced it.
struct Leave {
    shared: Arc<Shared>,
    place: Arc<CachePadded<Place>>,
    done: Sender<usize>,
    job: usize,
}

impl Drop for Leave {
    fn drop(&mut self) {
        if self.place.0.abandoned.load(Ordering::Acquire) {
            return;
        }
        if std::thread::panicking() {
            self.shared.broken.store(true, Ordering::Relaxed);
            self.shared.over.store(true, Ordering::Relaxed);
        }
        let _ = self.done.send(self.job);
    }
}

fn work(shared: &Shared, engine: &mut dyn Engine, place: &Place) {
    let program = shared.program.apart();
    let mut share = Share {
        shared,
        place,
        index: 0,
        deal: Deal::Unwanted,
        plan: shared.template.plan(0, shared.preempt, None),
        steps: 0,
        tried: 0,
    };
    engine.run_all(&program, &mut share);
    let (steps, tried) = (share.steps, share.tried);
    if place.abandoned.load(Ordering::Acquire) {
        return;
    }
    let mut notes = lock(shared);
    notes.steps += steps;
    notes.tried += tried;
}

/// The schedules that one thread takes.
struct Share<'a> {
    shared: &'a Shared,
    place: &'a Place,
    /// The schedule that is running.
    index: u64,
    deal: Deal,
    plan: Plan,
    steps: u64,
    tried: u64,
}

impl Runs for Share<'_> {
    fn advance(&mut self) -> bool {
        let shared = self.shared;
        while !self.place.abandoned.load(Ordering::Acquire) && !shared.over.load(Ordering::Relaxed)
        {
            self.index = shared.next.0.fetch_add(1, Ordering::Relaxed);
            if self.index >= shared.limit.load(Ordering::Acquire) {
                return false;
            }
            self.place.schedule.store(self.index, Ordering::Release);
            self.deal = shared.deal(self.index);
            if self.deal != Deal::Unwanted {
                let dealt = self.deal.dealt();
                (self.plan.load, self.plan.schedule) = shared.template.drawn(self.index, dealt);
                self.plan.slack = shared.template.slack(self.index);
                return true;
            }
        }
        false
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn is_sampled(&self) -> bool {
        self.deal.dealt().is_some() && portfolio::is_sampled(self.index)
    }

    fn done(&mut self, run: Run, orders: &[u64]) {
        let shared = self.shared;
        if self.place.abandoned.load(Ordering::Acquire) {
            return;
        }
        if run.exhausted {
            shared.limit.fetch_min(self.index, Ordering::AcqRel);
            return;
        }
        if self.is_sampled() {
            shared
                .portfolio
                .report(self.index, self.deal.dealt(), orders.to_vec());
        }
        self.steps += run.steps;
        self.tried += 1;
        shared.tally.add(&run);
        if let Some(progress) = &shared.template.job.progress {
            progress.add(run.steps, run.order);
        }
        let counts = |finding: &Finding| shared.template.job.counts(finding, run.early);
        if run.verdict != Verdict::Clean && run.verdict.finding().is_none_or(counts) {
            note(shared, &mut lock(shared), self.index, run.verdict);
        }
    }
}

/// Records the result of schedule `index`, and lowers the limit if needed.
fn note(shared: &Shared, notes: &mut Notes, index: u64, verdict: Verdict) {
    match verdict {
        Verdict::Clean => {}
        Verdict::Undecided(reason) => {
            notes.undecided.insert(index, reason);
            if notes.undecided.len() > MOST_UNDECIDED {
                notes.undecided.pop_last();
            }
            if notes.undecided.len() == MOST_UNDECIDED {
                let last = notes
                    .undecided
                    .last_key_value()
                    .map_or(index, |(at, _)| *at);
                shared.limit.fetch_min(last + 1, Ordering::AcqRel);
            }
        }
        Verdict::Found(finding) => {
            let entry = notes
                .by_fingerprint
                .entry(finding.fingerprint.clone())
                .or_insert((index, 0));
            entry.1 += 1;
            let first = index <= entry.0;
            if first {
                notes.found.remove(&entry.0);
                entry.0 = index;
                notes.found.insert(index, (*finding, shared.preempt));
            }
            if !shared.template.job.keep_going {
                shared.limit.fetch_min(index + 1, Ordering::AcqRel);
                notes.found.split_off(&(index + 1));
            }
        }
    }
}

fn conclude(
    template: &Template,
    program: &Program,
    notes: Notes,
    began: Instant,
    (mut warnings, account): (Vec<String>, Account),
    shared: &Shared,
) -> Outcome {
    // The time for confirming findings does not count towards the hunt's speed.
    let elapsed = began.elapsed().max(Duration::from_nanos(1));
    let limit = shared.limit.load(Ordering::Acquire);
    let cut_short = shared.over.load(Ordering::Relaxed);
    let mut runner = Runner::new();
    let mut found = Vec::new();
    let mut undecided: BTreeMap<u64, Undecided> = notes.undecided;
    for (index, (finding, preempt)) in notes.found {
        let count = notes
            .by_fingerprint
            .get(&finding.fingerprint)
            .map_or(1, |(_, count)| *count);
        let deal = shared.deal(index);
        if deal == Deal::Unwanted {
            continue;
        }
        let plan = template.plan(index, preempt, deal.dealt());
        match confirm(&mut runner, program, plan, finding) {
            Ok(again) => {
                let mut again = Found {
                    first_at: index,
                    count,
                    ..again
                };
                shrink(template, program, &mut runner, &mut again);
                found.push(again);
            }
            Err(reason) => {
                undecided.insert(index, reason);
            }
        }
        if !template.job.keep_going && !found.is_empty() {
            break;
        }
    }
    let first = found.first();
    let schedules = match first {
        Some(first) if !template.job.keep_going => first.first_at + 1,
        _ if cut_short => notes.tried,
        _ => limit.min(template.settings.schedules),
    };
    if found.is_empty() && !undecided.is_empty() {
        warnings.push(format!(
            "{} of {schedules} schedules could not be decided",
            undecided.len()
        ));
    }
    Outcome::of(
        found,
        undecided.into_values().next(),
        (schedules, notes.steps),
        elapsed,
        warnings,
        account,
    )
}
