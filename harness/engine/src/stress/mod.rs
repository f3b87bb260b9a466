//! `stress`: a real multi-thread tokio runtime, real time, real OS threads.
//!
//! The controlled engines show what can happen; this one shows what does happen. Tasks run in parallel,
//! with seeded noise at the switch points. A watchdog on an OS thread of its own decides the verdict. It
//! knows for each task whether it waits, was woken or is being polled, so a slow run is never mistaken
//! for a stuck one.
//!
//! In reading order:
//!
//! - `shared`, `member`, `host`: the run's books, one of its tasks, and the facade's access to both;
//! - `body`: the future that polls a task, within the run and watched;
//! - `noise`: random delays at switch points;
//! - `watch`, with `suspects`, `starved` and `partial`: the watchdog;
//! - `ambient`: the same books, for what is tracked outside of runs;
//! - `run`, `judge`: one run, from its runtime to its verdict.

mod ambient;
mod body;
mod host;
mod judge;
mod member;
mod noise;
mod partial;
mod run;
mod shared;
mod starved;
mod suspects;
#[doc(hidden)]
pub mod tracking;
mod watch;

use std::time::Duration;

use standstill_model::plan::{EngineKind, Plan};
use standstill_model::scenario::Program;
use standstill_rt::panics;

use crate::{Engine, RecordLevel, Run};

pub use ambient::Ambient;
pub use shared::AMBIENT_EPOCH;
use watch::Pace;

/// How a stress run is made and watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StressSettings {
    /// Worker threads of the runtime.
    pub threads: usize,
    /// How long nothing may happen before it counts as a hang.
    pub patience: Duration,
    /// How long tasks may outlive the root.
    pub grace: Duration,
}

/// The default of [`StressSettings::patience`].
pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(1);

/// The default of [`StressSettings::grace`].
pub const DEFAULT_GRACE: Duration = Duration::from_millis(250);

impl Default for StressSettings {
    /// Twice as many threads as cores, four at the least: while noise makes threads sleep, the cores are
    /// available to the others.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            threads: (2 * cores).max(4),
            patience: DEFAULT_PATIENCE,
            grace: DEFAULT_GRACE,
        }
    }
}

/// The stress engine.
#[derive(Debug)]
pub struct Stress {
    settings: StressSettings,
    pace: Pace,
    tracks: bool,
}

impl Stress {
    /// An engine that makes runs with these settings.
    #[must_use]
    pub fn new(settings: StressSettings) -> Self {
        panics::install_hook();
        Self {
            settings,
            pace: Pace::new(settings.patience),
            tracks: true,
        }
    }

    /// The same engine with its tracker off: nothing watches the program until its root has ended. It
    /// reports no finding, and waits for ever if the root hangs. It is the baseline for measuring the
    /// cost of tracking.
    #[must_use]
    pub fn untracked(settings: StressSettings) -> Self {
        Self {
            tracks: false,
            ..Self::new(settings)
        }
    }

    /// Makes one run. The flag tells whether it left threads behind that cannot be ended: then this
    /// process should make no further runs.
    pub fn run_once(
        &mut self,
        program: &Program,
        plan: &Plan,
        looks: &mut dyn FnMut() -> bool,
    ) -> (Run, bool) {
        let settings = run::Settings {
            stress: self.settings,
            tracks: self.tracks,
        };
        run::run(settings, &mut self.pace, program, plan, looks)
    }
}

impl Engine for Stress {
    fn kind(&self) -> EngineKind {
        EngineKind::Stress
    }

    fn run(&mut self, program: &Program, plan: &Plan, _: RecordLevel) -> Run {
        self.run_once(program, plan, &mut || false).0
    }
}
