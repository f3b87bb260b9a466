//! The same on threads:
//!
//! - [`buggy`]: `clusters_synced` asks the members under the informer's lock;
//! - [`fixed`]: it collects them under the lock and asks them outside.

pub mod buggy;
pub mod fixed;
