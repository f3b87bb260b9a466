//! The real binary.

use std::path::Path;
use std::process::Command;

use crate::common::{Output, Running};

/// The command `standstill` with these arguments, in this directory.
pub(crate) fn command(directory: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standstill"));
    command.args(args).current_dir(directory);
    command
}

/// Runs `standstill` in a directory.
pub(crate) fn standstill_in(directory: &Path, args: &[&str]) -> Output {
    Running::start(&mut command(directory, args)).finish()
}

/// Runs `standstill` where it finds no corpus.
pub(crate) fn standstill(args: &[&str]) -> Output {
    let nowhere = tempfile::tempdir().expect("an empty directory");
    standstill_in(nowhere.path(), args)
}
