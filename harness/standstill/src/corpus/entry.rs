//! A corpus entry: a plan and what it must show, as TOML that a reviewer can read in a diff.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};
use standstill_model::finding::FindingKind;
use standstill_model::fingerprint::Fingerprint;
use standstill_model::load::Load;
use standstill_model::plan::{
    Choice, DEFAULT_MAX_STEPS, DEFAULT_TOTAL_STEPS, Digest, EngineKind, Leaks, Plan, Preempt,
    Schedule, StrategyKind, Variant,
};
use standstill_model::runs::Expander;
use standstill_model::slack::Slack;
use standstill_model::token::strategy_version;

use crate::corpus::CorpusError;

/// The entry format that this version reads and writes.
pub(super) const FORMAT: u32 = 1;

/// A plan, what it must show, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The plan, of the variant that has the finding.
    pub plan: Plan,
    /// What a run of the plan must show.
    pub expect: Expectation,
    /// Whether the same plan must find nothing in the `fixed` variant. Without meaning if the finding is
    /// in that variant itself.
    pub fixed_clean: bool,
    /// The run as a schedule of Shuttle's own, in hexadecimal digits, for use with `shuttle::replay`.
    /// Standstill replays the plan.
    pub shuttle_schedule: Option<String>,
    /// How it was found. Any text; empty if unknown.
    pub found: String,
    /// A comment. Any text; may be empty.
    pub comment: String,
}

/// What a run must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The kind of finding.
    pub kind: FindingKind,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
}

impl Entry {
    /// Parses the entry in `text`. Errors name `path`.
    ///
    /// # Errors
    ///
    /// If the text is not an entry, with the line and how to correct it.
    pub fn parse(text: &str, path: &Path) -> Result<Self, CorpusError> {
        let at = |offset: usize, detail: String| CorpusError::Entry {
            path: path.to_owned(),
            line: line_of(text.as_bytes(), offset),
            detail,
        };
        let from_toml = |error: toml::de::Error| {
            let offset = error.span().map_or(0, |span| span.start);
            at(offset, error.message().trim().replace('\n', ", "))
        };
        // The format is checked first: an entry of a later format may contain anything else.
        let head: Head = toml::from_str(text).map_err(from_toml)?;
        match head.format {
            None => {
                let detail =
                    format!("the entry names no format: begin it with `format = {FORMAT}`");
                return Err(at(0, detail));
            }
            Some(format) if *format.get_ref() != i64::from(FORMAT) => {
                let detail = format!(
                    "the entry has format {}, but this standstill reads format {FORMAT}: update \
                     standstill, or record the finding again",
                    format.get_ref()
                );
                return Err(at(format.span().start, detail));
            }
            Some(_) => {}
        }
        let raw: Raw = toml::from_str(text).map_err(from_toml)?;
        raw.into_entry().map_err(|(span, detail)| at(span, detail))
    }
}

/// The line of the byte at `offset`, from 1.
pub(super) fn line_of(text: &[u8], offset: usize) -> usize {
    1 + text
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
}

#[derive(Deserialize)]
struct Head {
    format: Option<toml::Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(rename = "format")]
    _format: i64,
    scenario: String,
    #[serde(default = "engine", deserialize_with = "word")]
    engine: EngineKind,
    #[serde(default = "preempt", deserialize_with = "word")]
    preempt: Preempt,
    #[serde(default = "leaks", deserialize_with = "word")]
    leaks: Leaks,
    #[serde(default = "max_steps")]
    max_steps: u32,
    #[serde(default = "total_steps")]
    total_steps: u32,
    /// Entries of before have none.
    #[serde(default, deserialize_with = "optional_word")]
    slack: Option<Slack>,
    #[serde(default)]
    found: String,
    #[serde(default)]
    comment: String,
    shuttle_schedule: Option<Vec<toml::Spanned<String>>>,
    #[serde(default)]
    load: Load,
    expect: toml::Spanned<RawExpect>,
    schedule: toml::Spanned<RawSchedule>,
}

fn engine() -> EngineKind {
    EngineKind::Explore
}

fn preempt() -> Preempt {
    Preempt::Op
}

fn leaks() -> Leaks {
    Leaks::All
}

fn max_steps() -> u32 {
    DEFAULT_MAX_STEPS
}

fn total_steps() -> u32 {
    DEFAULT_TOTAL_STEPS
}

/// Reads a value by its name, so that the error lists the valid names.
fn word<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: fmt::Display,
{
    String::deserialize(deserializer)?
        .parse()
        .map_err(de::Error::custom)
}

fn optional_word<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: fmt::Display,
{
    word(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpect {
    buggy: Option<FindingKind>,
    own: Option<FindingKind>,
    fixed: Option<FixedExpect>,
    fingerprint: toml::Spanned<Fingerprint>,
}

/// What the `fixed` variant must show: nothing, unless the finding is in that variant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FixedExpect {
    Clean,
    Finding(FindingKind),
}

impl<'de> Deserialize<'de> for FixedExpect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "clean" {
            return Ok(FixedExpect::Clean);
        }
        FindingKind::deserialize(de::value::StringDeserializer::<D::Error>::new(text))
            .map(FixedExpect::Finding)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSchedule {
    #[serde(default, deserialize_with = "optional_word")]
    strategy: Option<StrategyKind>,
    strategy_version: Option<toml::Spanned<u8>>,
    #[serde(default, deserialize_with = "optional_seed")]
    seed: Option<u64>,
    length: Option<u32>,
    #[serde(default, deserialize_with = "optional_hash")]
    hash: Option<u32>,
    // Read as strings first, so that an error in one choice is reported with its own line.
    choices: Option<Vec<toml::Spanned<String>>>,
    bytes: Option<Vec<toml::Spanned<String>>>,
}

fn optional_seed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| {
        de::Error::custom(format!(
            "`{text}` is not a seed: it is a number from 0 to 18446744073709551615, in quotes"
        ))
    })
}

fn optional_hash<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u32::from_str_radix(&text, 16) {
        Ok(hash) if digits => Ok(Some(hash)),
        _ => Err(de::Error::custom(format!(
            "`{text}` is not a schedule's hash: it is eight hexadecimal digits"
        ))),
    }
}

/// One line of bytes in hexadecimal digits.
fn hexadecimal(text: &str) -> Result<Vec<u8>, String> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes = pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok())
        .collect::<Option<Vec<u8>>>();
    bytes
        .filter(|_| rest.is_empty())
        .ok_or_else(|| format!("`{text}` are not bytes: write two hexadecimal digits for each"))
}

/// A run of equal choices: `root.0 x12`, `timer`, `pick 2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) choice: Choice,
    pub(super) count: u64,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.choice {
            Choice::Task(path) => write!(f, "{path}")?,
            Choice::Timer => f.write_str("timer")?,
            Choice::Number(number) => write!(f, "pick {number}")?,
        }
        match self.count {
            1 => Ok(()),
            count => write!(f, " x{count}"),
        }
    }
}

impl FromStr for Run {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (choice, count) = match text.rsplit_once(" x") {
            Some((choice, count)) => (choice, count.parse().ok().filter(|count| *count > 0)),
            None => (text, Some(1)),
        };
        let choice = match choice.strip_prefix("pick ") {
            Some(number) => number.parse().ok().map(Choice::Number),
            None if choice == "timer" => Some(Choice::Timer),
            None => choice.parse().ok().map(Choice::Task),
        };
        match (choice, count) {
            (Some(choice), Some(count)) => Ok(Self { choice, count }),
            _ => Err(format!(
                "`{text}` is not a choice: write a task like `root.2.0`, `timer`, or `pick 3`, \
                 and `x12` behind it for twelve in a row"
            )),
        }
    }
}

/// An error message, and the offset where the error is.
type Located = (usize, String);

impl Raw {
    fn into_entry(self) -> Result<Entry, Located> {
        let start = self.expect.span().start;
        let (variant, expect, fixed_clean) = expectation(self.expect.into_inner())
            .map_err(|(at, detail)| (at.unwrap_or(start), detail))?;
        let start = self.schedule.span().start;
        let schedule = schedule(self.engine, self.schedule.into_inner())
            .map_err(|(at, detail)| (at.unwrap_or(start), detail))?;
        let shuttle_schedule = self.shuttle_schedule.map(digits).transpose()?;
        Ok(Entry {
            plan: Plan {
                scenario: self.scenario,
                variant,
                load: self.load,
                engine: self.engine,
                preempt: self.preempt,
                leaks: self.leaks,
                max_steps: self.max_steps,
                total_steps: self.total_steps,
                slack: self.slack.unwrap_or(Slack::FourTimers),
                schedule,
            },
            expect,
            fixed_clean,
            shuttle_schedule,
            found: self.found,
            comment: self.comment,
        })
    }
}

/// Joins lines of hexadecimal digits.
fn digits(lines: Vec<toml::Spanned<String>>) -> Result<String, Located> {
    let mut digits = String::new();
    for line in &lines {
        hexadecimal(line.get_ref()).map_err(|detail| (line.span().start, detail))?;
        digits.push_str(line.get_ref());
    }
    Ok(digits)
}

fn expectation(raw: RawExpect) -> Result<(Variant, Expectation, bool), (Option<usize>, String)> {
    let (fixed, fixed_clean) = match raw.fixed {
        Some(FixedExpect::Finding(kind)) => (Some(kind), false),
        Some(FixedExpect::Clean) => (None, true),
        None => (None, false),
    };
    let (variant, kind) = match (raw.buggy, raw.own, fixed) {
        (Some(kind), None, None) => (Variant::Buggy, kind),
        (None, Some(kind), None) => (Variant::Own, kind),
        (None, None, Some(kind)) => (Variant::Fixed, kind),
        _ => {
            let detail = "one variant has the finding: write one of `buggy`, `own` and `fixed` \
                          with its kind, like `buggy = \"hang\"`";
            return Err((None, detail.to_owned()));
        }
    };
    let at = raw.fingerprint.span().start;
    let fingerprint = raw.fingerprint.into_inner();
    let fingerprint_kind = fingerprint.as_str().rsplit_once('-').map(|(kind, _)| kind);
    if fingerprint_kind != Some(kind.name()) {
        let detail = format!(
            "the fingerprint `{fingerprint}` is not one of a {kind}: correct the kind or the \
             fingerprint, or record the finding again"
        );
        return Err((Some(at), detail));
    }
    Ok((variant, Expectation { kind, fingerprint }, fixed_clean))
}

fn schedule(engine: EngineKind, raw: RawSchedule) -> Result<Schedule, (Option<usize>, String)> {
    match raw {
        RawSchedule {
            strategy: Some(strategy),
            strategy_version: version,
            seed: Some(seed),
            length,
            hash,
            choices: None,
            bytes: None,
        } => {
            let known = strategy_version(engine, strategy);
            if let Some(version) = version.filter(|version| *version.get_ref() != known) {
                let detail = format!(
                    "the schedule needs version {} of the strategy `{}`, but this standstill has \
                     version {known}: record the finding again",
                    version.get_ref(),
                    strategy.name()
                );
                return Err((Some(version.span().start), detail));
            }
            let digest = match (length, hash) {
                (Some(choices), Some(hash)) => Some(Digest { choices, hash }),
                (None, None) => None,
                _ => {
                    let detail = "`length` and `hash` belong together: write both, or neither";
                    return Err((None, detail.to_owned()));
                }
            };
            Ok(Schedule::Seeded {
                strategy,
                seed,
                digest,
            })
        }
        RawSchedule {
            strategy: None,
            strategy_version: None,
            seed: None,
            length: None,
            hash: None,
            choices: Some(runs),
            bytes: None,
        } => {
            let mut expander = Expander::default();
            for run in runs {
                let at = Some(run.span().start);
                let Run { choice, count } = run.get_ref().parse().map_err(|detail| (at, detail))?;
                expander
                    .push(choice, count)
                    .map_err(|error| (at, format!("{error}: correct the count")))?;
            }
            Ok(Schedule::Choices(expander.finish()))
        }
        RawSchedule {
            strategy: None,
            strategy_version: None,
            seed: None,
            length: None,
            hash: None,
            choices: None,
            bytes: Some(lines),
        } => {
            let mut bytes = Vec::new();
            for line in lines {
                let at = Some(line.span().start);
                bytes.extend(hexadecimal(line.get_ref()).map_err(|detail| (at, detail))?);
            }
            Ok(Schedule::Bytes(bytes))
        }
        _ => {
            let detail = "a schedule is a `strategy` with its `seed` (and `length` and `hash`), or \
                          `choices`, or `bytes`: write one of the three";
            Err((None, detail.to_owned()))
        }
    }
}
