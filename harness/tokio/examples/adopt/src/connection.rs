//! The connections in the pool.

use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Stands in for a connection to a server: opening and closing it takes some time.
#[derive(Debug)]
pub struct Connection {
    pub used: Instant,
}

impl Connection {
    pub async fn open() -> Self {
        sleep(Duration::from_millis(20)).await;
        Self {
            used: Instant::now(),
        }
    }

    pub async fn query(&mut self) {
        sleep(Duration::from_millis(5)).await;
        self.used = Instant::now();
    }

    pub async fn close(self) {
        sleep(Duration::from_millis(10)).await;
    }
}
