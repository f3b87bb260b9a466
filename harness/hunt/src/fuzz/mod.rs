//! Fuzz targets: a fuzzer's bytes determine the load and every choice of the schedule.
//!
//! With `cargo fuzz`, a target of one's own is five lines. The type [`Plan`] has an
//! [`Arbitrary`](arbitrary::Arbitrary) that every input decodes to, and [`run`] does the rest:
//!
//! ```text
//! #![no_main]
//! use libfuzzer_sys::fuzz_target;
//! use standstill::{Plan, fuzz};
//!
//! fuzz_target!(|plan: Plan| fuzz::run(plan, my_crate::scenario));
//! ```
//!
//! - [`run`]: a finding panics with its report, so that the fuzzer saves the input;
//! - [`judge`]: the same, and reports undecided runs, for a target that rejects them;
//! - [`init`]: for the target's `init:`;
//! - [`mutate`], [`crossover`]: mutations that know what the bytes mean;
//! - [`interleaving_coverage`]: what the schedule did, as coverage; off by default.

mod direct;
mod mutate;
mod session;

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

use standstill_model::finding::Undecided;
use standstill_model::plan::{Plan, Variant};
use standstill_model::scenario::Scenario;
use standstill_model::slack::Slack;

pub use mutate::{LONGEST, crossover, mutate};
pub use standstill_engine::coverage::interleaving_coverage;

use session::Session;

/// The variable that says which variant of a scenario is fuzzed.
const VARIANT: &str = "STANDSTILL_VARIANT";

/// The variable that says how much virtual time a run's own computing may take. Without it
/// there is none.
const SLACK: &str = "STANDSTILL_SLACK";

/// This process is a fuzzer: [`init`] was called.
static A_FUZZERS: AtomicBool = AtomicBool::new(false);

thread_local! {
    static SESSION: RefCell<Session> =
        RefCell::new(Session::new(A_FUZZERS.load(Ordering::Relaxed), slack_asked()));
}

/// Runs one input of a fuzzer on a scenario. Returns if it was clean, and panics with the report if
/// there is a finding. Undecided runs are ignored; [`judge`] reports them.
///
/// The plan's load is fitted into the scenario's ranges ([`LoadRanges::fit`](crate::LoadRanges::fit)).
/// Of a scenario with several variants the `fixed` one is fuzzed, unless the variable
/// `STANDSTILL_VARIANT` names another. Runs have no slack, unless `STANDSTILL_SLACK` gives them some.
///
/// The thread of the runs is watched. A task may block it because another was preempted while it held a
/// lock that the engine does not know; that is never reported as a finding. From then on tasks are
/// preempted only between polls, which a warning says once. [`init`] makes runs several times as fast.
///
/// ```should_panic
/// use standstill_hunt::fuzz;
/// use standstill_model::{Load, Plan, Scenario, Schedule, Variant};
///
/// fn scenario() -> Scenario {
///     Scenario::new("crowd", "too many workers")
///         .workers(1..=4)
///         .variant(Variant::Own, |load| async move { assert!(load.workers < 4) })
/// }
///
/// let load = Load { workers: 3, ..Load::default() }; // the fourth value of the range
/// let plan = Plan::new("", Variant::Own, load, Schedule::Bytes(vec![]));
/// fuzz::run(plan, scenario);
/// ```
///
/// # Panics
///
/// With the report, if there is a finding. If `STANDSTILL_VARIANT` names no variant of the
/// scenario. If the engine itself does: that is a bug of Standstill.
pub fn run(plan: Plan, scenario: impl FnOnce() -> Scenario) {
    // There is nothing to return: the type of a target's body is `()`.
    let _: Result<(), Undecided> = judge(plan, &scenario());
}

/// As [`run`], on a scenario that is made once, for a target that rejects undecided runs:
///
/// ```text
/// static SCENARIO: LazyLock<Scenario> = LazyLock::new(my_crate::scenario);
///
/// fuzz_target!(init: fuzz::init(), |plan: Plan| -> Corpus {
///     match fuzz::judge(plan, &SCENARIO) {
///         Ok(()) => Corpus::Keep,
///         Err(_) => Corpus::Reject,
///     }
/// });
/// ```
///
/// # Errors
///
/// Why the run could not be decided.
///
/// # Panics
///
/// As [`run`] does.
pub fn judge(plan: Plan, scenario: &Scenario) -> Result<(), Undecided> {
    let variant = match variant(scenario, asked().as_deref()) {
        Ok(variant) => variant,
        Err(error) => panic!("{error}"),
    };
    SESSION.with_borrow_mut(|session| match session.judge(plan, scenario, variant) {
        Ok(None) => Ok(()),
        Ok(Some(report)) => panic!("\n{report}"),
        Err(reason) => Err(reason),
    })
}

/// The slack that was asked for.
fn slack_asked() -> Option<Slack> {
    match slack_set()? {
        Ok(slack) => Some(slack),
        Err(error) => panic!("{error}"),
    }
}

fn slack_set() -> Option<Result<Slack, String>> {
    let word = std::env::var(SLACK).ok().filter(|word| !word.is_empty())?;
    Some(word.parse().map_err(|error| format!("{SLACK}: {error}")))
}

/// For the `init:` of a fuzz target. libFuzzer's driver for Rust installs a panic hook that aborts at
/// every panic, even one that the program under test handles; this removes it. A panic that leaves the
/// target still ends the process, and the fuzzer saves the input.
///
/// From then on, runs are made on the fuzzer's own thread, which is several times as fast as handing
/// each over to another. A fuzzer's thread cannot be abandoned. If a program blocks it because a task
/// was preempted while it held a lock that the engine does not know, the whole process is restarted with
/// the same arguments. The fuzzer then continues from its corpus on disk.
///
/// If `STANDSTILL_VARIANT` is not a variant or `STANDSTILL_SLACK` is no time, this reports it and exits
/// with code 2: a wrong setting is not a crash whose input should be saved.
pub fn init() {
    drop(std::panic::take_hook());
    A_FUZZERS.store(true, Ordering::Relaxed);
    let variant = asked().map(|word| known(&word)).and_then(Result::err);
    let slack = slack_set().and_then(Result::err);
    if let Some(error) = variant.or(slack) {
        complain(&format!("error: {error}"));
        std::process::exit(2);
    }
}

fn asked() -> Option<String> {
    std::env::var(VARIANT).ok().filter(|word| !word.is_empty())
}

fn known(word: &str) -> Result<Variant, String> {
    word.parse()
        .map_err(|error| format!("{VARIANT} is `{word}`: {error}"))
}

/// The variant to fuzz: the one asked for, else `fixed`, else the first there is.
fn variant(scenario: &Scenario, asked: Option<&str>) -> Result<Variant, String> {
    let there: Vec<Variant> = scenario.variants().collect();
    let wanted = match asked {
        Some(word) => known(word)?,
        None if there.contains(&Variant::Fixed) => Variant::Fixed,
        None => there.first().copied().unwrap_or(Variant::Own),
    };
    if there.contains(&wanted) {
        return Ok(wanted);
    }
    let names: Vec<&str> = there.iter().map(|variant| variant.name()).collect();
    Err(format!(
        "{} has no variant `{wanted}`: it has {}; set {VARIANT} to one of them",
        scenario.name(),
        names.join(", ")
    ))
}

/// The warning about a lock that the engine does not know.
fn wedged(operation: &str) -> String {
    format!(
        "warning: preemption inside of polls is switched off from here on: {operation} waited for \
         a lock that a suspended task held; use the locks of the facade (`standstill-std`) to \
         have it back"
    )
}

#[expect(
    clippy::print_stderr,
    reason = "a fuzz target has no other way to say something beside its log"
)]
fn complain(line: &str) {
    eprintln!("{line}");
}

#[cfg(test)]
mod tests {
    use super::variant;
    use standstill_model::plan::Variant;
    use standstill_model::scenario::Scenario;

    #[test]
    fn the_fixed_variant_is_fuzzed_unless_another_is_asked_for() {
        let both = Scenario::new("both", "")
            .variant(Variant::Buggy, |_| async {})
            .variant(Variant::Fixed, |_| async {});
        let own = Scenario::new("own", "").variant(Variant::Own, |_| async {});
        assert_eq!(variant(&both, None), Ok(Variant::Fixed));
        assert_eq!(variant(&both, Some("buggy")), Ok(Variant::Buggy));
        assert_eq!(variant(&own, None), Ok(Variant::Own));
        assert_eq!(
            variant(&own, Some("buggy")),
            Err(
                "own has no variant `buggy`: it has own; set STANDSTILL_VARIANT to one of them"
                    .to_owned()
            )
        );
        assert_eq!(
            variant(&both, Some("bugy")),
            Err(
                "STANDSTILL_VARIANT is `bugy`: there is no variant `bugy`: choose one of buggy, \
                 fixed, own"
                    .to_owned()
            )
        );
    }
}
