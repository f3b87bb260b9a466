//! Makes runs on the fuzzer's own thread: handing each input over to another thread would cost several
//! times as much as a run.
//!
//! A program may block that thread, and it cannot be abandoned: the fuzzer waits for it. A watcher
//! detects that. The engine may have caused it if other tasks were suspended inside their polls. Then
//! the process is replaced by a new one, which makes its runs on a thread of their own and preempts only
//! between polls. Nothing is lost, because the fuzzer's corpus is on disk. If the program blocked the
//! thread by itself, that is the finding.

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

/// Set for the process that replaces one that was stuck: where it preempts.
pub(super) const AGAIN: &str = "STANDSTILL_FUZZ_AGAIN";

/// What the thread is running now.
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

/// Watches the thread for as long as the process lives.
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
            // The fuzzer saves the input of a process that aborts, whichever thread calls abort.
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

/// The report, if the program blocks its thread by itself, and does so a second time.
fn blocked(stuck: &Stuck, program: &Program, plan: Plan) -> Option<Report> {
    let Verdict::Found(finding) = blocked_verdict(stuck) else {
        return None;
    };
    let again = confirm(&mut Runner::new(), program, plan, *finding).ok()?;
    Some(Report::new(again.finding, again.plan))
}

/// Replaces this process by a new one with the same command line.
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
