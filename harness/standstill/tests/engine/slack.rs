//! Timers that fire although tasks are ready: only as far as there is slack, and never as a false alarm.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "in programs under test a panic is a finding"
)]

use std::sync::Arc;
use std::time::Duration;

use crate::common::{clean_by_each_strategy, replay, within};
#[cfg(feature = "shuttle")]
use standstill::EngineKind;
use standstill::trace::What;
use standstill::{DEFAULT_SLACK, FindingKind, Hunt, Outcome, Plan, Runner, Slack, Verdict};
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::{Instant, sleep, timeout};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

async fn generous_timeout() {
    let pool = Arc::new(Semaphore::new(0));
    let opens = Arc::clone(&pool);
    tokio::spawn(async move { opens.add_permits(1) });
    let got = timeout(Duration::from_secs(30), pool.acquire()).await;
    got.expect("the pool is idle").unwrap().forget();
}

async fn exact_time() {
    let start = Instant::now();
    let (answers, answer) = oneshot::channel();
    tokio::spawn(async move {
        sleep(ms(100)).await;
        answers.send(()).unwrap();
    });
    sleep(ms(50)).await;
    assert_eq!(start.elapsed().as_millis() / 10, 5);
    answer.await.unwrap();
}

/// The signal is lost if the one who waits for it has not begun to within 20 ms.
async fn signals_after_a_while() {
    let signal = Arc::new(Notify::new());
    let waits = Arc::clone(&signal);
    let waiter = tokio::spawn(async move {
        tokio::task::yield_now().await;
        waits.notified().await;
    });
    sleep(ms(20)).await;
    signal.notify_waiters();
    waiter.await.unwrap();
}

fn hunt() -> Hunt {
    Hunt::new("test").schedules(4_000).seed(1)
}

#[test]
fn a_timeout_beats_no_task_that_is_ready() {
    within(120, || {
        clean_by_each_strategy(4_000, generous_timeout);
        clean_by_each_strategy(4_000, exact_time);
        #[cfg(feature = "shuttle")]
        for program in [
            hunt().engine(EngineKind::Shuttle).run(generous_timeout),
            hunt().engine(EngineKind::Shuttle).run(exact_time),
        ] {
            assert_eq!(program.verdict, Verdict::Clean);
        }
    });
}

#[test]
fn a_panic_that_needs_slack_is_found_where_slack_is_asked_for() {
    within(120, || {
        let enough = hunt().slack(ms(30_000)).run(generous_timeout);
        assert_eq!(enough.finding().unwrap().kind, FindingKind::Panic);
        // The time-out lies farther away than that.
        let too_little = hunt().slack(ms(29_999)).run(generous_timeout);
        assert_eq!(too_little.verdict, Verdict::Clean);
        assert_eq!(hunt().slack(ms(0)).run(exact_time).verdict, Verdict::Clean);
        let finding = hunt().slack(ms(60)).run(exact_time);
        assert_eq!(finding.finding().unwrap().kind, FindingKind::Panic);
    });
}

/// The timers that fired early in the finding's run, in milliseconds.
fn early(outcome: &Outcome) -> Vec<u64> {
    let trace = outcome.found[0].trace.as_ref().unwrap();
    let ahead = trace.events.iter().filter_map(|event| match event.what {
        What::TimerFired { ahead_ms, .. } => Some(ahead_ms),
        _ => None,
    });
    ahead.collect()
}

#[test]
fn a_hang_that_needs_slack_is_found_last_and_reported_with_its_timer() {
    within(120, || {
        let none = hunt().slack(Slack::NONE).run(signals_after_a_while);
        assert_eq!(none.verdict, Verdict::Clean);
        let outcome = hunt().run(signals_after_a_while);
        let finding = outcome.finding().unwrap();
        assert_eq!(finding.kind, FindingKind::Hang);
        assert!(outcome.first_at >= Some(3_000), "{:?}", outcome.first_at);
        assert_eq!(early(&outcome), [20]);
        assert_eq!(
            outcome.plan.as_ref().unwrap().slack,
            Slack::from(DEFAULT_SLACK)
        );
        let report = outcome.report().unwrap();
        let text = report.to_string();
        let slack = text
            .lines()
            .skip_while(|line| !line.trim_start().starts_with("slack:"))
            .take(4)
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(" ");
        assert!(
            slack.contains("20 ms needed (it was not found without)"),
            "{text}"
        );
        assert!(slack.contains("the timer of root"), "{text}");
        assert!(slack.contains("slack.rs:"), "{text}");
        assert!(slack.contains("fires 20 ms early"), "{text}");
    });
}

#[test]
fn slack_that_a_hang_does_not_need_is_removed() {
    within(120, || {
        let outcome = hunt().slack(ms(500)).run(|| async {
            tokio::spawn(sleep(ms(5)));
            let signal = Arc::new(Notify::new());
            let waits = Arc::clone(&signal);
            let waiter = tokio::spawn(async move { waits.notified().await });
            signal.notify_waiters();
            waiter.await.unwrap();
        });
        assert_eq!(outcome.finding().unwrap().kind, FindingKind::Hang);
        let from = &outcome.found[0].minimised.as_ref().unwrap().from;
        assert_eq!(from.slack, Slack::Time(ms(500)));
        assert_eq!(outcome.plan.as_ref().unwrap().slack, Slack::NONE);
        assert_eq!(early(&outcome), Vec::<u64>::new());
        let report = outcome.report().unwrap();
        assert!(!report.minimised.unwrap().needs_slack);
        assert!(!report.to_string().contains("slack:"));
    });
}

#[test]
fn slack_is_spent_by_one_timer_after_the_other() {
    within(120, || {
        // The second timer fires 60 ms after the first.
        async fn two_in_a_row() {
            let beaten = Arc::new(std::sync::atomic::AtomicU32::new(0));
            let counts = Arc::clone(&beaten);
            let slow = tokio::spawn(async move {
                for _ in 0..8 {
                    tokio::task::yield_now().await;
                }
                counts.load(std::sync::atomic::Ordering::Relaxed)
            });
            for _ in 0..2 {
                sleep(ms(60)).await;
                beaten.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
            assert!(slow.await.unwrap() < 2, "beaten twice");
        }
        assert_eq!(
            hunt().slack(ms(119)).run(two_in_a_row).verdict,
            Verdict::Clean
        );
        let twice = hunt().slack(ms(125)).run(two_in_a_row);
        assert_eq!(twice.finding().unwrap().kind, FindingKind::Panic);
        assert_eq!(early(&twice).len(), 2);
    });
}

#[test]
fn who_waits_for_a_timer_by_yielding_gets_there_soon() {
    within(120, || {
        let outcome = hunt().slack(Slack::NONE).schedules(500).run(|| async {
            let done = Arc::new(tokio::sync::Mutex::new(false));
            let sets = Arc::clone(&done);
            tokio::spawn(async move {
                sleep(ms(3)).await;
                *sets.lock().await = true;
            });
            while !*done.lock().await {
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(outcome.verdict, Verdict::Clean);
        let steps_a_run = outcome.steps / outcome.schedules;
        assert!(steps_a_run < 2_500, "{steps_a_run}");
    });
}

#[test]
fn a_plan_of_the_first_format_still_counts_timers() {
    within(60, || {
        let outcome = hunt().slack(Slack::FourTimers).run(generous_timeout);
        assert_eq!(outcome.finding().unwrap().kind, FindingKind::Panic);
        let found = &outcome.found[0].minimised.as_ref().unwrap().from;
        let token = found.to_token();
        assert!(token.starts_with("ss1-"), "{token}");
        let again = Plan::from_token(&token).unwrap();
        assert_eq!(again, *found);
        let verdict = replay(&mut Runner::new(), &again, generous_timeout);
        assert_eq!(verdict.finding().unwrap().kind, FindingKind::Panic);
        let without = Plan {
            slack: Slack::NONE,
            ..again
        };
        assert!(without.to_token().starts_with("ss2-"));
        assert!(Plan::from_token(&without.to_token()).is_ok_and(|plan| plan == without));
    });
}
