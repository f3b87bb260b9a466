//! The watchdog alone, on runtimes that are no runs.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::common::within;
use standstill::watchdog::{Stall, StallKind, Watchdog, Watching};
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, Notify};

const PATIENCE: Duration = Duration::from_millis(200);

fn watched(runtime: &Runtime) -> (Watching, Receiver<Stall>) {
    let (sender, stalls) = channel();
    let watching = Watchdog::new()
        .patience(PATIENCE)
        .on_stall(move |stall| {
            let _ = sender.send(stall.clone());
        })
        .watch(runtime.handle());
    (watching, stalls)
}

fn runtime(workers: usize) -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .expect("a runtime")
}

#[test]
fn a_runtime_that_does_not_answer_names_the_poll_that_keeps_it() {
    within(60, || {
        async fn blocker(signal: Arc<Notify>, ready: std::sync::mpsc::Receiver<()>) {
            signal.notify_one();
            let _ = ready.recv();
        }
        let runtime = runtime(1);
        let (_watching, stalls) = watched(&runtime);
        let (go_on, ready) = channel();
        runtime.spawn(blocker(Arc::default(), ready));
        let stall = stalls.recv().unwrap();
        assert_eq!(stall.kind, StallKind::Unresponsive);
        assert!(stall.for_ms >= 200);
        assert_eq!(stall.blocked.len(), 1);
        assert_eq!(stall.blocked[0].role, "blocker");
        assert!(stall.blocked[0].thread.as_ref().unwrap().asleep);
        assert_eq!(stall.workers, 1);
        let text = stall.to_string();
        assert!(
            text.contains("a poll of blocker has not returned for"),
            "{text}"
        );
        // It is told once, and again when it has recovered and stalls anew.
        assert_eq!(
            stalls.recv_timeout(2 * PATIENCE),
            Err(RecvTimeoutError::Timeout)
        );
        drop(go_on);
        runtime.block_on(async { tokio::time::sleep(2 * PATIENCE).await });
        let (_go_on, ready) = channel();
        runtime.spawn(blocker(Arc::default(), ready));
        assert_eq!(stalls.recv().unwrap().kind, StallKind::Unresponsive);
    });
}

#[test]
fn tasks_that_wait_for_each_other_are_named() {
    within(60, || {
        async fn transfer(from: Arc<Mutex<()>>, to: Arc<Mutex<()>>) {
            let _from = from.lock().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            let _to = to.lock().await;
        }
        async fn bystander() {
            tokio::time::sleep(Duration::from_secs(600)).await;
        }
        let runtime = runtime(2);
        let (_watching, stalls) = watched(&runtime);
        let (a, b) = (Arc::default(), Arc::default());
        runtime.spawn(bystander());
        runtime.spawn(transfer(Arc::clone(&a), Arc::clone(&b)));
        runtime.spawn(transfer(b, a));
        let stall = stalls.recv().unwrap();
        assert_eq!(stall.kind, StallKind::Deadlock);
        let text = stall.to_string();
        assert!(text.contains("transfer#1, spawned at "), "{text}");
        assert!(text.contains("transfer#2, spawned at "), "{text}");
        assert!(!text.contains("bystander"), "{text}");
        assert!(text.contains("; holds "), "{text}");
    });
}

#[test]
fn an_idle_service_and_a_slow_one_are_no_stall() {
    within(60, || {
        let runtime = runtime(2);
        let (watching, stalls) = watched(&runtime);
        runtime.spawn(async { std::future::pending::<()>().await });
        let lock = Arc::new(Mutex::new(()));
        runtime.block_on(async {
            let waiting = {
                let lock = Arc::clone(&lock);
                let guard = lock.clone().lock_owned().await;
                let task = tokio::spawn(async move { drop(lock.lock().await) });
                tokio::time::sleep(4 * PATIENCE).await;
                drop(guard);
                task
            };
            waiting.await.unwrap();
        });
        drop(watching);
        assert_eq!(stalls.recv(), Err(std::sync::mpsc::RecvError));
    });
}
