//! A child process: its socket, its process group, and what the system reports about it.

use std::io::{Error, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::isolation::Launcher;
use crate::isolation::protocol;
use crate::isolation::streams::Streams;

/// The result of waiting for a message.
pub(super) enum Heard<T> {
    Message(T),
    /// Nothing arrived in the given time.
    Silence,
    /// The data was not a message.
    Garbage,
    /// The child has closed its end.
    Closed,
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Signal(i32),
    Code(i32),
}

/// A child and everything in its process group. Dropping this kills them.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    socket: UnixStream,
    received: Vec<u8>,
    pub(super) streams: Streams,
}

impl Process {
    pub(super) fn start(launcher: &Launcher) -> std::io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        let (pipe, output) = std::io::pipe()?;
        let mut command = launcher.command()?;
        command
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0);
        let child = command.spawn()?;
        // The command holds copies of the child's ends. Unless they are dropped, the pipe never ends.
        drop(command);
        Ok(Self {
            child,
            socket,
            received: Vec::new(),
            streams: Streams::read(pipe)?,
        })
    }

    pub(super) fn send(&mut self, message: &impl Serialize) -> std::io::Result<()> {
        self.socket
            .set_write_timeout(Some(Duration::from_secs(10)))?;
        self.socket.write_all(&protocol::frame(message))
    }

    /// Waits for the next message, for at most `time`.
    pub(super) fn listen<T: DeserializeOwned>(&mut self, time: Duration) -> Heard<T> {
        let until = Instant::now() + time;
        let mut buffer = [0; 16 * 1024];
        loop {
            match protocol::take(&mut self.received) {
                Ok(Some(message)) => return Heard::Message(message),
                Ok(None) => {}
                Err(protocol::Garbage) => return Heard::Garbage,
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.socket.set_read_timeout(Some(left)).is_err() {
                return Heard::Silence;
            }
            match self.socket.read(&mut buffer) {
                Ok(0) => return Heard::Closed,
                Ok(read) => self.received.extend_from_slice(&buffer[..read]),
                Err(error) if is_silence(&error) => return Heard::Silence,
                Err(_) => return Heard::Closed,
            }
        }
    }

    /// How it ended, if it ends within `time`.
    pub(super) fn ended_within(&mut self, time: Duration) -> Option<Ended> {
        let until = Instant::now() + time;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(match (status.signal(), status.code()) {
                    (Some(signal), _) => Ended::Signal(signal),
                    (None, code) => Ended::Code(code.unwrap_or(0)),
                });
            }
            if Instant::now() >= until {
                return None;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether it was stopped by a signal. False if the platform does not report this.
    pub(super) fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        stat.ok()
            .and_then(|stat| Some(stat.rsplit_once(')')?.1.trim_start().starts_with('T')))
            .unwrap_or(false)
    }

    /// The memory that it uses, in bytes. None if the platform does not report this.
    pub(super) fn memory(&self) -> Option<u64> {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).ok()?;
        let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
        let page = u64::try_from(rustix::param::page_size()).ok()?;
        Some(pages * page)
    }

    /// Kills it and everything that it has started.
    pub(super) fn kill(&mut self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            // The group may be empty.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn is_silence(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
