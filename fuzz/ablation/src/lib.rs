//! Programs whose bug takes a rare schedule: in each of several stages, one task must be held back
//! between two operations while another one makes at least [`TICKS`] steps. No branch of the code
//! tells how far a schedule has got.

use std::sync::Arc;

use standstill::{Load, Scenario, Variant};
use tokio::sync::Mutex;

/// How far the clock must go within one stage.
const TICKS: u32 = 6;

/// How often it ticks in all.
const ALL_TICKS: u32 = 40;

/// The clock: a task that ticks.
async fn clock(ticks: Arc<Mutex<u32>>) {
    for _ in 0..ALL_TICKS {
        *ticks.lock().await += 1;
    }
}

async fn first(ticks: &Mutex<u32>) -> u32 {
    let before = *ticks.lock().await;
    let after = *ticks.lock().await;
    u32::from(after - before >= TICKS)
}

async fn second(ticks: &Mutex<u32>) -> u32 {
    let before = *ticks.lock().await;
    let after = *ticks.lock().await;
    u32::from(after - before >= TICKS)
}

async fn third(ticks: &Mutex<u32>) -> u32 {
    let before = *ticks.lock().await;
    let after = *ticks.lock().await;
    u32::from(after - before >= TICKS)
}

async fn two(_: Load) {
    let ticks = Arc::default();
    let ticking = tokio::spawn(clock(Arc::clone(&ticks)));
    let slow = first(&ticks).await + second(&ticks).await;
    ticking.await.unwrap_or_else(|error| panic!("{error}"));
    assert!(slow < 2, "every stage was slow");
}

async fn three(_: Load) {
    let ticks = Arc::default();
    let ticking = tokio::spawn(clock(Arc::clone(&ticks)));
    let slow = first(&ticks).await + second(&ticks).await + third(&ticks).await;
    ticking.await.unwrap_or_else(|error| panic!("{error}"));
    assert!(slow < 3, "every stage was slow");
}

/// Two stages.
pub fn two_stages() -> Scenario {
    Scenario::new("two-stages", "two rare moments").variant(Variant::Buggy, two)
}

/// Three stages.
pub fn three_stages() -> Scenario {
    Scenario::new("three-stages", "three rare moments").variant(Variant::Buggy, three)
}
