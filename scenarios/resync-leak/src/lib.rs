//! The scenario `resync-leak`.
