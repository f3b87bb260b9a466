//! Tracking outside of runs: for plain tokio tests and services.
//!
//! It is off until it is first requested, and then on for as long as the process lives. Tasks that are
//! spawned through the facade from then on are tracked: where they were spawned, what they wait for and
//! what they hold.

use std::sync::OnceLock;

use standstill_rt::current;

use crate::stress::Ambient;

static AMBIENT: OnceLock<Ambient> = OnceLock::new();

/// What is tracked, if tracking is on.
pub fn tracked() -> Option<&'static Ambient> {
    AMBIENT.get()
}

/// Turns tracking on.
pub fn start() -> &'static Ambient {
    let ambient = AMBIENT.get_or_init(Ambient::new);
    current::set_ambient(ambient.host());
    ambient
}
