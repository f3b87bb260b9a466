//! The environment variables of a test.

use std::env::{self, VarError};
use std::fmt;
use std::path::PathBuf;

use standstill_model::{NoSlack, Plan, Slack, TokenError};

/// A test's settings from the environment. An empty variable counts as not set.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Environment {
    /// `STANDSTILL_SCHEDULES`: how many schedules are tried.
    pub(super) schedules: Option<u64>,
    /// `STANDSTILL_SEED`: the base seed.
    pub(super) seed: Option<u64>,
    /// `STANDSTILL_SLACK`: how much virtual time a run's own computing may take.
    pub(super) slack: Option<Slack>,
    /// `STANDSTILL_REPLAY`: the one plan to run instead.
    pub(super) replay: Option<Plan>,
    /// `STANDSTILL_CORPUS`: where findings are kept.
    pub(super) corpus: Option<PathBuf>,
    /// `STANDSTILL_SAVE`: whether they are written there.
    pub(super) save: Option<bool>,
    /// `CI`: whether this is a CI run, where files that are written are lost.
    pub(super) ci: bool,
}

/// A variable has an invalid value.
#[derive(Debug)]
pub(super) enum EnvironmentError {
    Number {
        name: &'static str,
        value: String,
        like: u64,
    },
    Slack(NoSlack),
    Save(String),
    Token {
        value: String,
        source: TokenError,
    },
    NotText {
        name: &'static str,
        value: String,
    },
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EnvironmentError::Number { name, value, like } => write!(
                f,
                "{name} is `{value}`: give a whole number of at most {}, like `{name}={like}`, or \
                 unset it",
                u64::MAX
            ),
            EnvironmentError::Slack(error) => write!(f, "STANDSTILL_SLACK: {error}"),
            EnvironmentError::Save(value) => {
                write!(
                    f,
                    "STANDSTILL_SAVE is `{value}`: give `yes` or `no`, or unset it"
                )
            }
            EnvironmentError::Token { value, source } => write!(
                f,
                "STANDSTILL_REPLAY is `{value}`: {source}; give the token of a report, or unset it"
            ),
            EnvironmentError::NotText { name, value } => write!(
                f,
                "{name} is `{value}`, which is not UTF-8: write it anew, or unset it"
            ),
        }
    }
}

impl Environment {
    /// Reads the variables.
    pub(super) fn read() -> Result<Self, EnvironmentError> {
        Ok(Self {
            schedules: number("STANDSTILL_SCHEDULES", 100_000)?,
            seed: number("STANDSTILL_SEED", 7)?,
            slack: text("STANDSTILL_SLACK")?.map(slack).transpose()?,
            replay: text("STANDSTILL_REPLAY")?.map(plan).transpose()?,
            corpus: env::var_os("STANDSTILL_CORPUS")
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
            save: text("STANDSTILL_SAVE")?.map(yes_or_no).transpose()?,
            ci: env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false" && ci != "0"),
        })
    }
}

fn text(name: &'static str) -> Result<Option<String>, EnvironmentError> {
    match env::var(name) {
        Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(value)) => Err(EnvironmentError::NotText {
            name,
            value: value.to_string_lossy().into_owned(),
        }),
    }
}

fn number(name: &'static str, like: u64) -> Result<Option<u64>, EnvironmentError> {
    let Some(value) = text(name)? else {
        return Ok(None);
    };
    match value.replace('_', "").parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(EnvironmentError::Number { name, value, like }),
    }
}

fn plan(value: String) -> Result<Plan, EnvironmentError> {
    Plan::from_token(value.trim()).map_err(|source| EnvironmentError::Token { value, source })
}

fn slack(value: String) -> Result<Slack, EnvironmentError> {
    value.trim().parse().map_err(EnvironmentError::Slack)
}

fn yes_or_no(value: String) -> Result<bool, EnvironmentError> {
    match value.as_str() {
        "yes" | "1" | "true" => Ok(true),
        "no" | "0" | "false" => Ok(false),
        _ => Err(EnvironmentError::Save(value)),
    }
}
