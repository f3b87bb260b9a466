//! `tracing` spans around long operations, with the feature of that name; nothing without it.
//!
//! A span is entered on the thread that requested the work. Runs are made on the engine's own threads,
//! so the events of the program under test are in none of these spans.
#![cfg_attr(
    not(feature = "tracing"),
    expect(unused_variables, reason = "there is nobody to tell")
)]

use standstill_model::plan::{EngineKind, Plan, Variant};

use crate::tactic::Tactic;

/// The span is entered as long as this lives.
#[must_use = "the span ends with it"]
pub(crate) struct Entered {
    #[cfg(feature = "tracing")]
    _span: tracing::span::EnteredSpan,
}

/// The span of a hunt: one row of the command's table.
pub(crate) fn hunt(
    name: &str,
    variant: Variant,
    engine: EngineKind,
    tactic: Tactic,
    seed: u64,
) -> Entered {
    Entered {
        #[cfg(feature = "tracing")]
        _span: tracing::info_span!(
            target: "standstill",
            "hunt",
            scenario = %name,
            %variant,
            %engine,
            %tactic,
            seed,
        )
        .entered(),
    }
}

/// The span of a minimisation.
pub(crate) fn minimise(plan: &Plan) -> Entered {
    Entered {
        #[cfg(feature = "tracing")]
        _span: tracing::info_span!(
            target: "standstill",
            "minimise",
            scenario = %plan.scenario,
            variant = %plan.variant,
            engine = %plan.engine,
            load = %plan.load,
        )
        .entered(),
    }
}

/// The span of a replay.
pub(crate) fn replay(plan: &Plan, traced: bool) -> Entered {
    Entered {
        #[cfg(feature = "tracing")]
        _span: tracing::info_span!(
            target: "standstill",
            "replay",
            scenario = %plan.scenario,
            variant = %plan.variant,
            engine = %plan.engine,
            load = %plan.load,
            traced,
        )
        .entered(),
    }
}
