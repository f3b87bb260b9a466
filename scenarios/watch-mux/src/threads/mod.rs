//! The same on threads:
//!
//! - [`buggy`]: `distribute` can only wait for the watcher to read;
//! - [`fixed`]: `distribute` also hears that the watcher has stopped, because its receiver is gone.

pub mod buggy;
pub mod fixed;
