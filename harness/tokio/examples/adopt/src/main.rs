//! Runs some queries concurrently. Both versions succeed most of the time.

use adopt::second::Pool;
use std::any::type_name;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

#[tokio::main]
async fn main() {
    let pool = Arc::new(Pool::new(2, Duration::from_secs(1)));
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let pool = Arc::clone(&pool);
        clients.spawn(async move { pool.query().await });
    }
    clients.join_all().await;
    Arc::into_inner(pool)
        .expect("the clients are gone")
        .close()
        .await;
    println!("8 queries with {}", type_name::<tokio::sync::Semaphore>());
}
