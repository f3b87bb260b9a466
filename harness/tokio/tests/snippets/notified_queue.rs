// A hand-written queue, with a `Notify` for its consumers.

use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::{Mutex, Notify};

#[derive(Default)]
struct Queue {
    items: Mutex<VecDeque<u32>>,
    arrived: Notify,
}

impl Queue {
    async fn push(&self, item: u32) {
        self.items.lock().await.push_back(item);
        self.arrived.notify_one();
    }

    async fn pop(&self) -> u32 {
        loop {
            if let Some(item) = self.items.lock().await.pop_front() {
                return item;
            }
            self.arrived.notified().await;
        }
    }

    async fn push_for_all(&self, item: u32) {
        self.items.lock().await.push_back(item);
        self.arrived.notify_waiters();
    }
}

pub async fn right() {
    let queue = Arc::new(Queue::default());
    let consumer = Arc::clone(&queue);
    let consumes = tokio::spawn(async move { consumer.pop().await + consumer.pop().await });
    queue.push(1).await;
    queue.push(2).await;
    assert_eq!(consumes.await.unwrap(), 3);
}

async fn consumer(queue: Arc<Queue>) -> u32 {
    queue.pop().await
}

/// `notify_waiters` stores nothing for a task that is about to wait.
pub async fn wrong() {
    let queue = Arc::new(Queue::default());
    let consumes = tokio::spawn(consumer(Arc::clone(&queue)));
    queue.push_for_all(1).await;
    assert_eq!(consumes.await.unwrap(), 1);
}
