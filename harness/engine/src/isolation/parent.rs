//! The parent: has runs made in a child, and says what became of a child that did not come back.

use std::time::{Duration, Instant};

use standstill_model::finding::{Crash, CrashFact, Finding, FindingKind, Undecided, Verdict};
use standstill_model::fingerprint::Fingerprint;
use standstill_model::graph::WaitGraph;
use standstill_model::plan::Plan;

use crate::StressSettings;
use crate::isolation::Launcher;
use crate::isolation::process::{Ended, Heard, Process};
use crate::isolation::protocol::{Order, Reply, VERSION};

/// How often the parent looks at a child that keeps quiet.
const TICK: Duration = Duration::from_millis(20);

/// So long a child may take to begin: a loaded machine may have to load the program.
const BEGINNING: Duration = Duration::from_secs(60);

/// A child that gives no sign of life for so many times the patience is given up, though nothing
/// is wrong with it that can be named.
const SILENCE: u32 = 30;

/// A child makes so many runs at the most: what a program leaks in each does not add up over days.
const RUNS_EACH: u64 = 10_000;

/// Who prints without end is given so long for the last of it to arrive.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A run that was made.
#[derive(Debug)]
pub struct Made {
    /// What it came to.
    pub verdict: Verdict,
    /// Steps made.
    pub steps: u64,
}

/// Has stress runs made, in one child after the other.
#[derive(Debug)]
pub struct Isolated {
    launcher: Launcher,
    settings: StressSettings,
    process: Option<Process>,
    runs: u64,
}

impl Isolated {
    /// Runs in a process that is started like this once one is wanted.
    pub fn new(launcher: Launcher, settings: StressSettings) -> Self {
        Self {
            launcher,
            settings,
            process: None,
            runs: 0,
        }
    }

    /// Has one run made. None if `stop` said so.
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
        // A child that is gone already is noticed below.
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

    /// Waits for a run to be made. The flag tells whether the child can make another.
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
                // Should it have closed the socket and live on, it is no use any more.
                Heard::Closed => match process.ended_within(Duration::from_secs(1)) {
                    Some(ended) => Some(self.ended(process, ended)),
                    None => Some(Crash::Garbage),
                },
                Heard::Silence => {
                    // A machine that has no time for us does not make the child silent.
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

    /// What is wrong with a child that keeps quiet.
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

    /// An abort says little; what the Rust runtime printed before says why.
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
