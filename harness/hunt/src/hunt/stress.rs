//! A hunt under the stress engine. Its runs are ordered by real time: the first run to end with a
//! finding counts as the first finding.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use standstill_model::account::Account;
use standstill_model::finding::{Finding, Undecided, Verdict};
use standstill_model::fingerprint::Fingerprint;
use standstill_model::plan::Plan;
use standstill_model::scenario::Program;

use crate::hunt::Template;
use crate::hunt::outcome::Outcome;
use crate::runner::Found;
use crate::runner::Maker;

/// A hunt gives up after this many undecided runs.
const MOST_UNDECIDED: usize = 16;

/// At most this many different findings are kept: a hunt may go on for days.
const MOST_FOUND: usize = 256;

/// What the jobs share.
struct Shared<'a> {
    template: &'a Template,
    program: &'a Program,
    next: AtomicU64,
    over: AtomicBool,
    deadline: Option<Instant>,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    found: BTreeMap<Fingerprint, (u64, u64, Finding, Plan)>,
    undecided: Vec<Undecided>,
    tried: u64,
    steps: u64,
}

/// Hunts as `template` says.
pub(super) fn hunt(template: &Template, program: &Program) -> Outcome {
    let began = Instant::now();
    let shared = Shared {
        template,
        program,
        next: AtomicU64::new(0),
        over: AtomicBool::new(false),
        deadline: template.job.time.map(|time| began + time),
        notes: Mutex::default(),
    };
    std::thread::scope(|scope| {
        for job in 0..template.settings.jobs {
            let shared = &shared;
            std::thread::Builder::new()
                .name(format!("standstill-{job}"))
                .spawn_scoped(scope, move || work(shared))
                .unwrap_or_else(|error| panic!("cannot start a thread of the hunt: {error}"));
        }
    });
    conclude(shared, began.elapsed().max(Duration::from_nanos(1)))
}

impl Shared<'_> {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the hunt is over: the time is up, a stop was requested, or enough was found.
    fn is_over(&self) -> bool {
        if self.template.job.is_stopped() || self.deadline.is_some_and(|at| Instant::now() >= at) {
            self.over.store(true, Ordering::Relaxed);
        }
        self.over.load(Ordering::Relaxed)
    }
}

/// One job: makes one run after another.
fn work(shared: &Shared<'_>) {
    let settings = &shared.template.settings;
    let mut maker = Maker::new(settings.launcher.as_ref(), settings.stress);
    while !shared.is_over() {
        let index = shared.next.fetch_add(1, Ordering::Relaxed);
        if index >= settings.schedules {
            break;
        }
        let plan = shared.template.stress_plan(index);
        let Some(run) = maker.run(shared.program, &plan, &mut || shared.is_over()) else {
            break;
        };
        if let Some(progress) = &shared.template.job.progress {
            progress.add(run.steps, None);
            if run.verdict.finding().is_some() {
                progress.add_found();
            }
        }
        let mut notes = shared.notes();
        notes.tried += 1;
        notes.steps += run.steps;
        note(shared, &mut notes, index, plan, run.verdict);
    }
}

fn note(shared: &Shared<'_>, notes: &mut Notes, index: u64, plan: Plan, verdict: Verdict) {
    match verdict {
        Verdict::Clean => {}
        Verdict::Undecided(reason) => {
            notes.undecided.push(reason);
            if notes.undecided.len() >= MOST_UNDECIDED {
                shared.over.store(true, Ordering::Relaxed);
            }
        }
        Verdict::Found(finding) => {
            let keep_going = shared.template.job.keep_going;
            if let Some((_, count, ..)) = notes.found.get_mut(&finding.fingerprint) {
                *count += 1;
            } else if notes.found.len() < MOST_FOUND && (keep_going || notes.found.is_empty()) {
                let fingerprint = finding.fingerprint.clone();
                notes.found.insert(fingerprint, (index, 1, *finding, plan));
            }
            if !keep_going {
                shared.over.store(true, Ordering::Relaxed);
            }
        }
    }
}

fn conclude(shared: Shared<'_>, elapsed: Duration) -> Outcome {
    let notes = shared
        .notes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let mut found: Vec<Found> = notes
        .found
        .into_values()
        .map(|(first_at, count, finding, plan)| Found {
            finding,
            plan,
            minimised: None,
            trace: None,
            shuttle_schedule: None,
            workers: None,
            first_at,
            count,
        })
        .collect();
    found.sort_by_key(|found| found.first_at);
    let mut warnings = Vec::new();
    if !notes.undecided.is_empty() {
        warnings.push(format!(
            "{} of {} runs could not be decided",
            notes.undecided.len(),
            notes.tried
        ));
    }
    Outcome::of(
        found,
        notes.undecided.into_iter().next(),
        (notes.tried, notes.steps),
        elapsed,
        warnings,
        // A real runtime's threads are not counted.
        Account::default(),
    )
}
