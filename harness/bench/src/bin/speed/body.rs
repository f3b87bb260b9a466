// The program under measurement, compiled against three tokios: four workers take a lock and send,
// five rounds each, and one consumer receives.

use std::sync::Arc;

use super::tokio;
use tokio::sync::{Mutex, mpsc};

const WORKERS: usize = 4;
const ROUNDS: usize = 5;

async fn worker(counter: Arc<Mutex<u64>>, sender: mpsc::Sender<u64>) {
    for _ in 0..ROUNDS {
        let count = {
            let mut guard = counter.lock().await;
            *guard += 1;
            *guard
        };
        sender.send(count).await.expect("the consumer receives to the end");
    }
}

pub async fn body() {
    let counter = Arc::new(Mutex::new(0));
    let (sender, mut receiver) = mpsc::channel(8);
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| tokio::spawn(worker(Arc::clone(&counter), sender.clone())))
        .collect();
    drop(sender);
    let mut received = 0;
    while receiver.recv().await.is_some() {
        received += 1;
    }
    assert_eq!(received, WORKERS * ROUNDS);
    for worker in workers {
        worker.await.expect("no worker panics");
    }
}
