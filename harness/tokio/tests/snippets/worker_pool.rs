// A pool of workers that share the receiving end of a channel.

use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

type Jobs = Arc<Mutex<mpsc::Receiver<u32>>>;

async fn worker(jobs: Jobs, results: mpsc::UnboundedSender<u32>) {
    loop {
        let job = jobs.lock().await.recv().await;
        let Some(job) = job else { break };
        let _ = results.send(job * job);
    }
}

fn start() -> (mpsc::Sender<u32>, mpsc::UnboundedReceiver<u32>, Vec<JoinHandle<()>>) {
    let (submit, jobs) = mpsc::channel(2);
    let (results, done) = mpsc::unbounded_channel();
    let jobs = Arc::new(Mutex::new(jobs));
    let workers = (0..2)
        .map(|_| tokio::spawn(worker(Arc::clone(&jobs), results.clone())))
        .collect();
    (submit, done, workers)
}

pub async fn right() {
    let (submit, mut done, workers) = start();
    for job in 1..=3 {
        submit.send(job).await.unwrap();
    }
    drop(submit);
    for worker in workers {
        worker.await.unwrap();
    }
    let mut sum = 0;
    while let Some(square) = done.recv().await {
        sum += square;
    }
    assert_eq!(sum, 14);
}

/// The pool still has a sender while it waits for its workers to run out of jobs.
pub async fn wrong() {
    let (submit, _done, workers) = start();
    submit.send(1).await.unwrap();
    for worker in workers {
        worker.await.unwrap();
    }
    drop(submit);
}
