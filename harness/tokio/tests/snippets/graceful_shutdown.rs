// Workers that finish when they are told to stop.

use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

async fn worker(stop: CancellationToken, mut jobs: mpsc::Receiver<u32>) {
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            job = jobs.recv() => match job {
                Some(_) => tokio::time::sleep(Duration::from_millis(1)).await,
                None => break,
            },
        }
    }
}

pub async fn right() {
    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    let (submit, jobs) = mpsc::channel(1);
    tracker.spawn(worker(stop.child_token(), jobs));
    submit.send(1).await.unwrap();
    stop.cancel();
    tracker.close();
    tracker.wait().await;
}

async fn deaf_worker(stop: CancellationToken, mut jobs: mpsc::Receiver<u32>) {
    while !stop.is_cancelled() {
        if jobs.recv().await.is_none() {
            break;
        }
    }
}

/// The worker checks only between two jobs whether it was told to stop.
pub async fn wrong() {
    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    let (submit, jobs) = mpsc::channel(1);
    tracker.spawn(deaf_worker(stop.child_token(), jobs));
    submit.send(1).await.unwrap();
    stop.cancel();
    tracker.close();
    tracker.wait().await;
    drop(submit);
}
