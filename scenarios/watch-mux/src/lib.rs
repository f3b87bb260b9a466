//! The scenario `watch-mux`.
