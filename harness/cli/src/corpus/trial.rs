//! Judges one input or entry: what it shows, and whether the corpus has that already.

use std::collections::BTreeMap;
use std::path::PathBuf;

use standstill::engine::RecordLevel;
use standstill::{
    Corpus, Entry, Expectation, Finding, Fingerprint, Plan, Preempt, Program, Runner, Scenario,
    Schedule, Undecided, Variant, Verdict, minimise_load,
};

use crate::hunt::fixed_is_clean;
use crate::shrink::shrunk;
use crate::table::grouped;

/// How many runs may be spent on shrinking one load.
const RUNS: u32 = 2_000;

/// The content of the corpus, including what is added to it.
pub(super) struct Known {
    corpus: Corpus,
    entries: BTreeMap<(String, Variant, Fingerprint), PathBuf>,
}

/// A finding of an import.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) variant: Variant,
    pub(super) fingerprint: Fingerprint,
    pub(super) entry: PathBuf,
    pub(super) new: bool,
}

impl Known {
    pub(super) fn new(corpus: Corpus, entries: Vec<(PathBuf, Entry)>) -> Self {
        let entries = entries
            .into_iter()
            .rev() // of several the first
            .map(|(path, entry)| (key(&entry.plan, &entry.expect.fingerprint), path))
            .collect();
        Self { corpus, entries }
    }

    fn of(&self, plan: &Plan, fingerprint: &Fingerprint) -> Option<Shown> {
        let entry = self.entries.get(&key(plan, fingerprint))?;
        Some(Shown {
            variant: plan.variant,
            fingerprint: fingerprint.clone(),
            entry: entry.clone(),
            new: false,
        })
    }

    fn save(&mut self, entry: &Entry) -> anyhow::Result<Shown> {
        let path = self.corpus.save(entry)?;
        let fingerprint = entry.expect.fingerprint.clone();
        self.entries
            .insert(key(&entry.plan, &fingerprint), path.clone());
        Ok(Shown {
            variant: entry.plan.variant,
            fingerprint,
            entry: path,
            new: true,
        })
    }
}

fn key(plan: &Plan, fingerprint: &Fingerprint) -> (String, Variant, Fingerprint) {
    (plan.scenario.clone(), plan.variant, fingerprint.clone())
}

/// The finding that a variant has under an input. None if it is clean.
pub(super) fn input(
    known: &mut Known,
    runner: &mut Runner,
    scenario: &Scenario,
    variant: Variant,
    (bytes, file): (&[u8], &str),
) -> anyhow::Result<Result<Option<Shown>, Undecided>> {
    let Some(program) = scenario.program(variant) else {
        return Ok(Ok(None));
    };
    let plan = Plan::from_bytes(scenario.name(), variant, scenario.ranges(), bytes);
    let (plan, finding) = match run(runner, program, plan) {
        Ok(None) => return Ok(Ok(None)),
        Ok(Some(found)) => found,
        Err(reason) => return Ok(Err(reason)),
    };
    if let Some(shown) = known.of(&plan, &finding.fingerprint) {
        return Ok(Ok(Some(shown)));
    }
    let fingerprint = &finding.fingerprint;
    let small = minimise_load(runner, program, scenario.ranges(), &plan, fingerprint, RUNS);
    // As recorded choices that are replayed strictly; unchanged, if no recorded choices reproduce it.
    let plan = match shrunk(runner, program, &small, fingerprint) {
        Some(plan) => plan,
        None => match again(runner, program, &plan, fingerprint) {
            Ok(()) => plan,
            Err(reason) => return Ok(Err(reason)),
        },
    };
    let fixed_clean = variant != Variant::Fixed && fixed_is_clean(runner, scenario, &plan);
    let found = how(file, bytes.len(), &plan);
    let entry = Entry {
        plan,
        expect: expectation(&finding),
        fixed_clean,
        found,
        shuttle_schedule: None,
        comment: String::new(),
    };
    Ok(Ok(Some(known.save(&entry)?)))
}

/// The finding of an entry of another corpus: the one it expects, or why it does not have it.
pub(super) fn entry(
    known: &mut Known,
    runner: &mut Runner,
    program: &Program,
    entry: &Entry,
) -> anyhow::Result<Result<Shown, String>> {
    if let Some(shown) = known.of(&entry.plan, &entry.expect.fingerprint) {
        return Ok(Ok(shown));
    }
    let expected = &entry.expect.fingerprint;
    Ok(match runner.replay(program, &entry.plan).verdict {
        Verdict::Found(finding) if finding.fingerprint == *expected => Ok(known.save(entry)?),
        Verdict::Found(other) => Err(format!("expects {expected}, shows {}", other.fingerprint)),
        Verdict::Clean => Err(format!("expects {expected}, shows nothing")),
        Verdict::Undecided(reason) => Err(format!("expects {expected}, is undecided: {reason}")),
    })
}

/// Runs a plan. If it blocks the engine's thread, it is run again with preemption only between polls.
fn run(
    runner: &mut Runner,
    program: &Program,
    mut plan: Plan,
) -> Result<Option<(Plan, Finding)>, Undecided> {
    let mut verdict = runner.run(program, &plan, RecordLevel::Record).verdict;
    if let Verdict::Undecided(Undecided::Wedged { .. }) = verdict {
        plan.preempt = Preempt::Await;
        verdict = runner.run(program, &plan, RecordLevel::Record).verdict;
    }
    match verdict {
        Verdict::Clean => Ok(None),
        Verdict::Found(finding) => Ok(Some((plan, *finding))),
        Verdict::Undecided(reason) => Err(reason),
    }
}

/// Runs a finding's plan a second time before the finding is kept.
fn again(
    runner: &mut Runner,
    program: &Program,
    plan: &Plan,
    fingerprint: &Fingerprint,
) -> Result<(), Undecided> {
    let verdict = runner.run(program, plan, RecordLevel::Confirm).verdict;
    match verdict {
        Verdict::Found(finding) if finding.fingerprint == *fingerprint => Ok(()),
        Verdict::Undecided(reason) => Err(reason),
        other => Err(Undecided::Nondeterministic {
            detail: format!(
                "one run found {fingerprint}, the same plan run again {}",
                match other.finding() {
                    Some(finding) => format!("found {}", finding.fingerprint),
                    None => "was clean".to_owned(),
                }
            ),
        }),
    }
}

fn expectation(finding: &Finding) -> Expectation {
    Expectation {
        kind: finding.kind,
        fingerprint: finding.fingerprint.clone(),
    }
}

/// The origin of a finding, in one line of an entry.
fn how(file: &str, bytes: usize, plan: &Plan) -> String {
    let mut how = format!("fuzzer's input {file}");
    if let Schedule::Choices(choices) = &plan.schedule {
        how.push_str(&format!(
            "; shrunk from {} bytes to {} choices",
            grouped(bytes as u64),
            grouped(choices.len() as u64)
        ));
    }
    how
}
