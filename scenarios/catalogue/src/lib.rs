//! Every scenario of Standstill, in a fixed order.
//!
//! The command line, the fuzz targets and the tests take their scenarios from here: add a new one
//! to [`scenarios`] and to this crate's dependencies, and all of them know it.

use standstill::Scenario;

/// All scenarios: first the hangs, then the leaks, then the hangs again on threads. New ones go to
/// the end: an input of the fuzz target for all of them names its scenario by its place.
///
/// ```
/// let scenarios = standstill_catalogue::scenarios();
/// assert_eq!(scenarios[0].name(), "quota-worker");
/// ```
pub fn scenarios() -> Vec<Scenario> {
    vec![
        standstill_quota_worker::scenario(),
        standstill_watch_mux::scenario(),
        standstill_double_read::scenario(),
        standstill_cluster_sync::scenario(),
        standstill_stream_reset::scenario(),
        standstill_resync_leak::scenario(),
        standstill_cancel_leak::scenario(),
        standstill_quota_worker::threads_scenario(),
        standstill_watch_mux::threads_scenario(),
        standstill_double_read::threads_scenario(),
        standstill_cluster_sync::threads_scenario(),
        standstill_stream_reset::threads_scenario(),
    ]
}

/// The scenario of this name.
///
/// ```
/// assert!(standstill_catalogue::find("watch-mux").is_some());
/// assert!(standstill_catalogue::find("watch-max").is_none());
/// ```
pub fn find(name: &str) -> Option<Scenario> {
    scenarios()
        .into_iter()
        .find(|scenario| scenario.name() == name)
}
