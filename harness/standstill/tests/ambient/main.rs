//! What is tracked outside of runs. Once on that stays on, so these tests are a process of their own.

#[path = "../common/mod.rs"]
mod common;

mod leaks;
mod watchdog;
