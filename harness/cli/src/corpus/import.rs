//! Imports what a fuzzer or another corpus found into this corpus.

use std::path::{Path, PathBuf};

use serde::Serialize;
use standstill::{Corpus, CorpusError, Runner, Scenario};

use super::ANY;
use super::files::{Source, sources};
use super::trial::{self, Known, Shown};
use crate::args::{Format, ImportArgs};
use crate::console::{Console, Paint, paint};
use crate::error::UserError;
use crate::exit::Exit;
use crate::folder;
use crate::pick;
use crate::table::grouped;

/// The result of importing one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    /// It has a finding that is not in the corpus yet.
    New,
    /// All its findings are in the corpus already.
    Known,
    /// It has no finding.
    Clean,
    /// It does not have the finding that it should have.
    Missing,
    /// It is undecided.
    Undecided,
    /// It cannot be imported.
    Unusable,
}

impl Outcome {
    const ALL: [(Outcome, &'static str); 6] = [
        (Outcome::New, "new"),
        (Outcome::Known, "known"),
        (Outcome::Clean, "clean"),
        (Outcome::Missing, "missing"),
        (Outcome::Undecided, "undecided"),
        (Outcome::Unusable, "unusable"),
    ];

    fn exit(self) -> Exit {
        match self {
            Outcome::New | Outcome::Known | Outcome::Clean => Exit::Met,
            Outcome::Missing | Outcome::Undecided => Exit::Unmet,
            Outcome::Unusable => Exit::BadInput,
        }
    }
}

struct Imported {
    file: PathBuf,
    scenario: Option<String>,
    outcome: Outcome,
    shown: Vec<Shown>,
    reason: Option<String>,
}

/// Imports what `args` name, and prints the result for each file.
pub(super) fn import(
    scenarios: &[Scenario],
    args: &ImportArgs,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    if let Some(name) = args.scenario.as_deref().filter(|name| *name != ANY) {
        let scenario = pick::scenario(scenarios, name)?;
        if let Some(variant) = args.variant
            && scenario.program(variant).is_none()
        {
            return Err(UserError::NoSuchVariant {
                scenario: name.to_owned(),
                variant,
                known: scenario.variants().collect(),
            }
            .into());
        }
    }
    folder::probe(&args.corpus).map_err(|source| UserError::Directory {
        directory: args.corpus.clone(),
        option: "--corpus",
        source,
    })?;
    let corpus = Corpus::open(&args.corpus);
    let mut exit = Exit::Met;
    let mut entries = Vec::new();
    match corpus.load_all() {
        Err(CorpusError::NoDirectory(_)) => {}
        Err(error) => return Err(UserError::from(error).into()),
        Ok(loaded) => {
            for (path, entry) in loaded {
                match entry {
                    Ok(entry) => entries.push((path, entry)),
                    // The file stays as it is, and is never skipped silently.
                    Err(error) => {
                        console.error(error);
                        exit = Exit::BadInput;
                    }
                }
            }
        }
    }
    let mut known = Known::new(corpus, entries);
    let mut runner = Runner::new();
    let mut all = Vec::new();
    for (file, source) in sources(&args.paths, scenarios, args.scenario.as_deref()) {
        let imported = one(scenarios, args, &mut known, &mut runner, file, source)?;
        exit = exit.max(imported.outcome.exit());
        if args.format == Format::Text {
            tell(&imported, console)?;
        }
        all.push(imported);
    }
    match args.format {
        Format::Json => console.print_json(&Document::new(&all))?,
        Format::Text => console.print(&format!("\n{}\n", closing(&all)))?,
    }
    Ok(exit)
}

fn one(
    scenarios: &[Scenario],
    args: &ImportArgs,
    known: &mut Known,
    runner: &mut Runner,
    file: PathBuf,
    source: Result<Source, String>,
) -> anyhow::Result<Imported> {
    let mut imported = Imported {
        file,
        scenario: None,
        outcome: Outcome::Unusable,
        shown: Vec::new(),
        reason: None,
    };
    match source {
        Err(reason) => imported.reason = Some(reason),
        Ok(Source::Entry(entry)) => match pick::program(scenarios, &entry.plan) {
            Err(error) => imported.reason = Some(error.to_string()),
            Ok((scenario, program)) => {
                imported.scenario = Some(scenario.name().to_owned());
                match trial::entry(known, runner, program, &entry)? {
                    Ok(shown) => imported.show(shown),
                    Err(reason) => {
                        imported.outcome = Outcome::Missing;
                        imported.reason = Some(reason);
                    }
                }
            }
        },
        Ok(Source::Input(name, bytes)) => {
            let scenario = pick::scenario(scenarios, &name)?;
            imported.scenario = Some(name);
            imported.outcome = Outcome::Clean;
            let variants = scenario.variants();
            for variant in variants.filter(|own| args.variant.is_none_or(|asked| asked == *own)) {
                let file = file_name(&imported.file);
                match trial::input(known, runner, scenario, variant, (&bytes, &file))? {
                    Ok(None) => {}
                    Ok(Some(shown)) => imported.show(shown),
                    Err(reason) => {
                        imported
                            .reason
                            .get_or_insert(format!("{variant}: {reason}"));
                    }
                }
            }
            let crashed = file_name(&imported.file).starts_with("crash-");
            if imported.shown.is_empty() && imported.reason.is_some() {
                imported.outcome = Outcome::Undecided;
            } else if imported.shown.is_empty() && crashed {
                imported.outcome = Outcome::Missing;
                imported.reason = Some("shows nothing any more".to_owned());
            }
        }
    }
    Ok(imported)
}

impl Imported {
    fn show(&mut self, shown: Shown) {
        if shown.new {
            self.outcome = Outcome::New;
        } else if self.outcome != Outcome::New {
            self.outcome = Outcome::Known;
        }
        self.shown.push(shown);
    }
}

/// The file name of a path, whatever characters it has.
fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn tell(imported: &Imported, console: &mut Console) -> anyhow::Result<()> {
    let file = imported.file.display();
    let reason = imported.reason.as_deref().unwrap_or_default();
    if imported.outcome == Outcome::Unusable {
        console.error(format_args!("{file}: {reason}"));
        return Ok(());
    }
    let color = console.color();
    let mut lines = String::new();
    for shown in &imported.shown {
        let (word, color_of) = match shown.new {
            true => ("new", Paint::Yellow),
            false => ("known", Paint::Green),
        };
        let head = paint(color, color_of, word);
        let gap = " ".repeat(7 - word.len());
        lines.push_str(&format!(
            "{head}{gap}{file}: {} ({}), {}\n",
            shown.fingerprint,
            shown.variant,
            shown.entry.display()
        ));
    }
    if imported.shown.is_empty() {
        let (word, color_of, what) = match imported.outcome {
            Outcome::Clean => ("clean", Paint::Green, "shows nothing"),
            Outcome::Undecided => ("FAIL", Paint::Red, reason),
            _ => ("FAIL", Paint::Red, reason),
        };
        let head = paint(color, color_of, word);
        lines = format!("{head}{}{file}: {what}\n", " ".repeat(7 - word.len()));
    }
    console.print(&lines)
}

fn closing(all: &[Imported]) -> String {
    let counts = Outcome::ALL.into_iter().filter_map(|(outcome, name)| {
        let files = all.iter().filter(|imported| imported.outcome == outcome);
        let count = files.count() as u64;
        (count > 0).then(|| format!("{} {name}", grouped(count)))
    });
    let counts: Vec<String> = counts.collect();
    if counts.is_empty() {
        return "there was no file to import".to_owned();
    }
    counts.join(", ")
}

/// What `corpus import --format json` prints.
#[derive(Serialize)]
struct Document {
    files: Vec<FileDocument>,
}

#[derive(Serialize)]
struct FileDocument {
    file: String,
    scenario: Option<String>,
    outcome: Outcome,
    findings: Vec<FindingDocument>,
    reason: Option<String>,
}

#[derive(Serialize)]
struct FindingDocument {
    variant: &'static str,
    fingerprint: String,
    entry: String,
    new: bool,
}

impl Document {
    fn new(all: &[Imported]) -> Self {
        let finding = |shown: &Shown| FindingDocument {
            variant: shown.variant.name(),
            fingerprint: shown.fingerprint.to_string(),
            entry: shown.entry.display().to_string(),
            new: shown.new,
        };
        let file = |imported: &Imported| FileDocument {
            file: imported.file.display().to_string(),
            scenario: imported.scenario.clone(),
            outcome: imported.outcome,
            findings: imported.shown.iter().map(finding).collect(),
            reason: imported.reason.clone(),
        };
        Self {
            files: all.iter().map(file).collect(),
        }
    }
}
