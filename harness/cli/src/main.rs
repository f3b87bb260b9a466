//! The command line of Standstill, with the scenarios of its catalogue.

use std::process::ExitCode;

fn main() -> ExitCode {
    standstill_cli::main(standstill_catalogue::scenarios())
}
