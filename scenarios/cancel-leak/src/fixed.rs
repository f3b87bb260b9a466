//! After the fix: a guard signals however the owner returns.

use std::sync::Arc;

use standstill::Load;
use tokio::sync::{Mutex, mpsc, watch};

/// What an owner and its receiver share. As in Go, neither channel closes while anybody who
/// waits on it is left.
#[derive(Debug)]
struct Channels {
    rchan: mpsc::Sender<u32>,
    cancel_chan: watch::Sender<bool>,
}

/// Signals when it is dropped: on every way out of the scope that has it.
#[derive(Debug)]
struct CancelOnDrop(Arc<Channels>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel_chan.send_replace(true);
    }
}

/// Where the owners fetch from.
#[derive(Debug)]
struct Upstream {
    connection: Mutex<Connection>,
}

#[derive(Debug)]
struct Connection {
    open: bool,
    fetched: u32,
}

/// The connection to the upstream is broken.
#[derive(Clone, Copy, Debug)]
struct Disconnected;

impl Upstream {
    async fn fetch(&self) -> Result<u32, Disconnected> {
        let mut connection = self.connection.lock().await;
        if !connection.open {
            return Err(Disconnected);
        }
        connection.fetched += 1;
        Ok(connection.fetched)
    }
}

/// The root: starts owners and writers and waits for them. Receivers are their owners' business.
pub async fn run(load: Load) {
    let upstream = Arc::new(Upstream {
        connection: Mutex::new(Connection {
            open: true,
            fetched: 0,
        }),
    });
    let mut owners = Vec::new();
    for _ in 0..load.workers {
        owners.push(tokio::spawn(owner(Arc::clone(&upstream), load.rounds)));
    }
    let mut writers = Vec::new();
    for _ in 0..load.writers {
        writers.push(tokio::spawn(disconnect(Arc::clone(&upstream))));
    }
    for owner in owners {
        // Either outcome is fine: a disconnect is no bug.
        let (Ok(()) | Err(Disconnected)) = owner.await.unwrap_or_else(|error| panic!("{error}"));
    }
    for writer in writers {
        writer.await.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Fetches values and has them handled elsewhere.
async fn owner(upstream: Arc<Upstream>, rounds: u8) -> Result<(), Disconnected> {
    let (rchan, values) = mpsc::channel(1);
    let channels = Arc::new(Channels {
        rchan,
        cancel_chan: watch::Sender::new(false),
    });
    tokio::spawn(receiver(Arc::clone(&channels), values));
    let _cancel = CancelOnDrop(Arc::clone(&channels));
    for _ in 0..rounds {
        let value = upstream.fetch().await?;
        channels
            .rchan
            .send(value)
            .await
            .expect("the receiver reads until it is cancelled");
    }
    Ok(())
}

/// Handles values until it is cancelled.
async fn receiver(channels: Arc<Channels>, mut values: mpsc::Receiver<u32>) {
    let mut cancelled = channels.cancel_chan.subscribe();
    loop {
        tokio::select! {
            Some(_value) = values.recv() => {}
            _ = cancelled.wait_for(|cancelled| *cancelled) => return,
        }
    }
}

/// Breaks the connection, at a time of its own.
async fn disconnect(upstream: Arc<Upstream>) {
    upstream.connection.lock().await.open = false;
}
