//! The scenario `cancel-leak`.
