//! The crate that users depend on.
pub use standstill_core::*;
