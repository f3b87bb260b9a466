//! The same on threads:
//!
//! - [`buggy`]: `worker` takes the read lock, then waits for an item;
//! - [`fixed`]: `worker` waits for an item, then takes the read lock.

pub mod buggy;
pub mod fixed;
