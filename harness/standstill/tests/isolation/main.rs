//! Runs in processes of their own. They are apart from the other tests of the engine `stress`: to a
//! run in this process, a thread that waits for a child is one that may still wake it.

#[path = "../common/mod.rs"]
mod common;

mod hostile;
mod stress_test;
