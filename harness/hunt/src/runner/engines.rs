//! The engines of one thread.

use std::fmt;
use std::sync::Arc;

use standstill_engine::pulse::Pulse;
use standstill_engine::{Engine, Explore, Stress, StressSettings};
use standstill_model::plan::EngineKind;
#[cfg(feature = "shuttle")]
use standstill_shuttle::Shuttle;

/// Executes plans on the thread that made it. Each engine is made when it is first used.
pub struct Engines {
    pulse: Arc<Pulse>,
    made: Vec<Box<dyn Engine>>,
}

/// Prepares the process for runs. Programs may use tokio without the facade, and the engine has to know
/// of that before a run begins.
pub fn prepare() {
    #[cfg(feature = "tokio")]
    standstill_tokio::driver::register();
}

impl fmt::Debug for Engines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engines").finish_non_exhaustive()
    }
}

impl Engines {
    /// No engine is made yet; all of them will beat `pulse`.
    pub fn new(pulse: Arc<Pulse>) -> Self {
        prepare();
        Self {
            pulse,
            made: Vec::new(),
        }
    }

    /// The engine of this kind.
    pub fn of(&mut self, kind: EngineKind) -> &mut dyn Engine {
        let known = self.made.iter().position(|engine| engine.kind() == kind);
        let at = known.unwrap_or_else(|| {
            self.made.push(self.make(kind));
            self.made.len() - 1
        });
        self.made[at].as_mut()
    }

    fn make(&self, kind: EngineKind) -> Box<dyn Engine> {
        match kind {
            EngineKind::Explore => Box::new(Explore::watched(Arc::clone(&self.pulse))),
            #[cfg(feature = "shuttle")]
            EngineKind::Shuttle => Box::new(Shuttle::watched(Arc::clone(&self.pulse))),
            #[cfg(not(feature = "shuttle"))]
            EngineKind::Shuttle => unreachable!("the plan was checked before"),
            EngineKind::Stress => Box::new(Stress::new(StressSettings::default())),
        }
    }
}
