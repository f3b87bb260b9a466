// A service that takes its configuration from a watch channel.

use std::sync::Arc;
use tokio::sync::watch;

async fn service(mut config: watch::Receiver<u32>) -> u32 {
    while *config.borrow_and_update() == 0 {
        config.changed().await.unwrap();
    }
    *config.borrow()
}

pub async fn right() {
    let (reload, config) = watch::channel(0);
    let service = tokio::spawn(service(config));
    reload.send(3).unwrap();
    assert_eq!(service.await.unwrap(), 3);
}

async fn waiting_service(reload: Arc<watch::Sender<u32>>) -> u32 {
    let mut config = reload.subscribe();
    config.changed().await.unwrap();
    *config.borrow()
}

/// A receiver that is created after the change counts it as seen.
pub async fn wrong() {
    let (reload, _config) = watch::channel(0);
    let reload = Arc::new(reload);
    let service = tokio::spawn(waiting_service(Arc::clone(&reload)));
    reload.send(3).unwrap();
    assert_eq!(service.await.unwrap(), 3);
}
