//! The same on threads:
//!
//! - [`buggy`]: `monitor` stops reading and asks for the lock;
//! - [`fixed`]: `drain` goes on reading meanwhile.

pub mod buggy;
pub mod fixed;
