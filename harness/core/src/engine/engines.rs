//! The engines of one thread.

use std::sync::Arc;

use crate::engine::pulse::Pulse;
#[cfg(feature = "shuttle")]
use crate::engine::shuttle::Shuttle;
use crate::engine::{Engine, Explore};
use crate::plan::EngineKind;

/// What executes plans on the thread that made it. An engine is made when it is first wanted.
pub(crate) struct Engines {
    pulse: Arc<Pulse>,
    made: Vec<Box<dyn Engine>>,
}

impl Engines {
    /// None made yet; all beat `pulse`.
    pub(crate) fn new(pulse: Arc<Pulse>) -> Self {
        Self {
            pulse,
            made: Vec::new(),
        }
    }

    /// The engine of this kind.
    pub(crate) fn of(&mut self, kind: EngineKind) -> &mut dyn Engine {
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
        }
    }
}
