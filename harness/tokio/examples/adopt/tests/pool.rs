//! The pool under thousands of schedules.

use std::sync::Arc;
use std::time::Duration;

/// Two clients of a pool with one connection.
macro_rules! two_clients {
    ($version:ident) => {{
        let pool = Arc::new(adopt::$version::Pool::new(1, Duration::from_secs(1)));
        let other = Arc::clone(&pool);
        let client = tokio::spawn(async move { other.query().await });
        pool.query().await;
        client.await.unwrap();
        Arc::into_inner(pool).unwrap().close().await;
    }};
}

#[standstill::test]
async fn the_second_version_serves_everybody() {
    two_clients!(second);
}

/// The result of the same test for the first version.
#[test]
fn the_first_version_hangs() {
    let outcome = standstill::Hunt::new("pool")
        .seed(7)
        .run(|| async { two_clients!(first) });
    let report = outcome.report().expect("a finding").to_string();
    println!("{report}");
    assert_eq!(outcome.verdict.name(), "hang");
    for part in [
        "holds `idle`",
        "waits for a permit of `permits`",
        "src/first.rs",
    ] {
        assert!(report.contains(part), "{report}");
    }
}

/// An ordinary test for tokio still runs as before.
#[tokio::test(start_paused = true)]
async fn a_query_takes_as_long_as_it_takes() {
    let began = tokio::time::Instant::now();
    let pool = adopt::second::Pool::new(1, Duration::from_secs(1));
    pool.query().await;
    assert_eq!(began.elapsed(), Duration::from_millis(25));
    pool.close().await;
}
