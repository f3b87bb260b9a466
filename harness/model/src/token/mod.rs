//! Tokens: a plan as one line of text.
//!
//! `ss2-` and letters and digits only, so that shells, Markdown, e-mail and a double click leave
//! it whole. A token of the first format, which begins with `ss1-`, has no slack: its plan follows
//! [`Slack::FourTimers`]. The letters are Crockford's base 32 in lower case (no `i`, `l`, `o`, `u`), the bytes
//! they stand for are the plan and a CRC-32 over it. In the second format the CRC covers the prefix, too.

use std::time::Duration;

use standstill_rt::task::TaskPath;

use crate::load::{Knob, Load};
use crate::plan::{
    Choice, DEFAULT_MAX_STEPS, DEFAULT_TOTAL_STEPS, Digest, EngineKind, Leaks, Plan, Preempt,
    Schedule, StrategyKind, Variant,
};
use crate::runs::{Expander, TooLong, runs};
use crate::slack::Slack;

mod base32;
mod wire;

use wire::{Reader, Writer};

/// What a token begins with.
const PREFIX: &str = "ss2-";

/// What a token of the first format begins with.
const FIRST_PREFIX: &str = "ss1-";

/// A text is not a token that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It does not look like one.
    #[error("`{0}` is not a token: a token starts with `ss2-`; copy it whole from a report")]
    NotAToken(String),
    /// It begins with the prefix of another format.
    #[error(
        "`ss{0}-` begins a token made by a newer standstill: update standstill, this one reads \
         `ss1-` and `ss2-`"
    )]
    UnknownVersion(String),
    /// It holds a character that no token holds.
    #[error(
        "{character:?} at position {position} cannot be part of a token: a token is one line of \
         lower-case letters and digits; copy it whole"
    )]
    Character {
        /// The character.
        character: char,
        /// Its position, in characters from 1, the prefix included.
        position: usize,
    },
    /// Its checksum does not match.
    #[error("the token is truncated or mistyped, its checksum does not match: copy it whole")]
    Checksum,
    /// The checksum matches, but the contents are no plan.
    #[error(
        "the token is not one of this standstill's ({0}): replay it with the version that made it"
    )]
    Malformed(String),
    /// The strategy has changed since, so that its seeds mean other schedules.
    #[error(
        "the token needs version {version} of the strategy `{strategy}`, but this standstill has \
         version {known}: replay it with the version that made it, or hunt again"
    )]
    StrategyVersion {
        /// The strategy's name.
        strategy: &'static str,
        /// The version that the token needs.
        version: u8,
        /// The version that is here.
        known: u8,
    },
}

impl Plan {
    /// The plan as a token.
    ///
    /// ```
    /// use standstill_model::{Load, Plan, Schedule, StrategyKind, Variant};
    ///
    /// let schedule = Schedule::Seeded { strategy: StrategyKind::Random, seed: 7, digest: None };
    /// let plan = Plan::new("two-locks", Variant::Buggy, Load::default(), schedule);
    /// let token = plan.to_token();
    /// assert_eq!(token, "ss2-15t7evsddhqp6tvk00000000000ge00000000000zwvkd00");
    /// assert_eq!(Plan::from_token(&token), Ok(plan));
    /// ```
    pub fn to_token(&self) -> String {
        let mut writer = Writer::default();
        write_plan(&mut writer, self);
        let mut bytes = writer.finish();
        let checksum = checksum(&bytes, self.slack == Slack::FourTimers);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        let mut token = prefix(self.slack).to_owned();
        base32::encode(&bytes, &mut token);
        token
    }

    /// The plan that a token stands for. White space around it is ignored.
    ///
    /// # Errors
    ///
    /// If `text` is not a token, is one of another format, or did not arrive as it was written.
    pub fn from_token(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        let (letters, is_first) = match (text.strip_prefix(PREFIX), text.strip_prefix(FIRST_PREFIX))
        {
            (Some(letters), _) => (letters, false),
            (None, Some(letters)) => (letters, true),
            (None, None) => return Err(not_a_token(text)),
        };
        let bytes = base32::decode(letters).map_err(|error| match error {
            base32::DecodeError::Character {
                character,
                position,
            } => TokenError::Character {
                character,
                position: PREFIX.len() + position,
            },
            base32::DecodeError::Length => TokenError::Checksum,
        })?;
        let Some((payload, checksum)) = bytes.split_last_chunk::<4>() else {
            return Err(TokenError::Checksum);
        };
        if self::checksum(payload, is_first) != u32::from_le_bytes(*checksum) {
            return Err(TokenError::Checksum);
        }
        let mut reader = Reader::new(payload);
        let plan = read_plan(&mut reader, is_first)?;
        if reader.is_empty() {
            Ok(plan)
        } else {
            Err(malformed("bytes are left over"))
        }
    }
}

/// The checksum of a token's payload. From the second format on it covers the prefix, so that a token does
/// not pass as one of another format.
fn checksum(payload: &[u8], is_first: bool) -> u32 {
    if is_first {
        return wire::crc32(payload);
    }
    wire::crc32(&[PREFIX.as_bytes(), payload].concat())
}

/// Plans of the first format are written in it again, so that a token stays what it was.
fn prefix(slack: Slack) -> &'static str {
    match slack {
        Slack::Time(_) => PREFIX,
        Slack::FourTimers => FIRST_PREFIX,
    }
}

fn not_a_token(text: &str) -> TokenError {
    let version = text.strip_prefix("ss").and_then(|rest| {
        let (digits, _) = rest.split_once('-')?;
        let is_number =
            (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(digits)
    });
    match version {
        Some(version) => TokenError::UnknownVersion(version.to_owned()),
        None if text.chars().nth(40).is_some() => {
            let start: String = text.chars().take(40).collect();
            TokenError::NotAToken(format!("{start}..."))
        }
        None => TokenError::NotAToken(text.to_owned()),
    }
}

fn malformed(what: impl Into<String>) -> TokenError {
    TokenError::Malformed(what.into())
}

impl From<wire::Short> for TokenError {
    fn from(_: wire::Short) -> Self {
        malformed("it ends too early")
    }
}

impl From<TooLong> for TokenError {
    fn from(error: TooLong) -> Self {
        malformed(error.to_string())
    }
}

// The codes below are part of the token format: they never change, and new values get new codes.

fn variant_code(variant: Variant) -> u8 {
    match variant {
        Variant::Buggy => 0,
        Variant::Fixed => 1,
        Variant::Own => 2,
    }
}

fn engine_code(engine: EngineKind) -> u8 {
    match engine {
        EngineKind::Explore => 0,
        EngineKind::Shuttle => 1,
        EngineKind::Stress => 2,
    }
}

fn preempt_code(preempt: Preempt) -> u8 {
    match preempt {
        Preempt::Op => 0,
        Preempt::Await => 1,
    }
}

fn leaks_code(leaks: Leaks) -> u8 {
    match leaks {
        Leaks::All => 0,
        Leaks::Blocked => 1,
        Leaks::Off => 2,
    }
}

fn by_code<T: Copy>(
    all: &[T],
    code_of: fn(T) -> u8,
    what: &str,
    code: u8,
) -> Result<T, TokenError> {
    all.iter()
        .copied()
        .find(|value| code_of(*value) == code)
        .ok_or_else(|| malformed(format!("its {what} has the unknown code {code}")))
}

/// Set in the byte of policies when a step limit follows.
const HAS_MAX_STEPS: u8 = 0x80;

/// Set in the byte of policies when a limit of steps in all follows.
const HAS_TOTAL_STEPS: u8 = 0x40;

fn write_plan(writer: &mut Writer, plan: &Plan) {
    writer.text(&plan.scenario);
    writer.byte(variant_code(plan.variant) << 4 | engine_code(plan.engine));
    let mut policies = preempt_code(plan.preempt) << 3 | leaks_code(plan.leaks);
    let limits = [
        (plan.max_steps, DEFAULT_MAX_STEPS, HAS_MAX_STEPS),
        (plan.total_steps, DEFAULT_TOTAL_STEPS, HAS_TOTAL_STEPS),
    ];
    let given = limits.iter().filter(|(limit, default, _)| limit != default);
    policies = given
        .clone()
        .fold(policies, |policies, (_, _, flag)| policies | flag);
    writer.byte(policies);
    for (limit, _, _) in given {
        writer.number(u64::from(*limit));
    }
    if let Slack::Time(time) = plan.slack {
        writer.number(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    }
    write_load(writer, &plan.load);
    write_schedule(writer, plan.engine, &plan.schedule);
}

fn read_plan(reader: &mut Reader<'_>, is_first: bool) -> Result<Plan, TokenError> {
    let scenario = reader
        .text()?
        .map_err(|_| malformed("the scenario's name is not text"))?
        .to_owned();
    let byte = reader.byte()?;
    let variant = by_code(Variant::ALL, variant_code, "variant", byte >> 4)?;
    let engine = by_code(EngineKind::ALL, engine_code, "engine", byte & 0x0f)?;
    let policies = reader.byte()?;
    let preempt = by_code(
        Preempt::ALL,
        preempt_code,
        "preemption mode",
        (policies & !(HAS_MAX_STEPS | HAS_TOTAL_STEPS)) >> 3,
    )?;
    let leaks = by_code(Leaks::ALL, leaks_code, "leak policy", policies & 0x07)?;
    let mut limit = |flag, default| {
        if policies & flag == 0 {
            return Ok(default);
        }
        u32::try_from(reader.number()?).map_err(|_| malformed("its step limit is too high"))
    };
    let max_steps = limit(HAS_MAX_STEPS, DEFAULT_MAX_STEPS)?;
    let total_steps = limit(HAS_TOTAL_STEPS, DEFAULT_TOTAL_STEPS)?;
    let slack = match is_first {
        true => Slack::FourTimers,
        false => Slack::Time(Duration::from_millis(reader.number()?)),
    };
    let load = read_load(reader)?;
    let schedule = read_schedule(reader, engine)?;
    Ok(Plan {
        scenario,
        variant,
        load,
        engine,
        preempt,
        leaks,
        max_steps,
        total_steps,
        slack,
        schedule,
    })
}

/// A bit for each knob that is not 0, then those knobs.
fn write_load(writer: &mut Writer, load: &Load) {
    let used = || {
        Knob::ALL
            .into_iter()
            .enumerate()
            .filter(|(_, knob)| load.get(*knob) != 0)
    };
    writer.byte(used().fold(0, |bits, (at, _)| bits | 1 << at));
    for (_, knob) in used() {
        writer.byte(load.get(knob));
    }
}

fn read_load(reader: &mut Reader<'_>) -> Result<Load, TokenError> {
    let bits = reader.byte()?;
    if bits >> Knob::ALL.len() != 0 {
        return Err(malformed("its load has unknown knobs"));
    }
    let mut load = Load::default();
    for (at, knob) in Knob::ALL.into_iter().enumerate() {
        if bits >> at & 1 == 1 {
            load.set(knob, reader.byte()?);
        }
    }
    Ok(load)
}

const SEEDED: u8 = 0;
const SEEDED_WITH_DIGEST: u8 = 1;
const CHOICES: u8 = 2;
const BYTES: u8 = 3;

fn write_schedule(writer: &mut Writer, engine: EngineKind, schedule: &Schedule) {
    match schedule {
        Schedule::Seeded {
            strategy,
            seed,
            digest,
        } => {
            writer.byte(if digest.is_some() {
                SEEDED_WITH_DIGEST
            } else {
                SEEDED
            });
            write_strategy(writer, engine, *strategy);
            writer.fixed(seed.to_le_bytes());
            if let Some(digest) = digest {
                writer.number(u64::from(digest.choices));
                writer.fixed(digest.hash.to_le_bytes());
            }
        }
        Schedule::Choices(choices) => {
            writer.byte(CHOICES);
            write_choices(writer, choices);
        }
        Schedule::Bytes(bytes) => {
            writer.byte(BYTES);
            writer.bytes(bytes);
        }
    }
}

fn read_schedule(reader: &mut Reader<'_>, engine: EngineKind) -> Result<Schedule, TokenError> {
    match reader.byte()? {
        kind @ (SEEDED | SEEDED_WITH_DIGEST) => {
            let strategy = read_strategy(reader, engine)?;
            let seed = u64::from_le_bytes(reader.fixed()?);
            let digest = if kind == SEEDED {
                None
            } else {
                let choices = u32::try_from(reader.number()?)
                    .map_err(|_| malformed("its count of choices is too high"))?;
                let hash = u32::from_le_bytes(reader.fixed()?);
                Some(Digest { choices, hash })
            };
            Ok(Schedule::Seeded {
                strategy,
                seed,
                digest,
            })
        }
        CHOICES => Ok(Schedule::Choices(read_choices(reader)?)),
        BYTES => Ok(Schedule::Bytes(reader.bytes()?.to_vec())),
        kind => Err(malformed(format!(
            "its schedule has the unknown code {kind}"
        ))),
    }
}

fn strategy_code(strategy: StrategyKind) -> u8 {
    match strategy {
        StrategyKind::Random => 0,
        StrategyKind::Pct { .. } => 1,
        StrategyKind::Urw => 2,
        StrategyKind::Dfs => 3,
        StrategyKind::RoundRobin => 4,
        StrategyKind::OwnRandom => 5,
        StrategyKind::OwnPct { .. } => 6,
        StrategyKind::Pos => 7,
        StrategyKind::Surw => 8,
        StrategyKind::Directed => 9,
    }
}

/// The version of a strategy as an engine has it. It goes up whenever a seed comes to mean another
/// schedule, so that old tokens and corpus entries are refused instead of replaying something else.
pub fn strategy_version(engine: EngineKind, strategy: StrategyKind) -> u8 {
    match (engine, strategy) {
        (EngineKind::Explore | EngineKind::Shuttle | EngineKind::Stress, _) => 1,
    }
}

fn write_strategy(writer: &mut Writer, engine: EngineKind, strategy: StrategyKind) {
    writer.byte(strategy_code(strategy));
    writer.byte(strategy_version(engine, strategy));
    if let Some(depth) = strategy.depth() {
        writer.byte(depth);
    }
}

fn read_strategy(reader: &mut Reader<'_>, engine: EngineKind) -> Result<StrategyKind, TokenError> {
    let code = reader.byte()?;
    let version = reader.byte()?;
    // The version decides how to read on, so it is looked at before the parameters.
    let model = StrategyKind::models()
        .find(|model| strategy_code(*model) == code)
        .ok_or_else(|| malformed(format!("its strategy has the unknown code {code}")))?;
    let known = strategy_version(engine, model);
    if version != known {
        return Err(TokenError::StrategyVersion {
            strategy: model.name(),
            version,
            known,
        });
    }
    if model.depth().is_none() {
        return Ok(model);
    }
    let depth = reader.byte()?;
    model
        .with_depth(depth)
        .ok_or_else(|| malformed(format!("`{}` has no depth {depth}", model.name())))
}

const TIMER: u64 = 0;
const NUMBER: u64 = 1;
/// Codes from here on are indices into the table of tasks.
const FIRST_TASK: u64 = 2;

/// The table of tasks, in the order of their first choice, then the number of runs and the runs:
/// what is chosen, doubled, plus one when a count follows.
fn write_choices(writer: &mut Writer, choices: &[Choice]) {
    let mut codes = std::collections::BTreeMap::new();
    let mut tasks = Vec::new();
    for choice in choices {
        if let Choice::Task(path) = choice {
            codes.entry(path).or_insert_with(|| {
                tasks.push(path);
                FIRST_TASK + tasks.len() as u64 - 1
            });
        }
    }
    writer.number(tasks.len() as u64);
    for path in tasks {
        writer.number(path.as_slice().len() as u64);
        for child in path.as_slice() {
            writer.number(u64::from(*child));
        }
    }
    writer.number(runs(choices).count() as u64);
    for (choice, count) in runs(choices) {
        let code = match choice {
            Choice::Timer => TIMER,
            Choice::Number(_) => NUMBER,
            Choice::Task(path) => codes.get(path).copied().unwrap_or(FIRST_TASK),
        };
        writer.number(code << 1 | u64::from(count > 1));
        if let Choice::Number(number) = choice {
            writer.number(u64::from(*number));
        }
        if count > 1 {
            writer.number(count as u64);
        }
    }
}

fn read_choices(reader: &mut Reader<'_>) -> Result<Vec<Choice>, TokenError> {
    let small = |number: u64| u32::try_from(number).map_err(|_| malformed("a number is too high"));
    // Counts are not trusted: each thing counted takes a byte at least, so the reader runs dry
    // before the vectors grow past the token's own length.
    let mut tasks = Vec::new();
    for _ in 0..reader.number()? {
        let mut path = Vec::new();
        for _ in 0..reader.number()? {
            path.push(small(reader.number()?)?);
        }
        tasks.push(TaskPath::from(path));
    }
    let mut expander = Expander::default();
    for _ in 0..reader.number()? {
        let code = reader.number()?;
        let choice = match code >> 1 {
            TIMER => Choice::Timer,
            NUMBER => Choice::Number(small(reader.number()?)?),
            task => usize::try_from(task - FIRST_TASK)
                .ok()
                .and_then(|index| tasks.get(index))
                .cloned()
                .map(Choice::Task)
                .ok_or_else(|| malformed("it chooses a task that it does not list"))?,
        };
        let count = if code & 1 == 1 { reader.number()? } else { 1 };
        expander.push(choice, count)?;
    }
    Ok(expander.finish())
}

#[cfg(test)]
mod tests;
