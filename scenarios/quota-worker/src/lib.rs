//! The scenario `quota-worker`.
