//! What `#[standstill::test]` expands to.
//!
//! A test first replays its corpus entries, then hunts, and keeps its findings: an entry for each
//! fingerprint in `standstill-corpus/<module path and name>/` beside the package's `Cargo.toml`.
//! Environment variables override the settings of the attribute:
//!
//! | variable | meaning |
//! | --- | --- |
//! | `STANDSTILL_SCHEDULES` | how many schedules are tried; 0 to replay the corpus entries only |
//! | `STANDSTILL_SEED` | the base seed |
//! | `STANDSTILL_SLACK` | how much virtual time a run's own computing may take, like `30s` |
//! | `STANDSTILL_REPLAY` | a token: the test replays it and does nothing else |
//! | `STANDSTILL_CORPUS` | another directory for entries; a relative one begins at the package |
//! | `STANDSTILL_SAVE` | `yes` or `no`: whether findings are written; by default unless `CI` is set, or the test is one that `should_panic` |
//!
//! If the directory cannot be written to, only the entry is missing from a failure.

mod environment;
mod kept;

use std::fmt::Debug;
use std::future::Future;
use std::io::Write;
use std::str::FromStr;
use std::time::Duration;

use crate::isolation::{self, Launcher};
use standstill_hunt::Runner;
use standstill_hunt::{Hunt, Outcome as HuntOutcome};
use standstill_model::Verdict;
use standstill_model::{Account, EngineKind, Load, Plan, Preempt, Program};
use standstill_report::Report;

use environment::Environment;
use kept::Entries;

pub use kept::{DIRECTORY, Kept, kept};

/// How many schedules a test tries by default.
pub const SCHEDULES: u64 = 2_000;

/// How long a test under the stress engine may take: real runs may sleep.
pub const STRESS_TIME: Duration = Duration::from_secs(10);

/// A hunt for the test of this name.
pub fn hunt(name: &str) -> Hunt {
    Hunt::new(name).schedules(SCHEDULES)
}

/// Reads a value by its name on the command line.
///
/// # Panics
///
/// If there is no such name. The message lists the valid names.
#[track_caller]
pub fn word<T: FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Display,
{
    match text.parse() {
        Ok(word) => word,
        Err(error) => panic!("{error}"),
    }
}

/// Where tasks may be preempted on a runtime of this flavour of tokio's.
///
/// # Panics
///
/// If there is no such flavour.
#[track_caller]
pub fn preempt_of(flavor: &str) -> Preempt {
    match flavor {
        "current_thread" => Preempt::Await,
        "multi_thread" => Preempt::Op,
        _ => panic!("there is no flavor `{flavor}`: choose one of current_thread, multi_thread"),
    }
}

/// What a test may return.
pub trait Outcome {
    /// Panics if it is a failure.
    fn check(self);
}

impl Outcome for () {
    fn check(self) {}
}

impl<E: Debug> Outcome for Result<(), E> {
    #[track_caller]
    fn check(self) {
        if let Err(error) = self {
            panic!("the test returned an error: {error:?}");
        }
    }
}

/// Runs the test: the plan that the environment names, or else the test's corpus entries followed by its
/// hunt.
///
/// # Panics
///
/// With the report, if there is a finding; and if the environment or a kept entry cannot be used.
#[track_caller]
pub fn run<F, R>(hunt: Hunt, kept: Kept, body: F)
where
    F: Fn(Load) -> R + Clone + Send + Sync + 'static,
    R: Future<Output: Outcome> + 'static,
{
    let body = move |load| {
        let test = body(load);
        async move { test.await.check() }
    };
    if isolation::is_child() {
        isolation::serve(|_| Some(Program::new(body.clone())));
    }
    let environment = match Environment::read() {
        Ok(environment) => environment,
        Err(error) => panic!("{error}"),
    };
    let name = hunt.name().to_owned();
    let launcher = launcher(&name);
    let program = Program::new(body.clone());
    let mut runner = Runner::new().isolated(launcher.clone());
    if let Some(plan) = environment.replay {
        return replay(&name, plan, &mut runner, &program);
    }
    let mut entries = kept.of(&name, &environment);
    if let Err(mut unmet) = entries.replay(&mut runner, &program, hunt.ranges()) {
        if let Some(report) = unmet.report_mut() {
            name_replay(report);
        }
        panic!("\n{unmet}");
    }
    let hunt = match environment.schedules {
        Some(schedules) => hunt.schedules(schedules),
        None => hunt,
    };
    let hunt = match environment.slack {
        Some(slack) => hunt.slack(slack),
        None => hunt,
    };
    let hunt = match environment.seed {
        Some(seed) => hunt.seed(seed),
        None => hunt,
    };
    let timed = hunt.engine_kind() == EngineKind::Stress && environment.schedules != Some(0);
    let hunt = match hunt.engine_kind() {
        EngineKind::Stress => hunt.isolated(launcher).time(STRESS_TIME),
        EngineKind::Explore | EngineKind::Shuttle => hunt,
    };
    let outcome = hunt.run_loads(body);
    assert!(
        outcome.schedules > 0 || outcome.finding().is_some() || !timed,
        "undecided: no run came to its end in {STRESS_TIME:?}, so none was judged: give the program \
         less to do or to wait for"
    );
    conclude(&name, &outcome, &entries);
}

/// The end of every test that has hunted: reports the findings, and adds them to the corpus.
#[track_caller]
fn conclude(name: &str, outcome: &HuntOutcome, entries: &Entries) {
    let Some(mut report) = outcome.report() else {
        outcome.assert_clean();
        return passed(name, outcome);
    };
    name_replay(&mut report);
    let kept = entries.keep(&report);
    panic!("\n{}\n\n{kept}", report.to_text(false).trim_end());
}

/// Says in one line what a test did that passes, and what it did not see. A test all of whose tasks
/// were past the facade has tried nothing, and fails.
#[track_caller]
fn passed(name: &str, outcome: &HuntOutcome) {
    let account = &outcome.account;
    assert!(!account.is_unseen(), "{UNSEEN}");
    let schedules = outcome.schedules;
    if schedules == 0 {
        return;
    }
    let what = match account.is_sequential() {
        true => format!("not concurrent, its root is its only task; {schedules} schedules"),
        false if *account == Account::default() => format!("clean in {schedules} schedules"),
        false => format!("clean in {schedules} schedules; {account}"),
    };
    say(&format!("standstill: {}: {what}", in_crate(name)));
}

/// Why a test fails that the engine saw nothing of.
const UNSEEN: &str = "undecided: every task of this test was spawned on tokio itself, so none was \
    scheduled and only one order of them was tried. In Cargo.toml, let the drop-in take tokio's place:\n\n\
    \x20   tokio = { package = \"standstill-tokio\", version = \"0.1\", features = [\"full\"] }\n";

/// Past the capturing of output, since a test that passes is what this is about.
fn say(line: &str) {
    // Nobody needs the line, so it does not matter if it cannot be written.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The command `standstill` does not know the test, so the test itself has to replay.
fn name_replay(report: &mut Report) {
    report.replay_with = Some(format!(
        "STANDSTILL_REPLAY={} cargo test {}",
        report.token,
        in_crate(&report.plan.scenario)
    ));
}

/// A test's path in its test binary: without the crate's name.
fn in_crate(name: &str) -> &str {
    name.split_once("::").map_or(name, |(_, rest)| rest)
}

/// Starts the test binary again, for the test of this name only. The test calls [`run`], which detects
/// that it is in the child process.
fn launcher(name: &str) -> Launcher {
    Launcher::new([
        in_crate(name),
        "--exact",
        "--include-ignored",
        "--nocapture",
        "--test-threads=1",
    ])
}

#[track_caller]
fn replay(name: &str, plan: Plan, runner: &mut Runner, program: &Program) {
    assert!(
        plan.scenario == name,
        "STANDSTILL_REPLAY is `{}`, a token of `{}`, and this test is `{name}`: name the token's \
         test, as in `cargo test {}`, or unset it",
        plan.to_token(),
        plan.scenario,
        in_crate(&plan.scenario),
    );
    match runner.replay(program, &plan).verdict {
        Verdict::Clean => {}
        Verdict::Found(finding) => {
            let mut report = Report::new(*finding, plan);
            name_replay(&mut report);
            panic!("\n{report}");
        }
        Verdict::Undecided(reason) => panic!("undecided: {reason}"),
    }
}
