//! The first version: it looks for an idle connection. If there is none, it waits for a permit to open
//! another one.

use crate::connection::Connection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::interval;

/// Idle connections, each with its permit.
type Idle = Arc<Mutex<Vec<(Connection, OwnedSemaphorePermit)>>>;

pub struct Pool {
    idle: Idle,
    permits: Arc<Semaphore>,
    stop: oneshot::Sender<()>,
    reaper: JoinHandle<()>,
}

impl Pool {
    pub fn new(size: usize, max_idle: Duration) -> Self {
        let idle = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = oneshot::channel();
        Self {
            reaper: tokio::spawn(reap(Arc::clone(&idle), max_idle, stopped)),
            idle,
            permits: Arc::new(Semaphore::new(size)),
            stop,
        }
    }

    /// Runs a query on some connection.
    pub async fn query(&self) {
        let (mut connection, permit) = self.take().await;
        connection.query().await;
        self.idle.lock().await.push((connection, permit));
    }

    async fn take(&self) -> (Connection, OwnedSemaphorePermit) {
        let mut idle = self.idle.lock().await;
        match idle.pop() {
            Some(taken) => taken,
            None => {
                // The bug: a task must lock `idle` before it can release a permit.
                let permit = Arc::clone(&self.permits).acquire_owned().await;
                (Connection::open().await, permit.expect("never closed"))
            }
        }
    }

    pub async fn close(self) {
        let _ = self.stop.send(());
        self.reaper.await.expect("the reaper does not panic");
        for (connection, _permit) in self.idle.lock().await.drain(..) {
            connection.close().await;
        }
    }
}

/// Closes connections that were not used for long.
async fn reap(idle: Idle, max_idle: Duration, mut stopped: oneshot::Receiver<()>) {
    let mut ticks = interval(max_idle);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = &mut stopped => break,
        }
        let mut idle = idle.lock().await;
        let old = idle.extract_if(.., |(connection, _)| connection.used.elapsed() > max_idle);
        for (connection, _permit) in old {
            connection.close().await;
        }
    }
}
