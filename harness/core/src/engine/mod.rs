//! Engines: what executes a run.
pub(crate) fn wake(_word: usize) {}
