//! Runs a command line with a time limit: a hang tester's own tests must not hang.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use wait_timeout::ChildExt;

/// Far above what any command here takes, also in a debug build on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A command that was started, and its streams in files: nothing can block on a full pipe.
pub(crate) struct Running {
    child: Child,
    streams: TempDir,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::start_with(command, None)
    }

    /// The same with a standard output of one's own.
    pub(crate) fn start_into(command: &mut Command, stdout: Stdio) -> Self {
        Self::start_with(command, Some(stdout))
    }

    fn start_with(command: &mut Command, stdout: Option<Stdio>) -> Self {
        let streams = tempfile::tempdir().expect("a directory for the streams");
        let stream =
            |name: &str| File::create(streams.path().join(name)).expect("a file for a stream");
        let file = stream("stdout");
        let child = command
            .env_remove("COLUMNS")
            .stdin(Stdio::null())
            .stdout(stdout.unwrap_or_else(|| file.into()))
            .stderr(stream("stderr"))
            .spawn()
            .expect("the command starts");
        Self { child, streams }
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([&format!("-{signal}"), &self.child.id().to_string()])
            .status()
            .expect("kill starts");
        assert!(status.success(), "kill -{signal}: {status}");
    }

    /// Waits until a line with this fragment was written to standard error.
    pub(crate) fn wait_for(&self, fragment: &str) {
        for _ in 0..1_200 {
            if read(&self.streams.path().join("stderr")).contains(fragment) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("no `{fragment}` on standard error");
    }

    pub(crate) fn finish(mut self) -> Output {
        let status = self
            .child
            .wait_timeout(LIMIT)
            .expect("the command can be waited for");
        let Some(status) = status else {
            let _ = self.child.kill();
            let _ = self.child.wait();
            panic!(
                "still running after {LIMIT:?}; it wrote: {}{}",
                read(&self.streams.path().join("stdout")),
                read(&self.streams.path().join("stderr")),
            );
        };
        Output {
            status,
            stdout: read(&self.streams.path().join("stdout")),
            stderr: read(&self.streams.path().join("stderr")),
        }
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).expect("the stream's file is there")).into_owned()
}
