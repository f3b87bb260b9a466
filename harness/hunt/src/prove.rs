//! Proof for small loads: executes every interleaving, up to equivalence.
//!
//! Two executions are equivalent if one can be turned into the other by swapping neighbouring steps that
//! are independent. Equivalent executions end alike, so one of them is enough. What a step touches
//! through the facade decides which steps depend on each other
//! ([`access`](standstill_engine::search::access)):
//!
//! - Two steps on one resource depend on each other unless both only read it.
//! - The next poll of a task depends on what woke the task.
//! - Where the facade cannot tell what a step touches, the step depends on all others.
//!
//! Each execution shows its races ([`trace`](standstill_engine::search::trace)), and each race has to be
//! reversed in some execution ([`tree`](standstill_engine::search::tree)). Every start position of a
//! `select!` and every small random number is tried. Timers fire early at every step at which they may.
//!
//! # Independent steps
//!
//! The identity of a step includes its outcome: two steps of a task that came to different outcomes are
//! different steps. Two steps are independent if the following holds in *every* state. Where both are
//! enabled, either order leads to the same state, and neither changes the outcome of the other. Where
//! only one is enabled, executing it does not enable the other. So it is enough to look at what a step
//! did in the one execution in which it was executed.
//!
//! Releasing a *read* lock counts as a read of the readers-writer lock, as acquiring one does, if at
//! that moment nobody waits for the lock and the number of its readers is not limited
//! (`leaves_readers`). In every state where this step is enabled, somebody holds a read lock and nobody
//! waits. Hence, both before and after the step:
//!
//! - acquiring a read lock succeeds at once; an acquisition that would have to wait is not enabled;
//! - releasing another read lock remains a step of this kind, since nobody starts to wait in between;
//! - the reader counts are the same in either order.
//!
//! The following steps still depend on all of these: requesting a write lock, releasing one, releasing a
//! read lock while somebody waits (the waiter may then go on), and giving up the wait for a write lock.
//! With a limit on readers the argument fails: the release by one of the last permitted readers enables
//! the next reader.
//!
//! Starting to wait for the end of a task, or for what a channel delivers to its receiver, changes only
//! which task is woken in the end (`only_listens`): it takes no place in a queue, and it acquires
//! nothing. Suppose the step did nothing else, and its task waits for this alone from then on. Then the
//! state of the task has not changed: when woken, it asks again, and gets what it would have got had it
//! not asked before. So the step is independent of all others. That includes the step that wakes the
//! task: the next poll of the task depends on that one. With a second wait, as in `select!` or with a
//! timeout, the order of the requests counts, and the step depends on what it waits for.
//!
//! # Request and grant
//!
//! A step that requests something and is granted it at once is two steps in one: the request, and the
//! continuation with what was granted. Had the task made the request before the thing was available, it
//! would have waited, and continued later in a step of its own. If the task awaits this and nothing
//! else, the two cases are the same: a poll that returns pending leaves the task where it was. So the
//! step is recorded as two (`Event::granted`). The request is independent of the step that grants. The
//! continuation is enabled by the granting step, and is never tried before it. Where the task need not
//! wait, it cannot be seen whether it awaits anything else; so the operation is held back for one poll
//! ([`direct`](standstill_engine::search::direct)).
//!
//! - *Join.* The request only listens, which touches nothing. The granting step is the end of the other
//!   task.
//! - *A mutex's `lock`.* The mutex grants in the order of the requests, and nobody overtakes. So a
//!   request and a release lead to the same owner and the same queue in either order. With an empty
//!   queue, either the release leaves the mutex free and the request takes it, or the request joins the
//!   queue and the release hands it the mutex. Otherwise the two touch different ends of the queue.
//!   Requests depend on each other; `try_lock`, and leaving the queue, depend on all of these steps. The
//!   continuation must touch nothing but the task itself. If it touches more, the step counts as a whole
//!   and depends on the release: what it touches might have to come between the request and the
//!   continuation, which one step cannot show.
//!
//! A task may be cancelled in between, when it has been granted what it requested and does not know it
//! yet: then it is as if the grant had never been. A task that is cancelled in the middle of a poll gets
//! farther if what it requests is available. So once a task is cancelled, neither this section nor the
//! rule for tasks that start to wait is relied on. The rules for a mutex's `lock` are not relied on
//! either once timers may fire early or steps may touch anything: the clock may have moved in between,
//! and the task reads it unseen. If one of these cases turns up only later in the search, the search
//! starts again from the beginning.
//!
//! # The end of the root, and early timers
//!
//! Once the root has ended, every task gets its turn, as in every run; but in a proof this begins only
//! when no task is ready for the first time. Until then the strategy goes on choosing, so that the last
//! step of the root is a step like any other. All that this step changes for other tasks is what it
//! touches: the clock does not move while any task is ready, except for a timer that fires early, and
//! that depends on everything anyhow. When no task is ready, the state is what it would be had the root
//! ended at another place. If the run ends together with the root, because the root panicked or because
//! leaks are not looked for, the last step of the root depends on all others. A plan whose choices go on
//! after the end of the root is run by the same rule (`Probe::outlasts_root`), so that replaying it
//! reproduces what was found there.
//!
//! A timer that fires early depends on every step. No race would show that it can fire, so wherever one
//! may, firing it is tried explicitly. The steps that follow race with it, and so are tried in its
//! place. The tool does not see which parts of a program read the clock, so it cannot tell for which
//! steps the timer does not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use standstill_engine::Explore;
use standstill_engine::search::explorer::explore;
use standstill_engine::search::trace::EARLY_TIMER;
use standstill_engine::search::tree::Breadth;
use standstill_model::finding::{Finding, Undecided, Verdict};
use standstill_model::fingerprint::Fingerprint;
use standstill_model::load::{Knob, Load, LoadRanges};
use standstill_model::plan::{Leaks, Plan, Preempt, Schedule, Variant};
use standstill_model::scenario::{Program, Scenario};
use standstill_model::slack::Slack;

use crate::hunt::{DEFAULT_SLACK, Hunt, Outcome};
use crate::job::{Job, job_settings};
use crate::runner::{Found, HuntError, Progress, Runner, confirm, explored};

/// How many executions a proof may take by default.
pub const DEFAULT_EXECUTIONS: u64 = 10_000_000;

/// How many schedules a proof hunts in first, by default.
pub const DEFAULT_HUNT_FIRST: u64 = 2_000;

/// Why nothing was proved, although there was no finding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unproved {
    /// The bound on executions was reached.
    Executions(u64),
    /// The bound on time was reached.
    Time(Duration),
    /// A stop was requested.
    Stopped,
    /// The interleavings that were executed may not be all there are.
    Doubt(String),
    /// A run could not be decided.
    Undecided(Undecided),
}

impl fmt::Display for Unproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unproved::Executions(bound) => write!(f, "bound reached: {bound} executions"),
            Unproved::Time(bound) => write!(f, "bound reached: {} s", bound.as_secs_f64()),
            Unproved::Stopped => f.write_str("stopped before the end"),
            Unproved::Doubt(why) => f.write_str(why),
            Unproved::Undecided(reason) => write!(f, "a run could not be decided: {reason}"),
        }
    }
}

/// The conclusion of an attempt at a proof.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one for each proof")]
pub enum Conclusion {
    /// Every interleaving is clean.
    Proved,
    /// One interleaving has a finding.
    Found(Found),
    /// The proof is incomplete.
    NotProved(Unproved),
}

/// An attempt at a proof, with its figures.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The conclusion.
    pub conclusion: Conclusion,
    /// Executions made, including those that were broken off because an equivalent one had been
    /// executed.
    pub executions: u64,
    /// How many of them were broken off.
    pub redundant: u64,
    /// Steps made, over all executions.
    pub steps: u64,
    /// The loads that were explored, the last one perhaps only in part.
    pub loads: u64,
    /// If a bound was reached, where the interleavings come from: how many pairs of steps had to be
    /// reversed, by the dependency between the two steps, the most frequent first.
    pub reversed: Vec<(&'static str, u64)>,
    /// How long it took, in real time.
    pub elapsed: Duration,
    /// Every finding, by fingerprint. One at the most, unless the proof kept going.
    pub found: Vec<Found>,
    /// The schedules of the hunt before it.
    pub hunted: u64,
    /// Whether that hunt found what the conclusion is about.
    pub found_by_hunt: bool,
    /// The scenario's knobs that are 0 in every load, although they need not be: nothing is proved of the
    /// tasks that they stand for.
    pub absent: Vec<Knob>,
}

impl Proof {
    /// Whether a bound was reached and interleavings differ over timers that fire although tasks are
    /// ready. With no slack there are none of those.
    pub fn meets_early_timers(&self) -> bool {
        self.reversed.iter().any(|(over, _)| *over == EARLY_TIMER)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.conclusion {
            Conclusion::Proved => write!(
                f,
                "proved: {} executions, {} steps",
                self.executions, self.steps
            ),
            Conclusion::Found(found) => {
                let place = match self.found_by_hunt {
                    true => "schedule",
                    false => "execution",
                };
                write!(
                    f,
                    "{} in {place} {}",
                    found.finding.kind,
                    found.first_at + 1
                )
            }
            Conclusion::NotProved(reason) => write!(f, "not proved: {reason}"),
        }
    }
}

/// Proves that a program is clean under every interleaving of the operations of the facade, or
/// finds one under which it is not.
///
/// The scope is that of a hunt: sequential consistency, facade operations. What tasks share outside of
/// the facade (raw atomics, locks of `std`, primitives of other crates) is not seen. Such a program
/// needs [`Prove::reduction`]`(false)`, which treats no two interleavings as equivalent. If a task waits
/// for something outside of the facade, that is detected, and then nothing is proved.
///
/// After the root has ended, and no task was ready for the first time, the other tasks run in turn.
///
/// ```
/// use standstill_hunt::{Conclusion, Prove};
///
/// let proof = Prove::new("nothing to do").run(|| async {});
/// assert_eq!(proof.conclusion, Conclusion::Proved);
/// ```
#[derive(Clone, Debug)]
pub struct Prove {
    job: Job,
    settings: Settings,
}

#[derive(Clone, Debug)]
struct Settings {
    executions: u64,
    reduction: bool,
    hunt_first: u64,
}

impl Prove {
    /// A proof about a program of one's own, which is then passed to [`Prove::run`].
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            job: Job::new(name),
            settings: Settings {
                executions: DEFAULT_EXECUTIONS,
                reduction: true,
                hunt_first: DEFAULT_HUNT_FIRST,
            },
        }
    }

    /// A proof about a variant of a scenario, at the smallest load that shows the scenario's bug, or at the
    /// smallest there is if none is known. [`Prove::knob`] sets another load, and [`Prove::go`] starts the
    /// proof.
    pub fn of(scenario: &Scenario, variant: Variant) -> Self {
        let mut prove = Self::new(scenario.name());
        prove.job = Job::of(scenario, variant);
        let ranges = scenario.ranges();
        let load = match scenario.smallest_buggy_load() {
            Some(load) => ranges.clamp(&load),
            None => ranges.smallest(),
        };
        for (knob, _) in ranges.iter() {
            prove.job.knob(knob, load.get(knob)..=load.get(knob));
        }
        prove
    }

    /// How many executions it may take. Default: [`DEFAULT_EXECUTIONS`].
    #[must_use]
    pub fn executions(mut self, executions: u64) -> Self {
        self.settings.executions = executions;
        self
    }

    /// Whether one interleaving of each equivalence class is enough. Default: yes. Without the
    /// reduction, the proof does not depend on what tasks share, and takes very much longer.
    #[must_use]
    pub fn reduction(mut self, reduction: bool) -> Self {
        self.settings.reduction = reduction;
        self
    }

    /// How many schedules are hunted in before the proof begins, under the same loads. What the hunt finds
    /// is the conclusion, so that a proof never says otherwise. Default: [`DEFAULT_HUNT_FIRST`].
    #[must_use]
    pub fn hunt_first(mut self, schedules: u64) -> Self {
        self.settings.hunt_first = schedules;
        self
    }

    job_settings!(
        Proof,
        "that a proof has [`DEFAULT_SLACK`] in every run. Each step at which a timer may fire adds an interleaving."
    );

    /// Explores the scenario's program.
    ///
    /// # Errors
    ///
    /// If a range does not fit the scenario, or it lacks the variant.
    pub fn go(self) -> Result<Proof, HuntError> {
        let program = self.job.program()?;
        let began = Instant::now();
        let hunted = self.hunt()?;
        Ok(prove(&self, &program, hunted, began))
    }

    /// The hunt before the proof. It has a quarter of the time.
    fn hunt(&self) -> Result<Outcome, HuntError> {
        let mut job = self.job.clone();
        job.progress = None;
        job.time = job.time.map(|time| time / 4);
        Hunt::in_job(job).schedules(self.settings.hunt_first).go()
    }

    fn plan(&self, load: Load) -> Plan {
        let mut plan = Plan::new(
            self.job.name.as_str(),
            self.job.variant,
            load,
            Schedule::Choices(Vec::new()),
        );
        plan.preempt = self.job.preempt;
        plan.leaks = self.job.leaks;
        plan.slack = self.job.slack.unwrap_or(Slack::from(DEFAULT_SLACK));
        plan
    }
}

/// Why nothing is proved of a program that goes past the facade.
const RAW_TASKS: &str = "tasks were spawned on tokio itself, which are not scheduled: let the drop-in \
    `standstill-tokio` take tokio's place";

/// What the engine's thread has collected.
#[derive(Debug, Default)]
struct Seen {
    executions: u64,
    redundant: u64,
    steps: u64,
    loads: u64,
    reversed: Vec<(&'static str, u64)>,
    /// In the order in which they were found.
    found: Vec<(Finding, Plan, u64)>,
    counts: BTreeMap<Fingerprint, u64>,
    unproved: Option<Unproved>,
}

fn prove(prove: &Prove, program: &Program, hunted: Outcome, began: Instant) -> Proof {
    let seen = if hunted.found.is_empty() || prove.job.keep_going {
        let (job, its_program) = (prove.clone(), program.clone());
        explored(move |engine| look_everywhere(engine, &job, &its_program, began))
    } else {
        Ok(Seen::default())
    };
    let seen = seen.unwrap_or_else(|operation| {
        let why = format!(
            "{operation} blocked its thread: use the locks of the facade (`standstill-std`)"
        );
        Seen {
            unproved: Some(Unproved::Doubt(why)),
            ..Seen::default()
        }
    });
    let mut runner = Runner::new();
    let mut found = Vec::new();
    let mut unproved = seen.unproved;
    for (finding, plan, first_at) in seen.found {
        let count = seen.counts.get(&finding.fingerprint).copied().unwrap_or(1);
        match confirm(&mut runner, program, plan, finding) {
            Ok(again) => found.push(Found {
                first_at,
                count,
                ..again
            }),
            Err(reason) => {
                unproved.get_or_insert(Unproved::Undecided(reason));
            }
        }
    }
    let found_by_hunt = found.is_empty();
    let fingerprint = |found: &Found| found.finding.fingerprint.clone();
    let known: BTreeSet<Fingerprint> = found.iter().map(fingerprint).collect();
    let new = hunted.found.into_iter();
    found.extend(new.filter(|found| !known.contains(&found.finding.fingerprint)));
    let conclusion = match (found.first(), unproved) {
        (Some(found), _) => Conclusion::Found(found.clone()),
        (None, Some(reason)) => Conclusion::NotProved(reason),
        (None, None) => Conclusion::Proved,
    };
    Proof {
        conclusion,
        executions: seen.executions,
        redundant: seen.redundant,
        steps: seen.steps,
        loads: seen.loads,
        reversed: seen.reversed,
        elapsed: began.elapsed(),
        found_by_hunt: found_by_hunt && !found.is_empty(),
        found,
        hunted: hunted.schedules,
        absent: prove.job.absent(),
    }
}

fn look_everywhere(engine: &Explore, prove: &Prove, program: &Program, began: Instant) -> Seen {
    let settings = &prove.settings;
    let breadth = if settings.reduction {
        Breadth::Reduced
    } else {
        Breadth::Whole
    };
    let mut seen = Seen::default();
    for load in prove.job.ranges.every() {
        seen.loads += 1;
        let plan = prove.plan(load);
        explore(engine, program, &plan, breadth, |mut execution| {
            seen.executions += 1;
            seen.steps += execution.run.steps;
            if let Some(progress) = &prove.job.progress {
                progress.add(execution.run.steps, execution.run.order);
            }
            if execution.is_redundant() {
                seen.redundant += 1;
            } else if let Verdict::Found(finding) = &execution.run.verdict
                && prove.job.counts(finding, execution.run.early)
            {
                let count = seen.counts.entry(finding.fingerprint.clone()).or_insert(0);
                *count += 1;
                if *count == 1 {
                    let plan = execution.plan(&plan);
                    let finding = (**finding).clone();
                    seen.found.push((finding, plan, seen.executions - 1));
                }
                if !prove.job.keep_going {
                    return ControlFlow::Break(());
                }
            } else if let Verdict::Undecided(reason) = &execution.run.verdict {
                seen.unproved = Some(Unproved::Undecided(reason.clone()));
            }
            if execution.run.raw_tasks && execution.run.verdict == Verdict::Clean {
                seen.unproved = Some(Unproved::Doubt(RAW_TASKS.to_owned()));
            }
            if let Some(doubt) = execution.doubt()
                && execution.run.verdict == Verdict::Clean
            {
                seen.unproved = Some(Unproved::Doubt(doubt.to_owned()));
            }
            if seen.unproved.is_none() {
                seen.unproved = bound_reached(prove, seen.executions, began);
            }
            if seen.unproved.is_some() {
                let reversed = execution.reversed.iter();
                seen.reversed = reversed.map(|(over, count)| (*over, *count)).collect();
                seen.reversed
                    .sort_by_key(|(_, count)| std::cmp::Reverse(*count));
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        if seen.unproved.is_some() || !prove.job.keep_going && !seen.found.is_empty() {
            break;
        }
    }
    seen
}

fn bound_reached(prove: &Prove, executions: u64, began: Instant) -> Option<Unproved> {
    if prove.job.is_stopped() {
        return Some(Unproved::Stopped);
    }
    let bound = prove.settings.executions;
    if executions >= bound {
        return Some(Unproved::Executions(bound));
    }
    let time = prove.job.time.filter(|_| prove.job.is_late(began))?;
    Some(Unproved::Time(time))
}
