//! What a row of the table is, and how it is checked.

use std::time::Duration;

use standstill::{EngineKind, Hunt, Scenario, Variant, Verdict};

use crate::common::story;

/// A tiny program and what every engine must say of it.
pub(crate) struct Row {
    /// What happens, in a few words.
    pub(crate) name: &'static str,
    scenario: Scenario,
    expect: Expect,
    /// Engines that may say something else, and why.
    differs: Vec<(EngineKind, Expect, &'static str)>,
    slack: Option<Duration>,
}

/// A verdict, as exact as a run of it can be foretold.
#[derive(Clone, Debug)]
pub(crate) enum Expect {
    /// Every schedule is clean.
    Clean,
    /// Some schedule shows this kind of finding, and its core reads so: `role op resource` for each
    /// link. A panic has no core, but a message.
    Found(&'static str, &'static [&'static str]),
}

use Expect::{Clean, Found};

/// Schedules for a program that has nothing to find.
const CLEAN_SCHEDULES: u64 = 300;

/// Schedules in which a bug must show up.
const BUGGY_SCHEDULES: u64 = 3_000;

impl Row {
    pub(crate) fn clean<R>(name: &'static str, body: fn() -> R) -> Self
    where
        R: Future<Output = ()> + 'static,
    {
        Self::new(name, Clean, body)
    }

    pub(crate) fn hang<R>(
        name: &'static str,
        core: &'static [&'static str],
        body: fn() -> R,
    ) -> Self
    where
        R: Future<Output = ()> + 'static,
    {
        Self::new(name, Found("hang", core), body)
    }

    pub(crate) fn new<R>(name: &'static str, expect: Expect, body: fn() -> R) -> Self
    where
        R: Future<Output = ()> + 'static,
    {
        Self {
            name,
            scenario: Scenario::new(name, name).variant(Variant::Own, move |_| body()),
            expect,
            differs: Vec::new(),
            slack: None,
        }
    }

    /// Where a run's own computing may take this much time.
    pub(crate) fn with_slack(mut self, slack: Duration) -> Self {
        self.slack = Some(slack);
        self
    }

    fn expected(&self, engine: EngineKind) -> &Expect {
        let other = self.differs.iter().find(|(other, ..)| *other == engine);
        other.map_or(&self.expect, |(_, expect, _)| expect)
    }
}

/// Hunts in a row's program; the error says what came out instead.
pub(crate) fn check(row: &Row, engine: EngineKind) -> Result<(), String> {
    let expected = row.expected(engine);
    let schedules = match expected {
        Clean => CLEAN_SCHEDULES,
        Found(..) => BUGGY_SCHEDULES,
    };
    let mut hunt = Hunt::of(&row.scenario, Variant::Own)
        .schedules(schedules)
        .seed(1)
        .engine(engine);
    if let Some(slack) = row.slack {
        hunt = hunt.slack(slack);
    }
    let outcome = hunt.go().map_err(|error| error.to_string())?;
    let differs = |got: String| {
        let schedules = outcome.schedules;
        let name = row.name;
        Err(format!(
            "  {name}: expected {expected:?}, got {got} after {schedules} schedules"
        ))
    };
    match (expected, &outcome.verdict) {
        (Clean, Verdict::Clean) => Ok(()),
        (Found(kind, core), Verdict::Found(finding)) => {
            let mut seen = story(finding);
            seen.extend(finding.panics.iter().map(|panic| panic.message.clone()));
            if finding.kind.name() == *kind && seen == *core {
                Ok(())
            } else {
                differs(format!("{} {seen:?}", finding.kind))
            }
        }
        (_, Verdict::Undecided(reason)) => differs(format!("undecided: {reason}")),
        (_, Verdict::Found(finding)) => differs(format!("{} {:?}", finding.kind, story(finding))),
        (_, Verdict::Clean) => differs("clean".to_owned()),
    }
}
