//! Finds scenarios and programs by name.

use standstill::{Plan, Program, Scenario};

use crate::error::UserError;

/// How similar two names must be for one to be suggested for the other.
const ALIKE: f64 = 0.8;

/// The scenario of that name.
pub(crate) fn scenario<'a>(
    scenarios: &'a [Scenario],
    name: &str,
) -> Result<&'a Scenario, UserError> {
    scenarios
        .iter()
        .find(|scenario| scenario.name() == name)
        .ok_or_else(|| UserError::UnknownScenario {
            name: name.to_owned(),
            close: close(scenarios, name),
            known: scenarios
                .iter()
                .map(|scenario| scenario.name().to_owned())
                .collect(),
        })
}

fn close(scenarios: &[Scenario], name: &str) -> Option<String> {
    scenarios
        .iter()
        .map(|scenario| (strsim::jaro_winkler(scenario.name(), name), scenario.name()))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known.to_owned())
}

/// The scenario and the program that a plan runs, if they still exist and accept its load, and if the
/// engine is part of this build.
pub(crate) fn program<'a>(
    scenarios: &'a [Scenario],
    plan: &Plan,
) -> Result<(&'a Scenario, &'a Program), UserError> {
    let scenario = scenario(scenarios, &plan.scenario)?;
    let program = scenario
        .program(plan.variant)
        .ok_or_else(|| UserError::NoSuchVariant {
            scenario: scenario.name().to_owned(),
            variant: plan.variant,
            known: scenario.variants().collect(),
        })?;
    if !scenario.ranges().contains(&plan.load) {
        return Err(UserError::Load {
            scenario: scenario.name().to_owned(),
            load: plan.load,
            allowed: scenario.ranges().clone(),
        });
    }
    plan.check()?;
    Ok((scenario, program))
}

#[cfg(test)]
mod tests {
    use super::{program, scenario};
    use crate::error::UserError;
    use standstill::{Load, Plan, Scenario, Schedule, Variant};

    fn scenarios() -> Vec<Scenario> {
        let scenario = |name: &str| {
            Scenario::new(name, "")
                .workers(1..=3)
                .variant(Variant::Buggy, |_| async {})
        };
        vec![scenario("quota-worker"), scenario("watch-mux")]
    }

    #[test]
    fn a_name_that_is_nearly_right_gets_a_suggestion() {
        let error = scenario(&scenarios(), "qouta-worker").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no scenario `qouta-worker`: did you mean `quota-worker`? There are \
             quota-worker, watch-mux"
        );
        let error = scenario(&scenarios(), "x").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no scenario `x`: there are quota-worker, watch-mux"
        );
    }

    #[test]
    fn a_plan_must_fit_what_there_is() {
        let plan = |name: &str, variant, workers| {
            let load = Load {
                workers,
                ..Load::default()
            };
            Plan::new(name, variant, load, Schedule::Bytes(Vec::new()))
        };
        let scenarios = scenarios();
        let result = |plan| program(&scenarios, &plan).map(|(scenario, _)| scenario.name());
        assert_eq!(
            result(plan("watch-mux", Variant::Buggy, 3)).unwrap(),
            "watch-mux"
        );
        assert!(matches!(
            result(plan("watch-mux", Variant::Fixed, 3)),
            Err(UserError::NoSuchVariant { .. })
        ));
        assert!(matches!(
            result(plan("watch-mux", Variant::Buggy, 4)),
            Err(UserError::Load { .. })
        ));
        assert!(matches!(
            result(plan("watch", Variant::Buggy, 1)),
            Err(UserError::UnknownScenario { .. })
        ));
    }
}
