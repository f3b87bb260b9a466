//! What `#[standstill::test]` expands to. The environment can change a test's hunt:
//! `STANDSTILL_SCHEDULES` and `STANDSTILL_SEED` its budget and seed, `STANDSTILL_REPLAY` makes it
//! replay one token instead.

use std::fmt::Debug;
use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use standstill_core::isolation::{self, Launcher};
use standstill_core::{EngineKind, Hunt, Load, Plan, Program, Runner, Verdict};

/// How many schedules a test tries unless it says otherwise.
pub const SCHEDULES: u64 = 2_000;

/// How long a test under the stress engine takes at the most: real runs may sleep.
pub const STRESS_TIME: Duration = Duration::from_secs(10);

/// A hunt for the test of this name.
pub fn hunt(name: &str) -> Hunt {
    Hunt::new(name).schedules(SCHEDULES)
}

/// Reads a word as it is spelled on the command line.
///
/// # Panics
///
/// If there is no such word; the message lists those there are.
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

/// Runs the test: its hunt, or the one plan that the environment names.
///
/// # Panics
///
/// With the report, if there is a finding.
#[track_caller]
pub fn run<F, R>(hunt: Hunt, body: F)
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
    let launcher = launcher(hunt.name());
    if let Some(token) = variable("STANDSTILL_REPLAY") {
        return replay(&token, launcher, body);
    }
    let hunt = match variable("STANDSTILL_SCHEDULES") {
        Some(text) => hunt.schedules(number("STANDSTILL_SCHEDULES", &text)),
        None => hunt,
    };
    let hunt = match variable("STANDSTILL_SEED") {
        Some(text) => hunt.seed(number("STANDSTILL_SEED", &text)),
        None => hunt,
    };
    let hunt = match hunt.engine_kind() {
        EngineKind::Stress => hunt.isolated(launcher).time(STRESS_TIME),
        EngineKind::Explore | EngineKind::Shuttle => hunt,
    };
    hunt.run_loads(body).assert_clean();
}

/// Starts the test binary again, with nothing but the test of this name: it finds its way to
/// [`run`], which sees that it is a child.
fn launcher(name: &str) -> Launcher {
    let in_crate = name.split_once("::").map_or(name, |(_, rest)| rest);
    Launcher::new([
        in_crate,
        "--exact",
        "--include-ignored",
        "--nocapture",
        "--test-threads=1",
    ])
}

fn replay<F, R>(token: &str, launcher: Launcher, body: F)
where
    F: Fn(Load) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let plan = match Plan::from_token(token) {
        Ok(plan) => plan,
        Err(error) => panic!("STANDSTILL_REPLAY: {error}"),
    };
    let run = Runner::new()
        .isolated(launcher)
        .replay(&Program::new(body), &plan);
    match run.verdict {
        Verdict::Clean => {}
        Verdict::Found(finding) => panic!("\n{}", standstill_core::Report::new(*finding, plan)),
        Verdict::Undecided(reason) => panic!("undecided: {reason}"),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

#[track_caller]
fn number(name: &str, text: &str) -> u64 {
    match text.replace('_', "").parse() {
        Ok(number) => number,
        Err(_) => panic!("{name} is `{text}`: give a whole number"),
    }
}
