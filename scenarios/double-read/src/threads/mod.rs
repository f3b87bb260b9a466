//! The same on threads:
//!
//! - [`buggy`]: `get_cpu_set_or_default` locks, and calls others that lock;
//! - [`fixed`]: it locks once.

pub mod buggy;
pub mod fixed;
