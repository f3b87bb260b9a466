//! The parent: orders runs from a child, and reports what happened to a child that failed.

use std::time::{Duration, Instant};

use standstill_model::finding::{Crash, CrashFact, Finding, FindingKind, Undecided, Verdict};
use standstill_model::fingerprint::Fingerprint;
use standstill_model::graph::WaitGraph;
use standstill_model::plan::Plan;

use crate::StressSettings;
use crate::isolation::Launcher;
use crate::isolation::process::{Ended, Heard, Process};
use crate::isolation::protocol::{Order, Reply, VERSION};

/// How often the parent checks a silent child.
const TICK: Duration = Duration::from_millis(20);

/// How long a child may take to start: a loaded machine may have to load the program.
const BEGINNING: Duration = Duration::from_secs(60);

/// A child that gives no sign of life for this many times the patience is given up, even if no cause can
/// be determined.
const SILENCE: u32 = 30;

/// How many runs a child makes at the most, so that what a program leaks in each does not add up over
/// days.
const RUNS_EACH: u64 = 10_000;

/// How long to wait for the last output of a child that prints without end.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The result of a run.
#[derive(Debug)]
pub struct Made {
    /// The verdict.
    pub verdict: Verdict,
    /// Steps made.
    pub steps: u64,
}

/// Orders stress runs, from one child after the other.
#[derive(Debug)]
pub struct Isolated {
    launcher: Launcher,
    settings: StressSettings,
    process: Option<Process>,
    runs: u64,
}

impl Isolated {
    /// Makes runs in a process that is started by `launcher` when it is first needed.
    pub fn new(launcher: Launcher, settings: StressSettings) -> Self {
        Self {
            launcher,
            settings,
            process: None,
            runs: 0,
        }
    }

    /// Orders one run. None if `stop` interrupted it.
    pub fn run(&mut self, plan: &Plan, stop: &mut dyn FnMut() -> bool) -> Option<Made> {
        let number = self.runs;
        self.runs += 1;
        let mut process = match self.process.take() {
            Some(process) => process,
            None => match self.begin() {
                Ok(process) => process,
                Err(detail) => return Some(no_process(detail)),
            },
        };
        let order = Order::Run {
            number,
            plan: plan.to_token(),
        };
        // If the child is gone already, that is detected below.
        let _ = process.send(&order);
        let (made, usable) = self.wait_for(&mut process, number, stop)?;
        if usable && !self.runs.is_multiple_of(RUNS_EACH) {
            self.process = Some(process);
        }
        Some(made)
    }

    fn begin(&self) -> Result<Process, String> {
        let text = |error: std::io::Error| format!("it cannot be started: {error}");
        let mut process = Process::start(&self.launcher).map_err(text)?;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let begin = Order::Begin {
            version: VERSION,
            threads: self.settings.threads,
            patience_ms: millis(self.settings.patience),
            grace_ms: millis(self.settings.grace),
            memory: self.launcher.memory,
        };
        process.send(&begin).map_err(text)?;
        match process.listen(BEGINNING) {
            Heard::Message(Reply::Ready { version }) if version == VERSION => Ok(process),
            Heard::Message(Reply::Refused { detail }) => Err(detail),
            Heard::Message(_) | Heard::Garbage => {
                Err("it is another program, or another version of this one".to_owned())
            }
            Heard::Silence => Err(format!("it did not begin within {BEGINNING:?}")),
            Heard::Closed => {
                process.kill();
                let said = process.streams.last_lines(LAST_WORDS).join("; ");
                Err(format!("it ended before it began: {said}"))
            }
        }
    }

    /// Waits for the end of a run. The flag tells whether the child can make another one.
    fn wait_for(
        &self,
        process: &mut Process,
        number: u64,
        stop: &mut dyn FnMut() -> bool,
    ) -> Option<(Made, bool)> {
        let began = Instant::now();
        let mut silent = Duration::ZERO;
        loop {
            let asked = Instant::now();
            let crash = match process.listen(TICK) {
                Heard::Message(Reply::Done(done)) if done.number == number => {
                    let (steps, left) = (done.steps, done.left);
                    let verdict = done.verdict();
                    return Some((Made { verdict, steps }, !left));
                }
                Heard::Message(Reply::Alive) => {
                    silent = Duration::ZERO;
                    None
                }
                Heard::Message(Reply::Refused { detail }) => {
                    return Some((no_process(detail), false));
                }
                Heard::Message(_) | Heard::Garbage => Some(Crash::Garbage),
                // A child that has closed the socket but still runs is of no more use.
                Heard::Closed => match process.ended_within(Duration::from_secs(1)) {
                    Some(ended) => Some(self.ended(process, ended)),
                    None => Some(Crash::Garbage),
                },
                Heard::Silence => {
                    // If the machine leaves the parent no time, that does not count as silence of the
                    // child.
                    silent += asked.elapsed().min(2 * TICK);
                    self.look_at(process, silent)
                }
            };
            if let Some(crash) = crash {
                process.kill();
                return Some((crashed(process, crash, began.elapsed()), false));
            }
            if silent > self.settings.patience * SILENCE {
                let detail = format!("it gave no sign of life for {} s", silent.as_secs());
                return Some((no_process(detail), false));
            }
            if stop() {
                return None;
            }
        }
    }

    /// Determines what is wrong with a silent child.
    fn look_at(&self, process: &mut Process, silent: Duration) -> Option<Crash> {
        if let Some(ended) = process.ended_within(Duration::ZERO) {
            return Some(self.ended(process, ended));
        }
        if process
            .memory()
            .is_some_and(|used| used > self.launcher.memory)
        {
            return Some(Crash::OutOfMemory);
        }
        (silent >= self.settings.patience && process.is_stopped()).then_some(Crash::Stopped)
    }

    /// The exit status of an abort says little; the Rust runtime's last output gives the reason.
    fn ended(&self, process: &Process, ended: Ended) -> Crash {
        match ended {
            Ended::Code(code) => Crash::Exited(code),
            Ended::Signal(signal) => {
                let said = process.streams.last_lines(LAST_WORDS).join("\n");
                if said.contains("has overflowed its stack") {
                    Crash::StackOverflow
                } else if said.contains("memory allocation of") {
                    Crash::OutOfMemory
                } else {
                    Crash::Signal(signal)
                }
            }
        }
    }
}

fn no_process(detail: String) -> Made {
    Made {
        verdict: Verdict::Undecided(Undecided::NoProcess { detail }),
        steps: 0,
    }
}

fn crashed(process: &Process, how: Crash, after: Duration) -> Made {
    let graph = WaitGraph::default();
    let kind = FindingKind::Crash;
    let finding = Finding {
        kind,
        fingerprint: Fingerprint::new(kind, &graph, &[], &[&how.word()]),
        graph,
        core: Vec::new(),
        panics: Vec::new(),
        blocked: None,
        crash: Some(CrashFact {
            how,
            said: process.streams.last_lines(LAST_WORDS),
        }),
        step: 0,
        virtual_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
    };
    Made {
        verdict: Verdict::Found(Box::new(finding)),
        steps: 0,
    }
}
