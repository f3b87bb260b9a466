//! After the fix: `drain` goes on reading while `monitor` asks for the lock.

use std::sync::Arc;

use standstill::Load;
use tokio::sync::{Mutex, mpsc, oneshot};

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
    reset_chan: Option<mpsc::Sender<Reset>>,
}

impl IdleAwareFramer {
    async fn write_frame(&self) -> Result<(), EndOfFile> {
        let mut writer = self.write_lock.lock().await;
        let FrameWriter { frames, reset_chan } = &mut *writer;
        let Some(reset_chan) = reset_chan else {
            return Err(EndOfFile);
        };
        *frames += 1;
        reset_chan.send(Reset).await.map_err(|_| EndOfFile)
    }
}

/// The root: opens a connection, starts everybody, and waits for all of them.
pub async fn run(load: Load) {
    let (reset_sender, reset_chan) = mpsc::channel(usize::from(load.capacity));
    let (close_sender, close_chan) = oneshot::channel();
    let framer = Arc::new(IdleAwareFramer {
        write_lock: Mutex::new(FrameWriter {
            frames: 0,
            reset_chan: Some(reset_sender),
        }),
    });
    let mut tasks = Vec::new();
    for _ in 0..load.writers {
        tasks.push(tokio::spawn(writer(Arc::clone(&framer), load.rounds)));
    }
    tasks.push(tokio::spawn(monitor(framer, reset_chan, close_chan)));
    tasks.push(tokio::spawn(close(close_sender)));
    for task in tasks {
        task.await.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Writes frames for as long as the connection is open.
async fn writer(framer: Arc<IdleAwareFramer>, rounds: u8) {
    for _ in 0..rounds {
        if framer.write_frame().await.is_err() {
            return;
        }
    }
}

/// Closes the connection, at a time of its own.
async fn close(close_chan: oneshot::Sender<()>) {
    close_chan
        .send(())
        .expect("the monitor waits until the connection is closed");
}

/// Watches over an idle connection, until it is closed.
async fn monitor(
    framer: Arc<IdleAwareFramer>,
    mut reset_chan: mpsc::Receiver<Reset>,
    mut close_chan: oneshot::Receiver<()>,
) {
    loop {
        tokio::select! {
            Some(Reset) = reset_chan.recv() => {}
            _ = &mut close_chan => {
                tokio::spawn(drain(reset_chan));
                let mut writer = framer.write_lock.lock().await;
                writer.reset_chan = None;
                return;
            }
        }
    }
}

/// Reads on, so that no writer waits for room, until the channel is closed.
async fn drain(mut reset_chan: mpsc::Receiver<Reset>) {
    while reset_chan.recv().await.is_some() {}
}
