//! Stress runs in a child process: whatever a program does to its process, it is reported, and the hunt
//! goes on.
//!
//! The parent starts the child by executing its own program again. They exchange frames of MessagePack
//! over a private socket. The child's standard streams go into a pipe, of which the parent keeps the
//! last lines. The child leads a process group, which is killed as a whole.
//!
//! - `protocol`: the messages;
//! - `child`: makes the runs that are ordered;
//! - `process`, `streams`: a child process, and its output;
//! - `parent`: orders runs, and detects how a child failed.

mod child;
mod parent;
mod process;
mod protocol;
mod streams;

use std::ffi::OsString;
use std::process::Command;

pub use child::{is_child, serve};
pub use parent::{Isolated, Made};

/// Set in the environment of a child.
const CHILD: &str = "STANDSTILL_STRESS_CHILD";

/// The most memory that the process of a stress run may use by default, in bytes: 1 GiB.
pub const DEFAULT_MEMORY: u64 = 1 << 30;

/// How the child process for stress runs is started: by executing the current program again, which must
/// call [`serve`] early if [`is_child`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launcher {
    args: Vec<OsString>,
    memory: u64,
}

impl Launcher {
    /// The current program with these arguments.
    pub fn new<I>(args: I) -> Self
    where
        I: IntoIterator<Item: Into<OsString>>,
    {
        Self {
            args: args.into_iter().map(Into::into).collect(),
            memory: DEFAULT_MEMORY,
        }
    }

    /// The current program without arguments.
    pub fn this_program() -> Self {
        Self::new(Vec::<OsString>::new())
    }

    /// How much memory a process may use, in bytes. Default: [`DEFAULT_MEMORY`].
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    fn command(&self) -> std::io::Result<Command> {
        // This path works even if the program's file was replaced meanwhile.
        let program = if cfg!(target_os = "linux") {
            "/proc/self/exe".into()
        } else {
            std::env::current_exe()?
        };
        let mut command = Command::new(program);
        command.args(&self.args).env(CHILD, "1");
        Ok(command)
    }
}
