//! An engine thread that runs plans one by one, under a watchdog.

mod confirm;
mod distinct;
mod engines;
mod error;
mod explored;
mod found;
mod maker;
mod tally;
mod watch;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use standstill_engine::isolation::Launcher;
use standstill_engine::pulse::Pulse;
use standstill_engine::{RecordLevel, Run, StressSettings};
use standstill_model::finding::{Finding, FindingKind, Undecided, Verdict};
use standstill_model::fingerprint::Fingerprint;
use standstill_model::graph::WaitGraph;
use standstill_model::plan::{EngineKind, Plan, Schedule};
use standstill_model::scenario::Program;

#[doc(hidden)]
pub use confirm::confirm;
pub use engines::{Engines, prepare};
pub use error::HuntError;
pub(crate) use explored::explored;
pub use found::{Completion, Found, Shrunk};
pub(crate) use maker::Maker;
pub(crate) use tally::Tally;
pub use watch::Progress;
#[doc(hidden)]
pub use watch::{Stuck, TICK, Watch};

/// How often a run is made, at the most, if other threads of the process may have disturbed it.
const TRIES: u32 = 12;

/// How often a plan of the stress engine is run, at the most, until it shows its finding again.
pub const STRESS_REPLAYS: u32 = 1_000;

/// Runs plans on an engine thread of its own, one after the other, and notices when a run blocks that
/// thread. The thread is then abandoned, and the next run gets a fresh one.
#[derive(Debug, Default)]
pub struct Runner {
    thread: Option<Thread>,
    launcher: Option<Launcher>,
    stress: StressSettings,
}

#[derive(Debug)]
struct Thread {
    orders: Sender<(Program, Plan, RecordLevel)>,
    runs: Receiver<Run>,
    pulse: Arc<Pulse>,
}

impl Runner {
    /// A runner whose thread starts with its first run.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes runs of the stress engine in child processes, started by this command. Default: in this
    /// process.
    #[must_use]
    pub fn isolated(mut self, launcher: Launcher) -> Self {
        self.launcher = Some(launcher);
        self
    }

    /// How runs of the stress engine are made and watched.
    #[must_use]
    pub fn stress(mut self, settings: StressSettings) -> Self {
        self.stress = settings;
        self
    }

    /// Runs a plan once and records its choices. The plan's digest or choices are checked against what
    /// happens: a run that deviates from them is [`Undecided::Diverged`].
    ///
    /// A plan of the stress engine fixes no schedule: it is run again and again until it shows
    /// something, up to [`STRESS_REPLAYS`] times.
    ///
    /// # Panics
    ///
    /// If the engine itself does: that is a bug of Standstill.
    pub fn replay(&mut self, program: &Program, plan: &Plan) -> Run {
        self.replay_with(program, plan, RecordLevel::Record)
    }

    /// As [`Runner::replay`], and also records everything that happens. A run of the stress engine has
    /// no trace: it follows no schedule.
    ///
    /// # Panics
    ///
    /// If the engine itself does: that is a bug of Standstill.
    pub fn trace(&mut self, program: &Program, plan: &Plan) -> Run {
        self.replay_with(program, plan, RecordLevel::Trace)
    }

    fn replay_with(&mut self, program: &Program, plan: &Plan, level: RecordLevel) -> Run {
        let _span = crate::spans::replay(plan, matches!(level, RecordLevel::Trace));
        if plan.engine == EngineKind::Stress {
            return self.replay_stress(program, plan);
        }
        let mut run = self.record_with(program, plan, level);
        let divergence = match (&plan.schedule, run.digest) {
            (
                Schedule::Seeded {
                    digest: Some(planned),
                    ..
                },
                Some(digest),
            ) if *planned != digest => Some(format!(
                "the schedule came to {} choices with digest {:08x}, recorded were {} with {:08x}",
                digest.choices, digest.hash, planned.choices, planned.hash
            )),
            (Schedule::Choices(_), _) => run.divergence.clone(),
            _ => None,
        };
        if let Some(detail) = divergence {
            run.verdict = Verdict::Undecided(Undecided::Diverged {
                step: run.steps,
                detail,
            });
        }
        run
    }

    /// Runs a plan with its choices recorded and its surroundings watched. The run is repeated if it was
    /// undecided because an OS thread appeared meanwhile: other threads of the process come and go, as
    /// in a test binary, whereas a thread that the program starts appears in every run.
    pub fn record(&mut self, program: &Program, plan: &Plan) -> Run {
        self.record_with(program, plan, RecordLevel::Record)
    }

    /// As [`Runner::record`], at this level of recording.
    pub fn record_with(&mut self, program: &Program, plan: &Plan, level: RecordLevel) -> Run {
        let mut run = self.run(program, plan, level);
        for _ in 1..TRIES {
            let Verdict::Undecided(Undecided::ForeignThread { .. }) = run.verdict else {
                break;
            };
            run = self.run(program, plan, level);
        }
        run
    }

    /// Runs a plan once. Recorded choices that do not fit are skipped, so that the schedule of one
    /// variant can be tried on the other.
    ///
    /// # Panics
    ///
    /// If the engine itself does: that is a bug of Standstill.
    pub fn run(&mut self, program: &Program, plan: &Plan, level: RecordLevel) -> Run {
        if let Err(unavailable) = plan.check() {
            return Run::undecided(Undecided::Unavailable {
                detail: unavailable.to_string(),
            });
        }
        if plan.engine == EngineKind::Stress {
            return self.run_stress(program, plan, 1);
        }
        let thread = self.thread.get_or_insert_with(Thread::start);
        let order = (program.clone(), plan.clone(), level);
        assert!(
            thread.orders.send(order).is_ok(),
            "internal error: the engine's thread is gone"
        );
        let mut watch = Watch::new(Arc::clone(&thread.pulse));
        loop {
            match thread.runs.recv_timeout(TICK) {
                Ok(run) => return run,
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(stuck) = watch.look() {
                        self.thread = None;
                        return blocked_run(&stuck);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("internal error: the engine panicked while it ran {plan:?}")
                }
            }
        }
    }
}

impl Runner {
    fn replay_stress(&mut self, program: &Program, plan: &Plan) -> Run {
        self.run_stress(program, plan, STRESS_REPLAYS)
    }

    /// Runs a plan of the stress engine until it has a finding, at most `times` times.
    fn run_stress(&mut self, program: &Program, plan: &Plan, times: u32) -> Run {
        let mut maker = Maker::new(self.launcher.as_ref(), self.stress);
        let mut steps = 0;
        let mut verdict = Verdict::Clean;
        for _ in 0..times {
            // Nothing interrupts this run.
            let Some(made) = maker.run(program, plan, &mut || false) else {
                break;
            };
            steps += made.steps;
            if made.verdict != Verdict::Clean {
                verdict = made.verdict;
                break;
            }
        }
        Run {
            steps,
            ..Run::without_steps(verdict)
        }
    }
}

impl Thread {
    fn start() -> Self {
        let pulse = Arc::<Pulse>::default();
        let (orders, take_order) = channel::<(Program, Plan, RecordLevel)>();
        let (hand_over, runs) = channel();
        let seen = Arc::clone(&pulse);
        std::thread::Builder::new()
            .name("standstill-runner".to_owned())
            .spawn(move || {
                let mut engines = Engines::new(seen);
                for (program, plan, level) in take_order {
                    let run = engines.of(plan.engine).run(&program, &plan, level);
                    if hand_over.send(run).is_err() {
                        break;
                    }
                }
            })
            .unwrap_or_else(|error| panic!("cannot start an engine thread: {error}"));
        Self {
            orders,
            runs,
            pulse,
        }
    }
}

/// The result of a run whose thread is stuck.
pub fn blocked_run(stuck: &Stuck) -> Run {
    Run::without_steps(blocked_verdict(stuck))
}

/// If other tasks were suspended inside their polls, the engine itself may have caused it: then it is
/// never a finding.
pub fn blocked_verdict(stuck: &Stuck) -> Verdict {
    if stuck.others_suspended {
        return Verdict::Undecided(Undecided::Wedged {
            operation: stuck.operation(),
        });
    }
    let graph = WaitGraph::default();
    let last = stuck.fact.last.as_ref();
    let operation = last.map_or("", |(op, _)| op.name());
    let file = last
        .map(|(_, place)| place.stable_file())
        .unwrap_or_default();
    Verdict::Found(Box::new(Finding {
        kind: FindingKind::Blocked,
        fingerprint: Fingerprint::new(
            FindingKind::Blocked,
            &graph,
            &[],
            &[&stuck.fact.role, operation, &file],
        ),
        graph,
        core: Vec::new(),
        panics: Vec::new(),
        blocked: Some(stuck.fact.clone()),
        crash: None,
        step: 0,
        virtual_ms: 0,
    }))
}
