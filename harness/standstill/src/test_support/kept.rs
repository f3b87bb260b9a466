//! The corpus of a test: entries beside its package, which are replayed before anything else.

use std::env;
use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use standstill_hunt::{Again, Runner};
use standstill_model::{Fingerprint, Load, LoadRanges, Program, Undecided};
use standstill_report::Report;

use super::environment::Environment;
use crate::{Corpus, CorpusError, Entry, Expectation};

/// The directory beside the package's `Cargo.toml`, unless a test or the environment names
/// another.
pub const DIRECTORY: &str = "standstill-corpus";

/// Where a test keeps its findings, and whether it does.
#[derive(Clone, Debug)]
pub struct Kept {
    package: PathBuf,
    directory: PathBuf,
    save: bool,
}

/// The place where a test of the package in this directory keeps its findings. The directory is the one
/// in which the package was compiled. If it does not exist, because the test binary was moved to another
/// machine, the one from the environment is used.
pub fn kept(package: Option<&str>) -> Kept {
    let package = package
        .map(PathBuf::from)
        .filter(|directory| directory.is_dir())
        .or_else(|| env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from))
        .unwrap_or_default();
    Kept {
        package,
        directory: PathBuf::from(DIRECTORY),
        save: true,
    }
}

impl Kept {
    /// Uses another directory than [`DIRECTORY`], relative to the package's.
    #[must_use]
    pub fn corpus(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    /// Whether findings are written. Existing entries are replayed in any case.
    #[must_use]
    pub fn save(mut self, save: bool) -> Self {
        self.save = save;
        self
    }

    /// The entries of one test.
    pub(super) fn of(self, test: &str, environment: &Environment) -> Entries {
        let directory = environment.corpus.as_ref().unwrap_or(&self.directory);
        let unsaved = match (environment.save, self.save, environment.ci) {
            (Some(true), ..) | (None, true, false) => None,
            (Some(false), ..) => Some("STANDSTILL_SAVE says so"),
            (None, false, _) => Some("the test says so"),
            (None, true, true) => Some("CI is set: `STANDSTILL_SAVE=yes` saves all the same"),
        };
        Entries {
            corpus: Corpus::open(self.package.join(directory)),
            package: self.package,
            test: test.to_owned(),
            unsaved,
            known: Vec::new(),
        }
    }
}

/// The entries of one test.
#[derive(Debug)]
pub(super) struct Entries {
    corpus: Corpus,
    package: PathBuf,
    test: String,
    /// The reason why nothing is written, if so.
    unsaved: Option<&'static str>,
    /// The existing entries with their fingerprints.
    known: Vec<(PathBuf, Fingerprint)>,
}

/// The result of replaying the entries, if not all of them are clean.
#[derive(Debug, Default)]
pub(super) struct Unmet {
    /// An entry that has a finding again.
    again: Option<(PathBuf, Fingerprint, Box<Report>)>,
    /// Entries that could not be used, a sentence each.
    stale: Vec<String>,
}

impl Entries {
    /// Replays every entry, up to the first that has a finding.
    pub(super) fn replay(
        &mut self,
        runner: &mut Runner,
        program: &Program,
        ranges: &LoadRanges,
    ) -> Result<(), Unmet> {
        let mut unmet = Unmet::default();
        let loaded = match self.corpus.load_scenario(&self.test) {
            Ok(loaded) => loaded,
            Err(error) => {
                unmet.stale.push(error.to_string());
                return Err(unmet);
            }
        };
        for (path, entry) in loaded {
            let path = self.shown(&path);
            match entry.map_err(Stale::Unreadable).and_then(|entry| {
                let again = self.again(&entry, runner, program, ranges)?;
                Ok((entry.expect.fingerprint, again))
            }) {
                Ok((expected, Some(report))) => {
                    unmet.again = Some((path, expected, report));
                    return Err(unmet);
                }
                Ok((fingerprint, None)) => self.known.push((path, fingerprint)),
                Err(stale) => unmet.stale.push(stale.of(&path)),
            }
        }
        if unmet.stale.is_empty() {
            Ok(())
        } else {
            Err(unmet)
        }
    }

    fn again(
        &self,
        entry: &Entry,
        runner: &mut Runner,
        program: &Program,
        ranges: &LoadRanges,
    ) -> Result<Option<Box<Report>>, Stale> {
        let plan = &entry.plan;
        if plan.scenario != self.test {
            return Err(Stale::Other {
                of: plan.scenario.clone(),
                test: self.test.clone(),
            });
        }
        if !ranges.contains(&plan.load) {
            return Err(Stale::Load(plan.load));
        }
        match runner.again(program, plan) {
            Again::Clean => Ok(None),
            Again::Found { finding, plan } => Ok(Some(Box::new(Report::new(*finding, *plan)))),
            Again::Undecided(reason) => Err(Stale::Undecided(reason)),
        }
    }

    /// Saves a finding, and returns a line about the result. Errors here do not prevent the report of
    /// the finding itself.
    pub(super) fn keep(&self, report: &Report) -> String {
        let fingerprint = &report.finding.fingerprint;
        if let Some((path, _)) = self.known.iter().find(|(_, known)| known == fingerprint) {
            return format!(
                "not saved: {} is kept for the same, but its schedule does not show it any more; \
                 delete it to keep this one",
                path.display()
            );
        }
        if let Some(reason) = self.unsaved {
            return format!("not saved, for {reason}");
        }
        let found = match report.schedules_before {
            Some(before) => format!("#[standstill::test], in schedule {}", before + 1),
            None => "#[standstill::test]".to_owned(),
        };
        let entry = Entry {
            plan: report.plan.clone(),
            expect: Expectation {
                kind: report.finding.kind,
                fingerprint: fingerprint.clone(),
            },
            fixed_clean: false,
            shuttle_schedule: report.shuttle_schedule.clone(),
            found,
            comment: String::new(),
        };
        match self.corpus.save(&entry) {
            Ok(path) => format!(
                "saved as {}: commit it, and this test replays it before anything else",
                self.shown(&path).display()
            ),
            Err(CorpusError::Write { directory, source }) => format!(
                "not saved: cannot write into {}: {source}; make it writable, or name another \
                 directory with STANDSTILL_CORPUS",
                self.shown(&directory).display()
            ),
            Err(error) => format!("not saved: {error}"),
        }
    }

    /// The path relative to the package.
    fn shown(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.package).unwrap_or(path).to_owned()
    }
}

/// Why an entry could not be replayed.
#[derive(Debug)]
enum Stale {
    Unreadable(CorpusError),
    Other { of: String, test: String },
    Load(Load),
    Undecided(Undecided),
}

impl Stale {
    /// A sentence with what to do about it.
    fn of(self, path: &Path) -> String {
        let path = path.display();
        match self {
            // The error names the file and the line itself.
            Stale::Unreadable(error) => {
                format!("{error} (or delete the file, and the test looks for the schedule anew)")
            }
            Stale::Other { of, test } => format!(
                "{path} is an entry of `{of}`, not of `{test}`: move it to where that test keeps \
                 its own, or write `scenario = \"{test}\"` if the test was renamed"
            ),
            Stale::Load(load) => format!(
                "{path} has the load {load}, which the test does not take any more: widen its \
                 ranges, or delete the file"
            ),
            Stale::Undecided(reason) => format!(
                "{path} cannot be judged any more: {reason}; delete the file, and the test looks \
                 for the schedule anew"
            ),
        }
    }
}

impl Unmet {
    /// The report of the entry that has a finding again.
    pub(super) fn report_mut(&mut self) -> Option<&mut Report> {
        self.again.as_mut().map(|(_, _, report)| report.as_mut())
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        if let Some((path, expected, report)) = &self.again {
            let other = match report.finding.fingerprint == *expected {
                true => String::new(),
                false => format!(", other than the {expected} that it was kept for"),
            };
            let (report, path) = (report.to_text(false), path.display());
            let report = report.trim_end();
            write!(text, "{report}\n\nshown by the entry {path}{other}")?;
        }
        for stale in &self.stale {
            write!(text, "\n{stale}")?;
        }
        f.write_str(text.trim_start())
    }
}
