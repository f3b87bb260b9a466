//! Before the fix: an idle worker holds the read lock.

use standstill::Load;
use standstill_std::sync::{Arc, RwLock, mpsc};
use standstill_std::thread::{self, JoinHandle};

/// No thread panics while it holds a lock.
const UNPOISONED: &str = "nobody panics under this lock";

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

/// The main thread: starts workers and resyncs, and waits until the queues are shut down.
pub fn run(load: Load) {
    let worker_lock = Arc::new(RwLock::new(QuotaMonitor::default()));
    let mut threads = Vec::new();
    let mut queues = Vec::new();
    for _ in 0..load.workers {
        let (queue, items) = mpsc::channel();
        queues.push(queue);
        let worker_lock = Arc::clone(&worker_lock);
        threads.push(start("worker", move || worker(worker_lock, items)));
    }
    for queues in vec![queues; usize::from(load.writers)] {
        let worker_lock = Arc::clone(&worker_lock);
        threads.push(start("resync", move || {
            resync(worker_lock, queues, load.rounds)
        }));
    }
    for thread in threads {
        thread.join().expect("a thread panicked");
    }
}

/// Calculates the quotas in its queue, until the queue is shut down.
fn worker(worker_lock: Arc<RwLock<QuotaMonitor>>, queue: mpsc::Receiver<QuotaKey>) {
    loop {
        let monitor = worker_lock.read().expect(UNPOISONED);
        let Ok(key) = queue.recv() else {
            return;
        };
        monitor.sync_resource_quota(&key);
    }
}

/// Applies what discovery found, and enqueues the quotas that this concerns.
fn resync(worker_lock: Arc<RwLock<QuotaMonitor>>, queues: Vec<mpsc::Sender<QuotaKey>>, rounds: u8) {
    for round in 0..rounds {
        let mut monitor = worker_lock.write().expect(UNPOISONED);
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

/// Starts a thread that reports call by what it does.
#[track_caller]
fn start(role: &str, f: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = thread::Builder::new().name(role.to_owned()).spawn(f);
    thread.expect("the system has another thread")
}
