//! Tracking outside of runs: for plain tokio tests and services.
//!
//! It is off until somebody wants it, and then on for as long as the process lives. Tasks that are
//! spawned through the facade from then on are known: where they were spawned, what they wait for
//! and what they hold.

use std::sync::OnceLock;

use crate::engine::stress::Ambient;
use crate::host::Host;

static AMBIENT: OnceLock<Ambient> = OnceLock::new();

/// The host of code that is in no run, if tracking is on.
#[inline]
pub(crate) fn host() -> Option<&'static dyn Host> {
    AMBIENT.get().map(Ambient::host)
}

/// What is tracked, if tracking is on.
pub(crate) fn tracked() -> Option<&'static Ambient> {
    AMBIENT.get()
}

/// Turns tracking on.
pub(crate) fn start() -> &'static Ambient {
    AMBIENT.get_or_init(Ambient::new)
}
