//! The second version: it first waits for a permit to have a connection, and locks the list of idle
//! ones only while it looks at the list.

use crate::connection::Connection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::interval;

/// Idle connections.
type Idle = Arc<Mutex<Vec<Connection>>>;

pub struct Pool {
    idle: Idle,
    permits: Semaphore,
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
            permits: Semaphore::new(size),
            stop,
        }
    }

    /// Runs a query on some connection.
    pub async fn query(&self) {
        let _permit = self.permits.acquire().await.expect("never closed");
        let taken = self.idle.lock().await.pop();
        let mut connection = match taken {
            Some(connection) => connection,
            None => Connection::open().await,
        };
        connection.query().await;
        self.idle.lock().await.push(connection);
    }

    pub async fn close(self) {
        let _ = self.stop.send(());
        self.reaper.await.expect("the reaper does not panic");
        let idle = std::mem::take(&mut *self.idle.lock().await);
        for connection in idle {
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
        let old: Vec<_> = {
            let mut idle = idle.lock().await;
            idle.extract_if(.., |connection| connection.used.elapsed() > max_idle)
                .collect()
        };
        for connection in old {
            connection.close().await;
        }
    }
}
