//! Futurelocks: a future that holds a resource, or was just granted it, or queues for it, and that
//! nobody polls, since its owner awaits something else.

#![expect(
    clippy::unwrap_used,
    reason = "in programs under test a panic is a finding"
)]

use std::sync::Arc;
use std::time::Duration;

use crate::common::{clean, find, story, within};
use futures_util::StreamExt;
use futures_util::stream;
use standstill::graph::{Futurelock, Why};
use standstill::{Finding, FindingKind, Op, Outcome};
use tokio::sync::{Mutex, RwLock, mpsc, oneshot};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// What a hunt finds, and the futurelock in it.
#[track_caller]
fn futurelock<F, R>(body: F) -> (Finding, Outcome, Futurelock)
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let (finding, outcome) = find(500, body);
    assert_eq!(finding.kind, FindingKind::Hang);
    let Some(lock) = finding.graph.futurelock(&finding.core) else {
        panic!("no futurelock: {}", outcome.report().unwrap());
    };
    (finding, outcome, lock)
}

async fn holder(lock: Arc<Mutex<u32>>) {
    let _guard = lock.lock().await;
    sleep(5 * SECOND).await;
}

/// The program of the RFD that gave the pattern its name.
async fn select_over_a_borrowed_future() {
    let lock = Arc::new(Mutex::new(0));
    let holder = tokio::spawn(holder(Arc::clone(&lock)));
    sleep(SECOND).await;
    let mut increment = Box::pin(async { *lock.lock().await += 1 });
    tokio::select! {
        () = &mut increment => {}
        () = sleep(SECOND) => *lock.lock().await += 1,
    }
    holder.await.unwrap();
}

#[test]
fn a_select_over_a_borrowed_future_that_was_granted_the_lock_is_a_futurelock() {
    within(60, || {
        let (finding, outcome, lock) = futurelock(select_over_a_borrowed_future);
        assert_eq!((lock.owner, lock.why), (0, Why::Granted));
        assert_eq!(
            finding.graph.resources[lock.resource].type_text(),
            "Mutex<u32>"
        );
        let owner = &finding.graph.tasks[lock.owner];
        assert!(owner.waits[lock.wait].granted && owner.waits[lock.wait].unpolled);
        assert_eq!(story(&finding), [format!("{} lock Mutex<u32>", owner.role)]);
        let report = outcome.report().unwrap().to_string();
        let said = "futurelock: root waits for `lock`, which was granted to a future of root that \
                    root does not poll";
        assert!(report.contains(said), "{report}");
    });
}

#[test]
fn the_same_with_a_future_that_is_dropped_is_none() {
    within(60, || {
        clean(500, || async {
            let lock = Arc::new(Mutex::new(0));
            let holder = tokio::spawn(holder(Arc::clone(&lock)));
            tokio::select! {
                () = async { *lock.lock().await += 1 } => {}
                () = sleep(SECOND) => *lock.lock().await += 1,
            }
            holder.await.unwrap();
        });
    });
}

#[test]
fn a_future_that_holds_the_lock_and_is_not_polled_is_a_futurelock() {
    within(60, || {
        let (finding, outcome, lock) = futurelock(|| async {
            let lock = Arc::new(Mutex::new(0));
            let mut slow = Box::pin(async {
                let mut guard = lock.lock().await;
                sleep(5 * SECOND).await;
                *guard += 1;
            });
            tokio::select! {
                () = &mut slow => {}
                () = sleep(SECOND) => *lock.lock().await += 1,
            }
        });
        assert_eq!((lock.owner, lock.why), (0, Why::Holds));
        let stalled = &finding.graph.tasks[0].waits[lock.wait];
        assert_eq!((stalled.op, stalled.unpolled), (Op::Sleep, true));
        let report = outcome.report().unwrap().to_string();
        for said in [
            "root waits to lock `lock`, which it holds itself",
            "at the same time it keeps, without polling it, what waits for a timer",
            "if that is a part of a future which holds `lock`, this is a futurelock",
        ] {
            assert!(report.contains(said), "{report}");
        }
    });
}

#[test]
fn a_guard_in_the_body_is_no_futurelock() {
    within(60, || {
        let (finding, _) = find(10, || async {
            let lock = Mutex::new(0);
            let _guard = lock.lock().await;
            tokio::select! {
                mut again = lock.lock() => *again += 1,
                () = std::future::pending() => {}
            }
        });
        assert_eq!(finding.kind, FindingKind::Hang);
        assert_eq!(finding.graph.futurelock(&finding.core), None);
    });
}

/// The stream keeps the next item's future while the loop's body runs.
async fn buffered_stream() {
    let lock = Arc::new(Mutex::new(0));
    let items = stream::iter(0..3_u32).map(|number| {
        let lock = Arc::clone(&lock);
        async move {
            let mut guard = lock.lock().await;
            sleep(SECOND).await;
            *guard += number;
            number
        }
    });
    let mut items = Box::pin(items.buffered(2));
    while let Some(number) = items.next().await {
        *lock.lock().await += number;
    }
}

#[test]
fn a_buffered_stream_whose_next_item_was_granted_the_lock_is_a_futurelock() {
    within(60, || {
        let (finding, _, lock) = futurelock(buffered_stream);
        assert_eq!((lock.owner, lock.why), (0, Why::Granted));
        assert_eq!(finding.core.len(), 1);
    });
}

#[test]
fn a_buffered_stream_that_is_polled_is_none() {
    within(60, || {
        clean(500, || async {
            let lock = Arc::new(Mutex::new(0));
            let items = stream::iter(0..3_u32).map(|number| {
                let lock = Arc::clone(&lock);
                async move {
                    *lock.lock().await += number;
                    sleep(SECOND).await;
                    number
                }
            });
            let sum = items
                .buffer_unordered(2)
                .fold(0, |sum, number| async move { sum + number });
            assert_eq!(sum.await, 3);
        });
    });
}

async fn clerk(lock: Arc<Mutex<u32>>, mut requests: mpsc::Receiver<oneshot::Sender<u32>>) {
    while let Some(reply) = requests.recv().await {
        let _ = reply.send(*lock.lock().await);
    }
}

#[test]
fn a_futurelock_through_another_task_names_the_owner_of_the_future() {
    within(60, || {
        let (finding, outcome, lock) = futurelock(|| async {
            let lock = Arc::new(Mutex::new(0));
            let (requests, inbox) = mpsc::channel(1);
            let clerk = tokio::spawn(clerk(Arc::clone(&lock), inbox));
            let holder = tokio::spawn(holder(Arc::clone(&lock)));
            sleep(SECOND).await;
            let mut increment = Box::pin(async { *lock.lock().await += 1 });
            tokio::select! {
                () = &mut increment => {}
                () = sleep(SECOND) => {
                    let (reply, answer) = oneshot::channel();
                    requests.send(reply).await.unwrap();
                    answer.await.unwrap();
                }
            }
            drop(requests);
            clerk.await.unwrap();
            holder.await.unwrap();
        });
        assert_eq!((lock.owner, lock.why), (0, Why::Granted));
        assert_eq!(finding.core.len(), 2);
        let report = outcome.report().unwrap().to_string();
        let said = "futurelock: clerk waits for `lock`, which was granted to a future of root that \
                    root does not poll";
        assert!(report.contains(said), "{report}");
    });
}

async fn reader(lock: Arc<RwLock<u32>>, go: oneshot::Receiver<()>) -> u32 {
    let first = lock.read().await;
    go.await.unwrap();
    *first
}

#[test]
fn a_future_that_queues_without_being_polled_is_a_futurelock() {
    within(60, || {
        // The writer's future stands in the queue; the owner asks for what comes after it.
        let (_, _, lock) = futurelock(|| async {
            let lock = Arc::new(RwLock::new(0));
            let (go, gone) = oneshot::channel();
            let reader = tokio::spawn(reader(Arc::clone(&lock), gone));
            sleep(SECOND).await;
            let mut write = Box::pin(async { *lock.write().await += 1 });
            tokio::select! {
                // First, so that it is seen that the writer's future is not polled again.
                biased;
                () = sleep(SECOND) => assert_eq!(*lock.read().await, 0),
                () = &mut write => {}
            }
            go.send(()).unwrap();
            reader.await.unwrap();
        });
        assert_eq!((lock.owner, lock.why), (0, Why::Ahead));
    });
}
