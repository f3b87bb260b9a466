//! Time: timeouts, tickers, and what goes on beside them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::time::{self, Instant};

use super::table::{Expect, Row};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::clean("a timeout that always wins", timeout_wins),
        Row::clean(
            "a lock asked for again after a timeout",
            retry_after_timeout,
        ),
        Row::new(
            "a holder that is sometimes slower than a timeout",
            Expect::Found("panic", &["the holder was too slow: Elapsed(())"]),
            timeout_may_win,
        )
        .with_slack(Duration::from_secs(60)),
        Row::clean(
            "the same holder where computing takes no time",
            timeout_may_win,
        ),
        Row::clean("a task that sleeps ten minutes and then ends", slow_end),
        Row::new(
            "a ticker that outlives the root",
            Expect::Found("leak", &["ticker sleep timer"]),
            leaked_ticker,
        ),
        Row::clean("a ticker that is told to stop", stopped_ticker),
        Row::new(
            "two locks in two orders beside a heartbeat",
            Expect::Found(
                "partial-hang",
                &["left lock Mutex<u16>", "right lock Mutex<u8>"],
            ),
            beside_a_heartbeat,
        ),
        Row::clean(
            "a poll of the clock until five seconds have passed",
            clock_poll,
        ),
    ]
}

async fn timeout_wins() {
    let lock = Mutex::new(0_u8);
    let _held = lock.lock().await;
    let waited = time::timeout(Duration::from_secs(600), lock.lock()).await;
    assert!(waited.is_err());
}

async fn hold_for(lock: Arc<Mutex<u8>>, time: Duration) {
    let _guard = lock.lock().await;
    time::sleep(time).await;
}

async fn retry_after_timeout() {
    let lock = Arc::default();
    let holder = tokio::spawn(hold_for(Arc::clone(&lock), Duration::from_secs(3)));
    while time::timeout(Duration::from_secs(1), lock.lock())
        .await
        .is_err()
    {}
    holder.await.unwrap();
}

async fn timeout_may_win() {
    let lock = Arc::default();
    let holder = tokio::spawn(hold_for(Arc::clone(&lock), Duration::ZERO));
    time::timeout(Duration::from_secs(1), lock.lock())
        .await
        .map(drop)
        .expect("the holder was too slow");
    holder.await.unwrap();
}

async fn slow_end() {
    tokio::spawn(time::sleep(Duration::from_secs(600)));
}

async fn ticker(mut receiver: Option<mpsc::Receiver<()>>) {
    let mut ticks = time::interval(Duration::from_secs(1));
    loop {
        match &mut receiver {
            None => {
                ticks.tick().await;
            }
            Some(receiver) => {
                tokio::select! {
                    _ = ticks.tick() => {}
                    _ = receiver.recv() => return,
                }
            }
        }
    }
}

async fn leaked_ticker() {
    tokio::spawn(ticker(None));
    time::sleep(Duration::from_secs(3)).await;
}

async fn stopped_ticker() {
    let (stop, stopped) = mpsc::channel(1);
    let ticker = tokio::spawn(ticker(Some(stopped)));
    time::sleep(Duration::from_secs(3)).await;
    drop(stop);
    ticker.await.unwrap();
}

async fn left(a: Arc<Mutex<u8>>, b: Arc<Mutex<u16>>) {
    let _a = a.lock().await;
    let _b = b.lock().await;
}

async fn right(a: Arc<Mutex<u8>>, b: Arc<Mutex<u16>>) {
    let _b = b.lock().await;
    let _a = a.lock().await;
}

async fn beside_a_heartbeat() {
    let heartbeat = tokio::spawn(ticker(None));
    let (a, b) = (Arc::default(), Arc::default());
    let left = tokio::spawn(left(Arc::clone(&a), Arc::clone(&b)));
    let right = tokio::spawn(right(a, b));
    left.await.unwrap();
    right.await.unwrap();
    heartbeat.abort();
}

async fn clock_poll() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(5) {
        time::sleep(Duration::from_secs(1)).await;
    }
}
