// Limits the number of concurrent fetches.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

async fn fetch(page: u32) -> Vec<u32> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    if page < 2 { vec![2 * page + 2, 2 * page + 3] } else { Vec::new() }
}

async fn crawl(limit: Arc<Semaphore>, page: u32) -> u32 {
    let links = {
        let _permit = limit.acquire().await.unwrap();
        fetch(page).await
    };
    let mut pages = 1;
    for link in links {
        pages += tokio::spawn(Box::pin(leaf(Arc::clone(&limit), link))).await.unwrap();
    }
    pages
}

async fn leaf(limit: Arc<Semaphore>, page: u32) -> u32 {
    let _permit = limit.acquire().await.unwrap();
    fetch(page).await;
    1
}

pub async fn right() {
    let limit = Arc::new(Semaphore::new(2));
    let crawls = [0, 1].map(|page| tokio::spawn(crawl(Arc::clone(&limit), page)));
    for crawl in crawls {
        assert_eq!(crawl.await.unwrap(), 3);
    }
    assert_eq!(limit.available_permits(), 2);
}

/// Keeps its permit while it waits for a task that also needs one.
async fn greedy_crawl(limit: Arc<Semaphore>, page: u32) -> u32 {
    let _permit = limit.acquire().await.unwrap();
    let mut pages = 1;
    for link in fetch(page).await {
        pages += tokio::spawn(leaf(Arc::clone(&limit), link)).await.unwrap();
    }
    pages
}

pub async fn wrong() {
    let limit = Arc::new(Semaphore::new(2));
    let crawls = [0, 1].map(|page| tokio::spawn(greedy_crawl(Arc::clone(&limit), page)));
    for crawl in crawls {
        crawl.await.unwrap();
    }
}
