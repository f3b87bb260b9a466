//! The scenario `cluster-sync`.
