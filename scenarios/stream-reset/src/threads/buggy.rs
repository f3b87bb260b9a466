//! Before the fix: `monitor` stops reading and asks for the lock.

use std::time::Duration;

use standstill::Load;
use standstill_std::sync::{Arc, Mutex, mpsc};
use standstill_std::thread::{self, JoinHandle};

/// No thread panics while it holds a lock.
const UNPOISONED: &str = "nobody panics under this lock";

/// How long the monitor waits for a frame before it looks whether the connection was closed.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A frame was written: start the idle timer anew.
#[derive(Clone, Copy, Debug)]
struct Reset;

/// The connection is closed.
#[derive(Clone, Copy, Debug)]
struct EndOfFile;

/// Writes frames, and keeps the idle monitor informed.
#[derive(Debug)]
struct IdleAwareFramer {
    write_lock: Mutex<FrameWriter>,
}

/// What only one task at a time may do: write a frame, and close the reset channel.
#[derive(Debug)]
struct FrameWriter {
    frames: u32,
    /// None once the connection is closed.
    reset_chan: Option<mpsc::SyncSender<Reset>>,
}

impl IdleAwareFramer {
    fn write_frame(&self) -> Result<(), EndOfFile> {
        let mut writer = self.write_lock.lock().expect(UNPOISONED);
        let FrameWriter { frames, reset_chan } = &mut *writer;
        let Some(reset_chan) = reset_chan else {
            return Err(EndOfFile);
        };
        *frames += 1;
        reset_chan.send(Reset).map_err(|_| EndOfFile)
    }
}

/// The main thread: opens a connection, starts everybody, and waits for all of them.
pub fn run(load: Load) {
    let (reset_sender, reset_chan) = mpsc::sync_channel(usize::from(load.capacity));
    let (close_sender, close_chan) = mpsc::channel();
    let framer = Arc::new(IdleAwareFramer {
        write_lock: Mutex::new(FrameWriter {
            frames: 0,
            reset_chan: Some(reset_sender),
        }),
    });
    let mut threads = Vec::new();
    for _ in 0..load.writers {
        let framer = Arc::clone(&framer);
        threads.push(start("writer", move || writer(framer, load.rounds)));
    }
    threads.push(start("monitor", move || {
        monitor(framer, reset_chan, close_chan)
    }));
    threads.push(start("close", move || close(close_sender)));
    for thread in threads {
        thread.join().expect("a thread panicked");
    }
}

/// Writes frames for as long as the connection is open.
fn writer(framer: Arc<IdleAwareFramer>, rounds: u8) {
    for _ in 0..rounds {
        if framer.write_frame().is_err() {
            return;
        }
    }
}

/// Closes the connection, at a time of its own.
fn close(close_chan: mpsc::Sender<()>) {
    close_chan
        .send(())
        .expect("the monitor waits until the connection is closed");
}

/// Watches over an idle connection, until it is closed.
fn monitor(
    framer: Arc<IdleAwareFramer>,
    reset_chan: mpsc::Receiver<Reset>,
    close_chan: mpsc::Receiver<()>,
) {
    loop {
        if close_chan.try_recv().is_ok() {
            let mut writer = framer.write_lock.lock().expect(UNPOISONED);
            writer.reset_chan = None;
            return;
        }
        // Not for ever: the other channel wants to be looked at, too.
        let _ = reset_chan.recv_timeout(LOOK_AGAIN);
    }
}

/// Starts a thread that reports call by what it does.
#[track_caller]
fn start(role: &str, f: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = thread::Builder::new().name(role.to_owned()).spawn(f);
    thread.expect("the system has another thread")
}
