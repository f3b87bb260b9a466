// A hub that sends every message to every subscriber.

use tokio::sync::broadcast;

async fn subscriber(mut news: broadcast::Receiver<u32>) -> u32 {
    news.recv().await.unwrap()
}

pub async fn right() {
    let (hub, _) = broadcast::channel(4);
    let readers: Vec<_> = (0..2)
        .map(|_| tokio::spawn(subscriber(hub.subscribe())))
        .collect();
    hub.send(7).unwrap();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), 7);
    }
}

async fn late_subscriber(hub: broadcast::Sender<u32>) -> u32 {
    hub.subscribe().recv().await.unwrap()
}

/// The task subscribes only when it runs, so it misses what was sent before.
pub async fn wrong() {
    let (hub, _keep) = broadcast::channel(4);
    let reader = tokio::spawn(late_subscriber(hub.clone()));
    hub.send(7).unwrap();
    assert_eq!(reader.await.unwrap(), 7);
}
