//! What the tests of the scenarios share: how they hunt, how they write down what was found, and the
//! tests that are the same for all of them.
//!
//! A finding is compared as text, one line per step of its core, in words that an edit elsewhere
//! in the scenario does not change: roles, operations, types, and the source line instead of its
//! number.
//!
//! In reading order:
//!
//! - `bug`: what a scenario must show, and [`shared_tests`] of it;
//! - `hunts`: hunts in a scenario, alone and beside a heartbeat;
//! - `story`: a finding as text;
//! - `outside`: runs outside of any engine.

mod bug;
mod hunts;
mod outside;
mod story;

pub use bug::{Bug, Medium, Shows};
pub use hunts::{
    CORPUS, SCHEDULES, assert_clean, assert_clean_beside_a_heartbeat, found,
    found_beside_a_heartbeat, hunt,
};
pub use outside::{assert_ends_on_plain_tokio, assert_ends_on_real_threads, loads};
pub use story::{assert_holds_since, assert_waits_at, core, in_core, source, tasks};
