//! `watch-mux` under every load in range and every schedule, as proptest generates them.

use standstill::{FindingKind, Property, Variant};
use standstill_scenario_testkit::CORPUS;
use standstill_watch_mux::scenario;

#[test]
fn the_fixed_variant_is_clean_for_every_load_in_range() {
    Property::of(&scenario(), Variant::Fixed)
        .corpus(CORPUS)
        .check();
}

#[test]
fn the_buggy_variant_is_found_somewhere_in_range() {
    let found = Property::of(&scenario(), Variant::Buggy).found_somewhere();
    assert_eq!(found.finding.kind, FindingKind::Hang);
}
