//! After the fix: an idle worker holds nothing.

use std::sync::Arc;

use standstill::Load;
use tokio::sync::{RwLock, mpsc};

/// What the worker lock keeps still while a quota is calculated.
#[derive(Debug, Default)]
struct QuotaMonitor {
    /// How often the set of monitored resources has changed.
    generation: u32,
}

impl QuotaMonitor {
    fn resync_monitors(&mut self) {
        self.generation += 1;
    }

    fn sync_resource_quota(&self, key: &QuotaKey) {
        assert!(
            self.generation >= key.generation,
            "a quota was enqueued for monitors that are not there yet"
        );
    }
}

/// An item of the work queue: a quota whose usage has to be calculated again.
#[derive(Debug)]
struct QuotaKey {
    /// The monitors that made it necessary.
    generation: u32,
}

/// The root: starts workers and resyncs, and waits until the queues are shut down.
pub async fn run(load: Load) {
    let worker_lock = Arc::new(RwLock::new(QuotaMonitor::default()));
    let mut tasks = Vec::new();
    let mut queues = Vec::new();
    for _ in 0..load.workers {
        let (queue, items) = mpsc::unbounded_channel();
        queues.push(queue);
        tasks.push(tokio::spawn(worker(Arc::clone(&worker_lock), items)));
    }
    for queues in vec![queues; usize::from(load.writers)] {
        let worker_lock = Arc::clone(&worker_lock);
        tasks.push(tokio::spawn(resync(worker_lock, queues, load.rounds)));
    }
    for task in tasks {
        task.await.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Calculates the quotas in its queue, until the queue is shut down.
async fn worker(
    worker_lock: Arc<RwLock<QuotaMonitor>>,
    mut queue: mpsc::UnboundedReceiver<QuotaKey>,
) {
    loop {
        let Some(key) = queue.recv().await else {
            return;
        };
        let monitor = worker_lock.read().await;
        monitor.sync_resource_quota(&key);
    }
}

/// Applies what discovery found, and enqueues the quotas that this concerns.
async fn resync(
    worker_lock: Arc<RwLock<QuotaMonitor>>,
    queues: Vec<mpsc::UnboundedSender<QuotaKey>>,
    rounds: u8,
) {
    for round in 0..rounds {
        let mut monitor = worker_lock.write().await;
        monitor.resync_monitors();
        let key = QuotaKey {
            generation: monitor.generation,
        };
        drop(monitor);
        let queue = &queues[usize::from(round) % queues.len()];
        queue
            .send(key)
            .expect("a worker goes on for as long as its queue has a sender");
    }
}
