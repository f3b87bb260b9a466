// Many concurrent tasks, and their results as they arrive.

use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub async fn right() {
    let mut set = JoinSet::new();
    for number in 1..=3 {
        set.spawn(async move { number * number });
    }
    let mut sum = 0;
    while let Some(square) = set.join_next().await {
        sum += square.unwrap();
    }
    assert_eq!(sum, 14);
}

async fn square(number: u32, results: mpsc::Sender<u32>) {
    results.send(number * number).await.unwrap();
}

/// The results are received only after all tasks have ended, and there is room for only one.
pub async fn wrong() {
    let (results, mut squares) = mpsc::channel(1);
    let mut set = JoinSet::new();
    for number in 1..=3 {
        set.spawn(square(number, results.clone()));
    }
    drop(results);
    while let Some(ended) = set.join_next().await {
        ended.unwrap();
    }
    while squares.recv().await.is_some() {}
}
