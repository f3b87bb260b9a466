use crate::is_pending;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at, sleep, sleep_until, timeout};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn sleeping_takes_as_long_as_it_says() {
    check(|| async {
        let begin = Instant::now();
        sleep(600 * SECOND).await;
        assert!(begin.elapsed() >= 600 * SECOND && begin.elapsed() < 601 * SECOND);
        let mut sleep = pin!(sleep_until(begin));
        assert!(!is_pending(sleep.as_mut()));
        assert!(sleep.is_elapsed());
        assert_eq!(sleep.deadline(), begin);
    });
}

#[test]
fn a_sleep_can_be_set_to_another_time() {
    check(|| async {
        let begin = Instant::now();
        let mut sleep = pin!(sleep(3600 * SECOND));
        assert!(is_pending(sleep.as_mut()));
        sleep.as_mut().reset(begin + 2 * SECOND);
        sleep.as_mut().await;
        assert!(begin.elapsed() < 3 * SECOND);
        sleep.as_mut().reset(begin + 4 * SECOND);
        assert!(!sleep.is_elapsed());
        sleep.await;
        assert!(begin.elapsed() >= 4 * SECOND);
    });
}

#[test]
fn a_timeout_prefers_the_value() {
    check(|| async {
        assert_eq!(timeout(Duration::ZERO, async { 1 }).await, Ok(1));
        let begin = Instant::now();
        let elapsed = timeout(SECOND, std::future::pending::<()>()).await;
        assert_eq!(elapsed.unwrap_err().to_string(), "deadline has elapsed");
        assert!(begin.elapsed() >= SECOND);
        let late = tokio::time::timeout_at(begin, std::future::pending::<()>()).await;
        assert!(late.is_err());
        assert_eq!(timeout(Duration::MAX, sleep(SECOND)).await, Ok(()));
        let mut timeout = timeout(SECOND, async { 2 });
        let _ = timeout.get_ref();
        let _ = timeout.get_mut();
        assert_eq!(timeout.into_inner().await, 2);
    });
}

#[test]
fn an_interval_ticks_at_once_and_then_every_period() {
    check(|| async {
        let begin = Instant::now();
        let mut interval = interval(SECOND);
        for number in 0..3 {
            let tick = interval.tick().await;
            assert_eq!(tick.duration_since(begin).as_secs(), number);
        }
        interval.reset();
        assert!(interval.tick().await >= begin + 3 * SECOND);
        interval.reset_immediately();
        assert!(interval.tick().await < begin + 4 * SECOND);
        interval.reset_after(5 * SECOND);
        assert!(interval.tick().await >= begin + 8 * SECOND);
        assert_eq!(interval.period(), SECOND);
    });
}

#[test]
fn missed_ticks_come_as_they_were_told_to() {
    check(|| async {
        for (behavior, expected) in [
            (MissedTickBehavior::Burst, [0, 1000, 2000, 3000]),
            (MissedTickBehavior::Delay, [0, 1000, 3500, 4500]),
            (MissedTickBehavior::Skip, [0, 1000, 3000, 4000]),
        ] {
            let begin = Instant::now();
            let mut interval = interval_at(begin, SECOND);
            interval.set_missed_tick_behavior(behavior);
            assert_eq!(interval.missed_tick_behavior(), behavior);
            let mut ticks = vec![interval.tick().await];
            sleep(2500 * Duration::from_millis(1)).await;
            for _ in 0..3 {
                ticks.push(interval.tick().await);
            }
            let ticks: Vec<_> = ticks
                .iter()
                .map(|tick| tick.duration_since(begin).as_millis())
                // tokio's clock rounds up to the next millisecond.
                .map(|tick| tick / 100 * 100)
                .collect();
            assert_eq!(ticks, expected, "{behavior:?}");
        }
    });
}

#[test]
fn timers_end_in_the_order_of_their_deadlines() {
    check(|| async {
        let begin = Instant::now();
        let tasks: Vec<_> = [3, 1, 2]
            .map(|number| {
                tokio::spawn(async move {
                    sleep(number * SECOND).await;
                    Instant::now()
                })
            })
            .into_iter()
            .collect();
        let mut ends = Vec::new();
        for task in tasks {
            ends.push(task.await.unwrap().duration_since(begin).as_secs());
        }
        assert!(ends[0] >= 3 && ends[1] >= 1 && ends[2] >= 2, "{ends:?}");
    });
}

#[test]
#[cfg(feature = "test-util")]
fn a_paused_clock_can_be_put_forward() {
    check(|| async {
        let begin = Instant::now();
        let mut sleep = pin!(sleep(SECOND));
        assert!(is_pending(sleep.as_mut()));
        tokio::time::advance(2 * SECOND).await;
        assert!(!is_pending(sleep.as_mut()));
        assert!(begin.elapsed() >= 2 * SECOND);
    });
}
