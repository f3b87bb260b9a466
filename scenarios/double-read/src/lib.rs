//! The scenario `double-read`.
