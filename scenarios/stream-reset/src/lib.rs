//! The scenario `stream-reset`.
