//! Whether a finding takes two worker threads, by trial.

#![expect(
    clippy::unwrap_used,
    reason = "in programs under test a panic is a finding"
)]

use std::sync::Arc;

use crate::common::{find, within};
use standstill::{Hunt, Preempt, Report, Workers};
use tokio::sync::{Mutex, Notify};

fn again(report: &Report) -> Report {
    let document = serde_json::to_string(report).unwrap();
    serde_json::from_str(&document).unwrap()
}

#[test]
fn two_lock_orders_need_one_worker_only_where_something_is_awaited_between_the_locks() {
    async fn locks(first: Arc<Mutex<()>>, second: Arc<Mutex<()>>, waits: bool) {
        let _first = first.lock().await;
        if waits {
            tokio::task::yield_now().await;
        }
        let _second = second.lock().await;
    }
    async fn both(waits: bool) {
        let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let one = tokio::spawn(locks(a.clone(), b.clone(), waits));
        let two = tokio::spawn(locks(b, a, waits));
        one.await.unwrap();
        two.await.unwrap();
    }
    within(60, || {
        let (_, outcome) = find(2_000, || both(true));
        let report = outcome.report().unwrap();
        assert_eq!(report.workers, Some(Workers::One));
        let text = report.to_string();
        assert!(text.contains("needs: one worker thread"), "{text}");
        assert_eq!(again(&report).workers, report.workers);
        let (_, outcome) = find(2_000, || both(false));
        let report = outcome.report().unwrap();
        assert_eq!(report.workers, Some(Workers::Two { tried: 300 }));
        let text = report.to_string();
        assert!(text.contains("needs: two tasks at once"), "{text}");
        assert_eq!(again(&report).workers, report.workers);
    });
}

#[test]
fn where_tasks_are_switched_at_awaits_alone_or_nothing_is_tried_nothing_is_said() {
    async fn lost() {
        let signal = Arc::new(Notify::new());
        let waits = Arc::clone(&signal);
        let waiter = tokio::spawn(async move { waits.notified().await });
        signal.notify_waiters();
        waiter.await.unwrap();
    }
    within(60, || {
        let hunt = || Hunt::new("test").schedules(500);
        let awaits = hunt().preempt(Preempt::Await).run(lost);
        assert_eq!(awaits.report().unwrap().workers, None);
        let as_found = hunt().minimise(0).run(lost);
        assert_eq!(as_found.report().unwrap().workers, None);
        let threads = hunt().run(|| async {
            let (_sender, receiver) = standstill_std::sync::mpsc::channel::<()>();
            let receives = standstill_std::thread::spawn(move || receiver.recv().is_ok());
            receives.join().unwrap();
        });
        assert_eq!(threads.report().unwrap().workers, None);
    });
}
