//! The scenario `catalogue`.
