//! Proof for small loads: every interleaving is executed, up to those that are equivalent.
//!
//! Two executions are equivalent if one comes from the other by letting neighbouring steps change
//! places that do not depend on each other: then both end alike, and one of them is enough. Which
//! steps depend is told by what they touch through the facade ([`access`](standstill_engine::search::access)): steps on one resource
//! do unless both only read, a task's next poll depends on what woke it, and where the facade cannot
//! tell, a step depends on all others. Each execution shows its races ([`trace`](standstill_engine::search::trace)), and each race
//! has to be seen the other way round ([`tree`](standstill_engine::search::tree)). Every `select!` start and every small random number
//! is tried, and timers fire early at every place where they may.
//!
//! # When steps change places
//!
//! A step is told from others of its task by what it came to, and two steps are independent if this
//! holds in *every* state: where both can be made, either order leads to the same state and leaves
//! the other what it is; where only one can, making it does not make the other possible. So it is
//! enough to look at what a step did, in the one execution in which it was made.
//!
//! Giving back a *read* lock counts as a look at the readers-writer lock, as taking one does, if
//! nobody waits for the lock then and its readers are not limited (`leaves_readers`). Where this
//! step is possible somebody reads and nobody waits, so a read lock is to be had at once, before it
//! and after it, and one that would have to wait is not; giving back another one remains such a step,
//! as nobody waits meanwhile; the counts add up in either order. To ask for a write lock, to give one
//! back, to give a read lock back while somebody waits (who may then go on), and to stop waiting for a
//! write lock depend on all of these, as before. With a limit it would not hold: what the last of
//! the readers gives back makes the next one possible.
//!
//! To begin to wait for the end of a task, or for what a channel brings its receiver, changes nothing
//! but who is woken in the end (`only_listens`): nobody stands in line, and nothing is taken. If the
//! step did nothing else, and its task waits for this alone from then on, the task is where it was:
//! woken, it asks again and gets what it would have got had it not asked before. So the step is
//! independent of all others, also of the one that wakes the task, whose next poll depends on that
//! one. With a second wait, as in `select!` or with a timeout, what was asked first counts, and the
//! step depends on what it waits for.
//!
//! # To ask, and to be given
//!
//! A step that asks for something and is given it at once is two in one: it asks, and then it goes on
//! with what it was given. Had it asked before it was there, it would have waited and gone on later, in
//! a step of its own. If the task awaits this and nothing else, the two come to the same: a poll in
//! vain leaves it where it was. So the step is told as two (`Event::granted`). To ask is
//! independent of the step that gives; what follows is made possible by it, and is not tried before
//! it. That the task awaits nothing else cannot be seen where it need not wait, so the operation is
//! held back for one poll ([`direct`](standstill_engine::search::direct)).
//!
//! - *Join.* To ask is to listen, which touches nothing. What gives is the end of the other task.
//! - *A mutex's `lock`.* It grants in the order of asking and nobody overtakes, so to ask and to give
//!   back lead to the same owner and the same line in either order: with an empty line who gives back
//!   leaves the lock free and who asks takes it, or who asks stands in line and is handed it; else
//!   both touch different ends of the line. Those who ask depend on each other, and `try_lock` and who
//!   leaves the line depend on all. What follows touches nothing but the task itself, or else the step
//!   counts as a whole and depends on who gives back: what it touches might have to come between the
//!   two, which one step cannot show.
//!
//! Whoever cancels a task may do so in between, where it has been given what it asked for and does
//! not know yet: then it is as if it had never been. A task that is cancelled in the middle of a poll
//! comes farther if what it asks for is there. So nothing of this, and nothing of what was said of
//! tasks that begin to wait, is taken for granted once a task is cancelled. Neither is what was said of
//! locks once timers may fire early or steps may touch anything: the clock may have moved in between,
//! and the task reads it unseen. Where that turns out late, all is explored again from the beginning.
//!
//! # Ends and timers
//!
//! Once the root has ended everybody is to have a turn, as in every run; but in a proof not before
//! nobody is ready for the first time. Until then it is chosen on, so that the last step of the root
//! is one like any other: all that it changes for others is what it touches, as the clock does not
//! move while anybody is ready, but for a timer that fires early, which depends on everything anyhow.
//! When nobody is ready all is as it would be had the root ended at another place. Where the run ends
//! together with the root, because it panicked or because nobody minds a leak, its last step depends
//! on all others. A plan whose choices go on after the end of the root is run by the same rule
//! (`Probe::outlasts_root`), so that what was found there comes back.
//!
//! That a timer fires early depends on every step. Where one may, that it fires is tried, as no race
//! would show it; what comes after it races with it, and so is tried in its place. What of a program
//! reads the clock is not seen, so it cannot be told which steps it does not matter to.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use standstill_engine::Explore;
use standstill_engine::search::explorer::explore;
use standstill_engine::search::tree::Breadth;
use standstill_engine::strategy::EARLY_TIMERS;
use standstill_model::finding::{Finding, Undecided, Verdict};
use standstill_model::fingerprint::Fingerprint;
use standstill_model::load::{Knob, Load, LoadRanges};
use standstill_model::plan::{Leaks, Plan, Preempt, Schedule, Variant};
use standstill_model::scenario::{Program, Scenario};

use crate::job::{Job, job_settings};
use crate::runner::{Found, HuntError, Progress, Runner, confirm, explored};

/// How many executions a proof may take by default.
pub const DEFAULT_EXECUTIONS: u64 = 10_000_000;

/// Why nothing was proved although nothing was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unproved {
    /// The bound on executions was reached.
    Executions(u64),
    /// The bound on time was reached.
    Time(Duration),
    /// Somebody asked to stop.
    Stopped,
    /// The interleavings seen may not be all there are.
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

/// What an attempt at a proof came to.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one for each proof")]
pub enum Conclusion {
    /// Every interleaving is clean.
    Proved,
    /// One is not.
    Found(Found),
    /// It is not known.
    NotProved(Unproved),
}

/// An attempt at a proof, with its figures.
#[derive(Clone, Debug)]
pub struct Proof {
    /// What it came to.
    pub conclusion: Conclusion,
    /// Executions made, those included that were broken off because another like it was seen.
    pub executions: u64,
    /// How many of them were broken off.
    pub redundant: u64,
    /// Steps made, over all executions.
    pub steps: u64,
    /// The loads that were looked at, the last one perhaps in part.
    pub loads: u64,
    /// Pairs of steps that had to be seen the other way round until a bound was reached, by what
    /// they depend on each other by, the most frequent first: where the interleavings come from.
    pub reversed: Vec<(&'static str, u64)>,
    /// How long it took, in real time.
    pub elapsed: Duration,
    /// Every finding, by fingerprint. One at the most, unless the proof kept going.
    pub found: Vec<Found>,
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
                write!(
                    f,
                    "{} in execution {}",
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
/// The scope is that of a hunt: sequential consistency, facade operations. What tasks share past the
/// facade (raw atomics, locks of `std`, primitives of other crates) is not seen: such a program
/// needs [`Prove::reduction`]`(false)`, which takes every interleaving for one of its own. A task
/// that waits for something which is not the facade's is noticed, and then nothing is proved.
///
/// Once the root has ended, and then nobody was ready for the first time, the others run in turn.
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
    early_timers: u32,
}

impl Prove {
    /// A proof about a program of one's own, which [`Prove::run`] then gives.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            job: Job::new(name),
            settings: Settings {
                executions: DEFAULT_EXECUTIONS,
                reduction: true,
                early_timers: EARLY_TIMERS,
            },
        }
    }

    /// A proof about a variant of a scenario, at its smallest load; [`Prove::knob`] raises it, and
    /// [`Prove::go`] starts.
    pub fn of(scenario: &Scenario, variant: Variant) -> Self {
        let mut prove = Self::new(scenario.name());
        prove.job = Job::of(scenario, variant);
        for (knob, range) in scenario.ranges().iter() {
            let low = *range.start();
            prove.job.knob(knob, low..=low);
        }
        prove
    }

    /// How many executions it may take. Default: [`DEFAULT_EXECUTIONS`].
    #[must_use]
    pub fn executions(mut self, executions: u64) -> Self {
        self.settings.executions = executions;
        self
    }

    /// Whether one of equivalent interleavings is enough. Default: yes. Without it nothing need be
    /// known of what tasks share, and it takes very much longer.
    #[must_use]
    pub fn reduction(mut self, reduction: bool) -> Self {
        self.settings.reduction = reduction;
        self
    }

    /// How often, in one run, the earliest timer may fire although tasks are ready. Default and
    /// most: 4, as in a hunt. Every step at which it may is one more interleaving.
    #[must_use]
    pub fn early_timers(mut self, early_timers: u32) -> Self {
        self.settings.early_timers = early_timers.min(EARLY_TIMERS);
        self
    }

    job_settings!(Proof);

    /// Looks at the scenario's program.
    ///
    /// # Errors
    ///
    /// If a range does not fit the scenario, or it lacks the variant.
    pub fn go(self) -> Result<Proof, HuntError> {
        let program = self.job.program()?;
        Ok(prove(&self, &program))
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
        plan
    }
}

/// What the engine's thread has seen.
#[derive(Debug, Default)]
struct Seen {
    executions: u64,
    redundant: u64,
    steps: u64,
    loads: u64,
    reversed: Vec<(&'static str, u64)>,
    /// In the order in which they came up.
    found: Vec<(Finding, Plan, u64)>,
    counts: BTreeMap<Fingerprint, u64>,
    unproved: Option<Unproved>,
}

fn prove(prove: &Prove, program: &Program) -> Proof {
    let began = Instant::now();
    let (job, its_program) = (prove.clone(), program.clone());
    let seen = explored(move |engine| look_everywhere(engine, &job, &its_program, began))
        .unwrap_or_else(|operation| {
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
        found,
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
        explore(
            engine,
            program,
            &plan,
            breadth,
            settings.early_timers,
            |mut execution| {
                seen.executions += 1;
                seen.steps += execution.run.steps;
                if let Some(progress) = &prove.job.progress {
                    progress.add(execution.run.steps, execution.run.order);
                }
                if execution.is_redundant() {
                    seen.redundant += 1;
                } else if let Verdict::Found(finding) = &execution.run.verdict {
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
            },
        );
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
