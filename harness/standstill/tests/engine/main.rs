//! What controlled runs say of a program: the verdict, and what the finding tells.

#[path = "../common/mod.rs"]
mod common;

mod as_tokio;
mod blocking;
mod conformance;
mod futurelock;
mod mistakes;
mod mixed;
mod partial;
mod polling;
mod rules;
#[cfg(feature = "shuttle")]
mod shuttle;
mod slack;
mod soundness;
mod unmodelled;
mod unwinding;
mod watches;
mod workers;
