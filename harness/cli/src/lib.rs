//! The command line of Standstill, as a library: a crate with scenarios of its own gets all of it
//! with a `main` of three lines.
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
//! - `args`: what can be asked for;
//! - [`Exit`], `error`: how it can end;
//! - `console`, `folder`: the way out, to streams and to files;
//! - `pick`: from names to scenarios;
//! - `shrink`: schedules that are worth keeping;
//! - `hunt`, with `progress` and `interrupt`: the main job;
//! - `prove`: every interleaving of a small load;
//! - `replay`, `explain`, `minimise`, `corpus`: what was found once;
//! - `formats`: findings for other programs: JUnit, SARIF, GitHub;
//! - `list`, `show`: what there is.

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

// Every Rust block of the README is a test. It shows all crates together, so it is tested here,
// where they all are.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
