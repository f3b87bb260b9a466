//! Runs on the fuzzer's own thread: handing each input over to another one would cost several times
//! what a run does.
//!
//! A program may block that thread, and nobody can abandon it: the fuzzer waits for it. A watcher
//! sees it. If it may be the engine's doing, because other tasks were suspended inside their polls,
//! the process begins anew in its place, with runs on a thread of their own and preemption only
//! between polls: the corpus on disk is what there was to lose. If the program did it all by itself,
//! that is the finding.

use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError};

use standstill_engine::pulse::Pulse;
use standstill_engine::{Engine, Explore, RecordLevel, Run};
use standstill_model::finding::Verdict;
use standstill_model::plan::{Plan, Preempt};
use standstill_model::scenario::Program;
use standstill_report::Report;

use crate::fuzz::complain;
use crate::runner::prepare;
use crate::runner::{Runner, Stuck, TICK, Watch, blocked_verdict, confirm};

/// Set for the process that goes on in the place of one that was stuck: how it preempts.
pub(super) const AGAIN: &str = "STANDSTILL_FUZZ_AGAIN";

/// What the thread is running.
type Current = Arc<Mutex<Option<(Program, Plan)>>>;

/// An engine on the thread that made it, and its watcher.
#[derive(Debug)]
pub(super) struct Direct {
    engine: Explore,
    current: Current,
}

impl Direct {
    /// Starts the watcher.
    pub(super) fn start() -> Self {
        let pulse = Arc::<Pulse>::default();
        let current = Current::default();
        prepare();
        let engine = Explore::watched(Arc::clone(&pulse));
        let watched = Arc::clone(&current);
        std::thread::Builder::new()
            .name("standstill-watch".to_owned())
            .spawn(move || watch(Watch::new(pulse), &watched))
            .unwrap_or_else(|error| panic!("cannot start a watcher: {error}"));
        Self { engine, current }
    }

    pub(super) fn run(&mut self, program: &Program, plan: &Plan) -> Run {
        *lock(&self.current) = Some((program.clone(), plan.clone()));
        self.engine.run(program, plan, RecordLevel::Hunt)
    }
}

fn lock(current: &Current) -> std::sync::MutexGuard<'_, Option<(Program, Plan)>> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at the thread for as long as the process lives.
fn watch(mut watch: Watch, current: &Current) {
    loop {
        std::thread::sleep(TICK);
        let Some(stuck) = watch.look() else {
            continue;
        };
        let Some((program, plan)) = lock(current).take() else {
            continue;
        };
        if let Some(report) = blocked(&stuck, &program, plan) {
            complain(&format!("\n{report}"));
            // The fuzzer saves the input of a process that aborts, whatever thread does it.
            std::process::abort();
        }
        let preempt = if stuck.others_suspended {
            complain(&super::wedged(&stuck.operation()));
            Preempt::Await
        } else {
            Preempt::Op
        };
        begin_anew(preempt);
    }
}

/// The report, if the program blocks its thread all by itself, and does so again.
fn blocked(stuck: &Stuck, program: &Program, plan: Plan) -> Option<Report> {
    let Verdict::Found(finding) = blocked_verdict(stuck) else {
        return None;
    };
    let again = confirm(&mut Runner::new(), program, plan, *finding).ok()?;
    Some(Report::new(again.finding, again.plan))
}

/// Puts a new process of the same command line in the place of this one.
fn begin_anew(preempt: Preempt) {
    complain("warning: the fuzzer's thread is stuck; the process begins anew in its place");
    let args: Vec<OsString> = std::env::args_os().collect();
    let (program, arguments) = args
        .split_first()
        .map_or((None, &[][..]), |(program, rest)| {
            (Some(program.clone()), rest)
        });
    let program = std::env::current_exe().ok().map(OsString::from).or(program);
    let mut command = std::process::Command::new(program.unwrap_or_default());
    command.args(arguments).env(AGAIN, preempt.name());
    let error = replace(&mut command);
    complain(&format!("error: cannot begin anew: {error}"));
    std::process::exit(3);
}

#[cfg(unix)]
fn replace(command: &mut std::process::Command) -> std::io::Error {
    std::os::unix::process::CommandExt::exec(command)
}

#[cfg(not(unix))]
fn replace(_: &mut std::process::Command) -> std::io::Error {
    std::io::ErrorKind::Unsupported.into()
}
