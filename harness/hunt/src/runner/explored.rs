//! An engine thread that explores, watched.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};

use standstill_engine::Explore;
use standstill_engine::pulse::Pulse;

use crate::runner::{TICK, Watch, prepare};

/// What `job` comes to on an engine thread of its own.
///
/// # Errors
///
/// If the program blocks that thread, which is then abandoned: the operation that does.
///
/// # Panics
///
/// If the engine does: that is a bug of Standstill.
pub(crate) fn explored<T: Send + 'static>(
    job: impl FnOnce(&Explore) -> T + Send + 'static,
) -> Result<T, String> {
    let pulse = Arc::<Pulse>::default();
    let (hand_over, taken) = channel();
    let mut watch = Watch::new(Arc::clone(&pulse));
    std::thread::Builder::new()
        .name("standstill-explorer".to_owned())
        .spawn(move || {
            prepare();
            let _ = hand_over.send(job(&Explore::watched(pulse)));
        })
        .unwrap_or_else(|error| panic!("cannot start an engine thread: {error}"));
    loop {
        match taken.recv_timeout(TICK) {
            Ok(outcome) => return Ok(outcome),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(stuck) = watch.look() {
                    return Err(stuck.operation());
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                panic!("internal error: the engine panicked while it explored, see above")
            }
        }
    }
}
