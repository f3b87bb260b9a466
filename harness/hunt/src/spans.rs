//! Spans of `tracing` around what takes long, with the feature of that name; nothing without it.
//!
//! They are entered on the thread that asked for the work. Runs are made on the engine's own
//! threads, so what the program under test tells `tracing` is in none of them.
#![cfg_attr(
    not(feature = "tracing"),
    expect(unused_variables, reason = "there is nobody to tell")
)]

use standstill_model::plan::{EngineKind, Plan, Variant};

use crate::tactic::Tactic;

/// As long as it lives the span is entered.
#[must_use = "the span ends with it"]
pub(crate) struct Entered {
    #[cfg(feature = "tracing")]
    _span: tracing::span::EnteredSpan,
}

/// Around a hunt: a row of the command's table.
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
            scenario = name,
            %variant,
            %engine,
            %tactic,
            seed,
        )
        .entered(),
    }
}

/// Around the minimising of a find.
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

/// Around a replay.
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
