//! The boolean.

use std::panic::Location;
use std::sync::atomic as real;
use std::sync::atomic::Ordering;

use standstill_rt::facade::Tag;
use standstill_rt::{Op, ResourceKind, Site};

use crate::sync::atomic::{common, fetch};

/// A `bool` that threads share.
pub struct AtomicBool {
    tag: Tag,
    real: real::AtomicBool,
}

common!(impl[] AtomicBool, real::AtomicBool, bool);

impl AtomicBool {
    fetch! { bool:
        /// Logical `and`, and returns the value before.
        fetch_and
        /// Logical `nand`, and returns the value before.
        fetch_nand
        /// Logical `or`, and returns the value before.
        fetch_or
        /// Logical `xor`, and returns the value before.
        fetch_xor
    }

    /// Logical `not`, and returns the value before.
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.change(Location::caller(), |real| real.fetch_not(order))
    }
}

impl Default for AtomicBool {
    #[track_caller]
    fn default() -> Self {
        Self::new(false)
    }
}
