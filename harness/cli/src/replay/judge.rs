//! Replays one case and judges it.

use std::collections::BTreeMap;

use standstill::engine::RecordLevel;
use standstill::trace::Trace;
use standstill::{Finding, Plan, Program, Runner, Scenario, Variant, Verdict};

use super::target::Case;
use crate::error::UserError;
use crate::pick;

/// The results of one case's replays.
#[derive(Clone, Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) case: Case,
    pub(crate) scenario: &'a Scenario,
    /// The verdict of the first replay.
    pub(crate) verdict: Verdict,
    /// The trace of the first replay.
    pub(crate) trace: Option<Box<Trace>>,
    pub(crate) times: u64,
    /// How many replays had the expected result.
    pub(crate) same: u64,
    /// The other results, and how often each occurred.
    pub(crate) others: BTreeMap<String, u64>,
    /// The verdict of the fixed variant under the same schedule, if the entry declares it clean.
    pub(crate) fixed: Option<Verdict>,
}

impl Judged<'_> {
    /// Whether every replay had the expected result, and the fixed variant was clean if required.
    pub(crate) fn met(&self) -> bool {
        self.same == self.times
            && self
                .fixed
                .as_ref()
                .is_none_or(|fixed| *fixed == Verdict::Clean)
    }

    /// The expected fingerprint: that of the entry, or for a token that of its first replay.
    pub(crate) fn expected(&self) -> Option<String> {
        match &self.case {
            Case::Entry(_, entry) => Some(entry.expect.fingerprint.to_string()),
            Case::Token(_) => self
                .verdict
                .finding()
                .map(|finding| finding.fingerprint.to_string()),
        }
    }

    /// The finding of the first replay.
    pub(crate) fn finding(&self) -> Option<&Finding> {
        self.verdict.finding()
    }
}

/// The programs that a case runs.
pub(crate) struct Programs<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) program: &'a Program,
    /// Present if the entry declares it clean.
    pub(crate) fixed: Option<&'a Program>,
}

/// The programs that a case runs, if all of them exist.
pub(crate) fn programs<'a>(scenarios: &'a [Scenario], case: &Case) -> anyhow::Result<Programs<'a>> {
    let found = pick::program(scenarios, case.plan());
    let Case::Entry(file, entry) = case else {
        let (scenario, program) = found?;
        return Ok(Programs {
            scenario,
            program,
            fixed: None,
        });
    };
    let (scenario, program) =
        found.map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
    let fixed = scenario
        .program(Variant::Fixed)
        .filter(|_| entry.fixed_clean);
    if entry.fixed_clean && fixed.is_none() {
        return Err(UserError::NoFixedVariant {
            file: file.clone(),
            scenario: scenario.name().to_owned(),
        }
        .into());
    }
    Ok(Programs {
        scenario,
        program,
        fixed,
    })
}

/// Replays a case `times` times.
pub(crate) fn judge<'a>(
    programs: &Programs<'a>,
    case: Case,
    times: u64,
    runner: &mut Runner,
) -> Judged<'a> {
    let first = runner.trace(programs.program, case.plan());
    let (verdict, trace) = (first.verdict, first.trace);
    let fixed = programs
        .fixed
        .map(|fixed| run_fixed(runner, fixed, case.plan()));
    let mut judged = Judged {
        case,
        scenario: programs.scenario,
        verdict,
        trace,
        times,
        same: 0,
        others: BTreeMap::new(),
        fixed,
    };
    let expected = judged.expected();
    let first = describe(&judged.verdict);
    judged.count(first, expected.as_deref());
    for _ in 1..times {
        let verdict = runner.replay(programs.program, judged.case.plan()).verdict;
        judged.count(describe(&verdict), expected.as_deref());
    }
    judged
}

impl Judged<'_> {
    fn count(&mut self, came: String, expected: Option<&str>) {
        if Some(came.as_str()) == expected {
            self.same += 1;
        } else {
            *self.others.entry(came).or_default() += 1;
        }
    }
}

/// Runs the schedule of one variant on the other: choices that do not fit are skipped.
fn run_fixed(runner: &mut Runner, fixed: &Program, plan: &Plan) -> Verdict {
    let mut plan = plan.clone();
    plan.variant = Variant::Fixed;
    runner.run(fixed, &plan, RecordLevel::Record).verdict
}

/// A verdict in a few words: its fingerprint, if it has one.
pub(crate) fn describe(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Clean => "clean".to_owned(),
        Verdict::Found(finding) => finding.fingerprint.to_string(),
        Verdict::Undecided(reason) => format!("undecided ({reason})"),
    }
}
