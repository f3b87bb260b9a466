//! A user's mistakes in a scenario, and that each is told with the scenario's name.

use crate::common::within;
use standstill::{FindingKind, Hunt, HuntError, Load, RangeError, Scenario, Variant};

fn message(mistake: fn()) -> String {
    let panic = std::panic::catch_unwind(mistake).expect_err("it is a mistake");
    panic
        .downcast_ref::<String>()
        .cloned()
        .unwrap_or_else(|| panic!("a panic without a text"))
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "that is the mistake")]
fn an_empty_range_of_loads_is_refused_with_the_scenarios_name() {
    let message = message(|| {
        let _ = Scenario::new("shutdown", "it ends").workers(3..=1);
    });
    assert_eq!(
        message,
        "scenario `shutdown`: the range workers 3..=1 is empty; give the smaller number first"
    );
}

#[test]
fn a_variant_given_twice_is_refused_with_the_scenarios_name() {
    let message = message(|| {
        let _ = Scenario::new("shutdown", "it ends")
            .variant(Variant::Own, |_| async {})
            .variant(Variant::Own, |_| async {});
    });
    assert_eq!(
        message,
        "scenario `shutdown` has two variants `own`; each may be given once"
    );
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "that is the mistake")]
fn a_hunt_over_an_empty_range_says_so() {
    let scenario = Scenario::new("shutdown", "it ends")
        .workers(1..=3)
        .variant(Variant::Own, |_| async {});
    let error = Hunt::of(&scenario, Variant::Own).workers(3..=1).go();
    assert!(matches!(
        error.unwrap_err(),
        HuntError::Range(RangeError::Empty { .. })
    ));
}

/// Panics before there is a future at all.
fn setup_without_configuration(load: Load) -> impl Future<Output = ()> {
    assert_eq!(load.workers, 0, "no configuration for the workers");
    async {}
}

#[test]
fn a_panic_in_setup_is_a_finding_that_names_the_scenario() {
    within(60, || {
        let scenario = Scenario::new("shutdown", "it ends")
            .workers(1..=3)
            .variant(Variant::Own, setup_without_configuration);
        let outcome = Hunt::of(&scenario, Variant::Own)
            .schedules(10)
            .go()
            .unwrap();
        let finding = outcome.finding().unwrap();
        assert_eq!(finding.kind, FindingKind::Panic);
        assert_eq!(finding.panics.len(), 1);
        assert!(
            finding.panics[0]
                .message
                .contains("no configuration for the workers"),
            "{:?}",
            finding.panics
        );
        let at = finding.panics[0].at.as_ref().unwrap();
        assert!(at.file.ends_with("mistakes.rs"), "{at}");
        let report = outcome.report().unwrap().to_string();
        assert!(report.contains("shutdown"), "{report}");
    });
}
