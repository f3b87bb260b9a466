// Tries again when an attempt takes too long.

use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(1);

async fn attempt(connections: &Semaphore, number: u64) -> u64 {
    let _connection = connections.acquire().await.unwrap();
    sleep(Duration::from_secs(3 - number)).await;
    number
}

pub async fn right() {
    let connections = Semaphore::new(1);
    for number in 0..3 {
        if timeout(PATIENCE, attempt(&connections, number)).await.is_ok() {
            break;
        }
    }
    assert_eq!(connections.available_permits(), 1);
}

async fn leaky_attempt(connections: &Semaphore, number: u64) {
    connections.acquire().await.unwrap().forget();
    sleep(Duration::from_secs(120 - number)).await;
    connections.add_permits(1);
}

/// A cancelled attempt never reaches the line that returns the connection.
pub async fn wrong() {
    let connections = Semaphore::new(1);
    while timeout(PATIENCE, leaky_attempt(&connections, 0)).await.is_err() {
        let _ready = connections.acquire().await.unwrap();
    }
}
