//! The files that a hunt writes: corpus entries and reports.

use std::path::{Path, PathBuf};

use standstill::engine::RecordLevel;
use standstill::isolation::Launcher;
use standstill::{
    Corpus, EngineKind, Entry, Expectation, Found, Plan, Report, Runner, Scenario, Schedule,
    Variant, Verdict,
};

use super::document::Document;
use super::done::Done;
use super::report::stem;
use super::rows::Row;
use super::trend;
use crate::args::HuntArgs;
use crate::error::UserError;
use crate::folder;
use crate::formats::{junit, sarif};
use crate::shrink::shrunk;
use crate::table::grouped;

/// The destinations of findings.
#[derive(Debug)]
pub(super) struct Keeper {
    corpus: Option<Corpus>,
    reports: Option<PathBuf>,
    /// The options of the hunt, as recorded in an entry.
    asked: String,
    runner: Runner,
}

impl Keeper {
    /// Checks that the directories are writable: before the hunt rather than after it.
    pub(super) fn new(args: &HuntArgs) -> Result<Self, UserError> {
        let directories = [(&args.corpus, "--corpus"), (&args.report, "--report")];
        for (directory, option) in directories {
            if let Some(directory) = directory {
                folder::probe(directory).map_err(|source| UserError::Directory {
                    directory: directory.clone(),
                    option,
                    source,
                })?;
            }
        }
        Ok(Self {
            corpus: args.corpus.as_ref().map(Corpus::open),
            reports: args.report.clone(),
            asked: asked(args),
            runner: Runner::new().isolated(Launcher::this_program()),
        })
    }

    /// Writes a finding to all its destinations, and returns the entry's path if it has one. Entries are
    /// for known bugs: a finding in a fixed variant is only reported.
    pub(super) fn keep(
        &mut self,
        row: &Row<'_>,
        found: &Found,
        report: &Report,
    ) -> Result<Option<PathBuf>, UserError> {
        if let Some(directory) = &self.reports {
            write_report(directory, report).map_err(|source| UserError::Directory {
                directory: directory.clone(),
                option: "--report",
                source,
            })?;
        }
        let Some(corpus) = self
            .corpus
            .as_ref()
            .filter(|_| row.variant != Variant::Fixed)
        else {
            return Ok(None);
        };
        // If recorded choices do not reproduce it, the original plan is kept: then the strategy matters.
        let plan = row
            .scenario
            .program(row.variant)
            .and_then(|program| {
                let fingerprint = &found.finding.fingerprint;
                shrunk(&mut self.runner, program, &found.plan, fingerprint)
            })
            .unwrap_or_else(|| found.plan.clone());
        let entry = Entry {
            expect: Expectation {
                kind: found.finding.kind,
                fingerprint: found.finding.fingerprint.clone(),
            },
            fixed_clean: fixed_is_clean(&mut self.runner, row.scenario, &plan),
            found: how(&self.asked, found, &plan),
            comment: String::new(),
            shuttle_schedule: shuttle_schedule(&mut self.runner, row, found, &plan),
            plan,
        };
        Ok(Some(corpus.save(&entry)?))
    }
}

/// The plan's run as a schedule of Shuttle, if the engine is Shuttle.
fn shuttle_schedule(
    runner: &mut Runner,
    row: &Row<'_>,
    found: &Found,
    plan: &Plan,
) -> Option<String> {
    if found.plan == *plan {
        return found.shuttle_schedule.clone();
    }
    if plan.engine != EngineKind::Shuttle {
        return None;
    }
    let program = row.scenario.program(row.variant)?;
    runner.replay(program, plan).shuttle_schedule
}

/// The options that determine which schedules a hunt tries. The others are in the plan.
fn asked(args: &HuntArgs) -> String {
    let mut asked = format!("hunt --seed {}", args.seed);
    if args.strategy != standstill::Tactic::Auto {
        asked.push_str(&format!(" --strategy {}", args.strategy));
    }
    for (knob, range) in args.knobs() {
        let (low, high) = range.into_inner();
        asked.push_str(&match low == high {
            true => format!(" --{knob} {low}"),
            false => format!(" --{knob} {low}..{high}"),
        });
    }
    asked
}

/// The origin of a finding, in one line of an entry.
fn how(asked: &str, found: &Found, plan: &Plan) -> String {
    let hunted = found
        .minimised
        .as_ref()
        .map_or(&found.plan, |shrunk| &shrunk.from);
    let mut how = format!("{asked}, schedule {}", grouped(found.first_at + 1));
    if !asked.contains("--strategy") {
        how.push_str(&format!(", strategy {}", hunted.strategy_name()));
    }
    let before = match &hunted.schedule {
        Schedule::Seeded {
            digest: Some(digest),
            ..
        } => Some(digest.choices),
        Schedule::Seeded { .. } | Schedule::Choices(_) | Schedule::Bytes(_) => None,
    };
    if let (Some(before), Schedule::Choices(choices)) = (before, &plan.schedule) {
        how.push_str(&format!(
            "; shrunk from {} choices to {}",
            grouped(before.into()),
            grouped(choices.len() as u64)
        ));
    }
    how
}

/// Whether the fixed variant has no finding under the same schedule.
pub(crate) fn fixed_is_clean(runner: &mut Runner, scenario: &Scenario, plan: &Plan) -> bool {
    let Some(program) = scenario.program(Variant::Fixed) else {
        return false;
    };
    let mut plan = plan.clone();
    plan.variant = Variant::Fixed;
    runner.run(program, &plan, RecordLevel::Record).verdict == Verdict::Clean
}

fn write_report(directory: &Path, report: &Report) -> std::io::Result<()> {
    let name = stem(report);
    let files = [
        ("txt", report.to_text(false)),
        ("json", format!("{:#}\n", serde_json::to_value(report)?)),
        ("dot", report.to_dot()),
        ("mmd", report.to_mermaid()),
        ("html", standstill_html::page(report)),
    ];
    for (ending, text) in files {
        folder::write(directory, &format!("{name}.{ending}"), &text)?;
    }
    Ok(())
}

/// Writes the documents about a hunt as a whole.
pub(super) fn write_hunt(
    directory: &Path,
    done: &[Done<'_>],
    args: &HuntArgs,
    before: Option<&Document>,
) -> std::io::Result<()> {
    let document = Document::new(done, args.engine, &args.strategy_word());
    let reports = super::reports(done, args);
    let json = serde_json::to_string_pretty(&document)?;
    let sarif = format!("{:#}\n", sarif::document(&reports));
    let junit = junit::document(done).map_err(std::io::Error::other)?;
    let index = trend::index(done, &document, before, &reports);
    folder::write(directory, "hunt.json", &format!("{json}\n"))?;
    folder::write(directory, "hunt.sarif", &sarif)?;
    folder::write(directory, "junit.xml", &junit)?;
    folder::write(directory, "index.html", &standstill_html::index(&index))
}
