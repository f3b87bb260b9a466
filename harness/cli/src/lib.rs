//! The command line of Standstill, as a library: a crate with scenarios of its own gets all of it with a
//! `main` of three lines.
//!
//! ```no_run
//! use standstill::{Scenario, Variant};
//!
//! fn main() -> std::process::ExitCode {
//!     let scenario = Scenario::new("shutdown", "our service shuts down").variant(Variant::Own, |_| async {});
//!     standstill_cli::main(vec![scenario])
//! }
//! ```
//!
//! In reading order:
//!
//! - `args`: the arguments;
//! - [`Exit`], `error`: the results and the errors;
//! - `console`, `folder`: the output, to streams and to files;
//! - `pick`: finds scenarios by name;
//! - `shrink`: converts schedules to recorded choices for the corpus;
//! - `hunt`, with `progress` and `interrupt`: the main command;
//! - `prove`: every interleaving of a small load;
//! - `replay`, `explain`, `minimise`, `corpus`: commands for earlier findings;
//! - `formats`: findings for other programs: JUnit, SARIF, GitHub;
//! - `list`, `show`: the scenarios.

mod args;
mod console;
mod corpus;
mod error;
mod exit;
mod explain;
mod folder;
mod formats;
mod hunt;
mod interrupt;
mod list;
mod minimise;
mod pick;
mod program;
mod progress;
mod prove;
mod replay;
mod run;
mod show;
mod shrink;
mod table;

pub use exit::Exit;
pub use run::{main, run};

// Every Rust block of the README is a test. The README shows all crates together, so it is tested in
// this crate, which depends on all of them.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
