//! What the tests of this crate share.

#![allow(dead_code, reason = "each file of tests uses a part of it")]

use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use standstill::{Finding, Hunt, Outcome, Plan, Program, Runner, Tactic, Verdict};

/// Runs a test with an outer time limit: a hang tester's own tests must not hang.
pub(crate) fn within<T: Send + 'static>(
    seconds: u64,
    test: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (done, finished) = channel();
    let thread = std::thread::spawn(move || done.send(test()));
    match finished.recv_timeout(Duration::from_secs(seconds)) {
        Ok(value) => value,
        Err(RecvTimeoutError::Timeout) => panic!("the test took longer than {seconds} s"),
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(_) => panic!("the test sent nothing"),
        },
    }
}

/// The name of a test of the module `module_path!()`, as `--exact` takes it.
pub(crate) fn name_of(module: &str, test: &str) -> String {
    match module.split_once("::") {
        Some((_crate, module)) => format!("{module}::{test}"),
        None => test.to_owned(),
    }
}

/// Hunts and expects every schedule to be clean.
#[track_caller]
pub(crate) fn clean<F, R>(schedules: u64, body: F)
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let outcome = Hunt::new("test").schedules(schedules).seed(1).run(body);
    outcome.assert_clean();
    assert_eq!(outcome.schedules, schedules);
}

/// As [`clean`], by each kind of strategy: those that a hunt deals out, any task at any time, and
/// priorities.
#[track_caller]
pub(crate) fn clean_by_each_strategy<F, R>(schedules: u64, body: F)
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let body = Arc::new(body);
    for strategy in ["auto", "random", "pct:3"] {
        let tactic: Tactic = strategy.parse().expect("it is one");
        let body = Arc::clone(&body);
        let outcome = Hunt::new("test")
            .strategy(tactic)
            .schedules(schedules)
            .seed(1)
            .run(move || body());
        assert_eq!(
            outcome.verdict,
            Verdict::Clean,
            "{strategy}: {:?}",
            outcome.report().map(|report| report.to_string())
        );
        assert_eq!(outcome.schedules, schedules, "{strategy}");
    }
}

/// Hunts and expects a finding.
#[track_caller]
pub(crate) fn find<F, R>(schedules: u64, body: F) -> (Finding, Outcome)
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let outcome = Hunt::new("test").schedules(schedules).seed(1).run(body);
    match &outcome.verdict {
        Verdict::Found(finding) => ((**finding).clone(), outcome),
        other => panic!("expected a finding, got {other:?}"),
    }
}

/// Replays a plan once.
pub(crate) fn replay<F, R>(runner: &mut Runner, plan: &Plan, body: F) -> Verdict
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    runner.replay(&Program::new(move |_| body()), plan).verdict
}

/// The cycle of a finding, each link as `name op resource`.
pub(crate) fn story(finding: &Finding) -> Vec<String> {
    finding
        .core
        .iter()
        .map(|link| {
            let (task, wait, _) = finding.graph.follow(*link);
            let resource = &finding.graph.resources[wait.resource];
            format!("{} {} {}", task.role, wait.op, resource.type_text())
        })
        .collect()
}
