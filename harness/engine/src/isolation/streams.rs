//! The output of a child. It is read continuously, so that the child never waits for a reader, and only
//! the last lines are kept.

use std::io::{PipeReader, Read};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How many bytes are kept.
const KEPT: usize = 4 * 1024;

/// How many lines of them are shown.
const LINES: usize = 8;

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
}

/// The last output of a child.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams {
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Streams {
    /// Reads on a thread of its own until all writers have closed the pipe.
    pub(super) fn read(mut pipe: PipeReader) -> std::io::Result<Self> {
        let streams = Self::default();
        let shared = Arc::clone(&streams.shared);
        std::thread::Builder::new()
            .name("standstill-pipe".to_owned())
            .spawn(move || {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(read @ 1..) = pipe.read(&mut buffer) {
                    let mut state = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                    let bytes = &mut state.bytes;
                    bytes.extend_from_slice(&buffer[..read]);
                    if bytes.len() > 2 * KEPT {
                        bytes.drain(..bytes.len() - KEPT);
                    }
                }
                let mut state = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                state.ended = true;
                shared.1.notify_all();
            })?;
        Ok(streams)
    }

    /// The last lines, once everything was read, or after `patience`.
    pub(super) fn last_lines(&self, patience: Duration) -> Vec<String> {
        let state = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, _) = self
            .shared
            .1
            .wait_timeout_while(state, patience, |state| !state.ended)
            .unwrap_or_else(PoisonError::into_inner);
        let start = state.bytes.len().saturating_sub(KEPT);
        let text = String::from_utf8_lossy(&state.bytes[start..]);
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let from = lines.len().saturating_sub(LINES);
        lines[from..]
            .iter()
            .map(|line| line.chars().take(200).collect())
            .collect()
    }
}
