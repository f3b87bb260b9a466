// A cache that is read far more often than it is filled.

use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::RwLock;

type Cache = Arc<RwLock<HashMap<u32, u32>>>;

async fn square(cache: Cache, number: u32) -> u32 {
    let known = cache.read().await.get(&number).copied();
    match known {
        Some(square) => square,
        None => *cache.write().await.entry(number).or_insert(number * number),
    }
}

pub async fn right() {
    let cache = Cache::default();
    let tasks = [2, 2, 3].map(|number| tokio::spawn(square(Arc::clone(&cache), number)));
    let mut sum = 0;
    for task in tasks {
        sum += task.await.unwrap();
    }
    assert_eq!((sum, cache.read().await.len()), (17, 2));
}

/// The guard in the `match` expression lives until the end of the `match`.
async fn locked_square(cache: Cache, number: u32) -> u32 {
    match cache.read().await.get(&number) {
        Some(square) => *square,
        None => *cache.write().await.entry(number).or_insert(number * number),
    }
}

pub async fn wrong() {
    let cache = Cache::default();
    tokio::spawn(locked_square(cache, 2)).await.unwrap();
}
