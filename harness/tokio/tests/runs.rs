//! What the drop-in reports to the engine, as seen from outside: whole runs and their findings.
#![cfg(feature = "standstill")]

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use standstill_hunt::{Hunt, Outcome};
use standstill_model::graph::Why;
use standstill_model::{Finding, FindingKind, Undecided, Verdict};
use standstill_rt::{Op, ResourceKind};
use standstill_tokio as tokio;
use tokio::sync::{Mutex, Notify, OnceCell, RwLock, Semaphore, broadcast, mpsc, oneshot, watch};
use tokio::task::JoinSet;

fn hunt<F, R>(body: F) -> Outcome
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    Hunt::new("run").schedules(500).seed(3).run(body)
}

/// The finding of a hunt.
#[track_caller]
fn found<F, R>(body: F) -> Finding
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let outcome = hunt(body);
    let Some(finding) = outcome.finding() else {
        panic!("nothing found: {}", outcome.verdict);
    };
    finding.clone()
}

/// The waits of the root in a hang: the operation, the resource and why each one lasts.
#[track_caller]
fn root_waits<F, R>(body: F) -> Vec<(Op, ResourceKind, Vec<Why>)>
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let finding = found(body);
    assert_eq!(finding.kind, FindingKind::Hang);
    let root = &finding.graph.tasks[0];
    assert!(
        root.waits
            .iter()
            .all(|wait| wait.at.file.ends_with("runs.rs"))
    );
    root.waits
        .iter()
        .map(|wait| {
            let kind = finding.graph.resources[wait.resource].kind;
            let why = wait.blockers.iter().map(|blocker| blocker.why).collect();
            (wait.op, kind, why)
        })
        .collect()
}

#[test]
fn a_lost_notification_is_found() {
    // The flag is checked before the wait begins, so a notification in between is lost.
    let finding = found(|| async {
        let state = Arc::new((StdMutex::new(false), Notify::new()));
        let other = Arc::clone(&state);
        let task = tokio::spawn(async move {
            *other.0.lock().unwrap() = true;
            other.1.notify_waiters();
        });
        let ready = *state.0.lock().unwrap();
        if !ready {
            state.1.notified().await;
        }
        task.await.unwrap();
    });
    assert_eq!(finding.kind, FindingKind::Hang);
    let wait = &finding.graph.tasks[0].waits[0];
    assert_eq!(wait.op, Op::Notified);
}

#[test]
fn locks_in_two_orders_are_found_with_their_holders() {
    let finding = found(|| async {
        let locks = Arc::new((Mutex::new(1), RwLock::new(2)));
        let other = Arc::clone(&locks);
        let task = tokio::spawn(async move {
            let _write = other.1.write().await;
            let _lock = Arc::new(other.0.lock().await);
        });
        {
            let _lock = locks.0.lock().await;
            let _read = locks.1.read().await;
        }
        task.await.unwrap();
    });
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(finding.core.len(), 2);
    for task in &finding.graph.tasks {
        assert_eq!(task.waits[0].blockers[0].why, Why::Holds);
        assert_eq!(task.holds.len(), 1);
    }
}

#[test]
fn every_wait_says_for_what() {
    type Waits = Vec<(Op, ResourceKind, Vec<Why>)>;
    let alone = |op, kind| -> Waits { vec![(op, kind, vec![])] };

    let waits = root_waits(|| async {
        let semaphore = Arc::new(Semaphore::new(2));
        let _permit = Arc::clone(&semaphore).acquire_owned().await.unwrap();
        let _ = semaphore.acquire_many(2).await;
    });
    assert_eq!(
        (waits[0].0, waits[0].1),
        (Op::Acquire, ResourceKind::Semaphore)
    );

    let waits = root_waits(|| async {
        let (sender, mut receiver) = mpsc::channel::<u8>(1);
        receiver.recv().await;
        drop(sender);
    });
    assert_eq!(waits, alone(Op::Recv, ResourceKind::Channel));

    let waits = root_waits(|| async {
        let (sender, receiver) = mpsc::channel(1);
        sender.send(1).await.unwrap();
        let _ = sender.reserve().await;
        drop(receiver);
    });
    assert_eq!(waits, alone(Op::Reserve, ResourceKind::Channel));

    let waits = root_waits(|| async {
        let (sender, receiver) = oneshot::channel::<u8>();
        let _ = receiver.await;
        drop(sender);
    });
    assert_eq!(waits, alone(Op::Recv, ResourceKind::Oneshot));

    let waits = root_waits(|| async {
        let (sender, mut receiver) = watch::channel(0);
        let _ = receiver.wait_for(|value| *value > 0).await;
        drop(sender);
    });
    assert_eq!(waits, alone(Op::Changed, ResourceKind::Watch));

    let waits = root_waits(|| async {
        let (sender, mut receiver) = broadcast::channel::<u8>(1);
        let _ = receiver.recv().await;
        drop(sender);
    });
    assert_eq!(waits, alone(Op::Recv, ResourceKind::Broadcast));
}

#[test]
fn a_select_waits_for_all_of_its_branches() {
    let waits = root_waits(|| async {
        let (notify, (sender, mut receiver)) = (Notify::new(), mpsc::unbounded_channel::<u8>());
        tokio::select! {
            () = notify.notified() => {}
            _ = receiver.recv() => {}
        }
        drop(sender);
    });
    let mut ops: Vec<_> = waits.iter().map(|wait| wait.0).collect();
    ops.sort_unstable();
    assert_eq!(ops, [Op::Recv, Op::Notified]);
}

#[test]
fn waiting_for_a_set_is_waiting_for_its_tasks() {
    let finding = found(|| async {
        let mut set = JoinSet::new();
        set.spawn(std::future::ready(()));
        set.spawn(std::future::pending());
        while set.join_next().await.is_some() {}
    });
    let wait = &finding.graph.tasks[0].waits[0];
    assert_eq!(finding.graph.tasks[0].waits.len(), 1);
    assert_eq!((wait.op, wait.blockers[0].why), (Op::JoinNext, Why::Joined));
}

#[test]
fn whoever_fills_a_cell_holds_it_and_others_wait_for_it() {
    let finding = found(|| async {
        let cell = Arc::new(OnceCell::new());
        let other = Arc::clone(&cell);
        let task = tokio::spawn(async move {
            other.get_or_init(std::future::pending::<u8>).await;
        });
        cell.get_or_init(std::future::pending::<u8>).await;
        task.await.unwrap();
    });
    let holders = finding
        .graph
        .tasks
        .iter()
        .filter(|task| !task.holds.is_empty());
    assert_eq!(holders.count(), 1);
    let waits: Vec<_> = finding
        .graph
        .tasks
        .iter()
        .flat_map(|task| &task.waits)
        .collect();
    assert!(
        waits
            .iter()
            .any(|wait| wait.op == Op::Init && wait.blockers[0].why == Why::Holds)
    );
}

#[test]
fn a_select_starts_anywhere() {
    let seen = Arc::new(StdMutex::new(BTreeSet::new()));
    let all = Arc::clone(&seen);
    let outcome = hunt(move || {
        let all = Arc::clone(&all);
        async move {
            let branch = tokio::select! {
                () = async {} => 0,
                () = async {} => 1,
                () = async {} => 2,
            };
            all.lock().unwrap().insert(branch);
        }
    });
    outcome.assert_clean();
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[test]
fn ids_and_times_are_the_same_in_every_replay() {
    let seen = Arc::new(StdMutex::new(BTreeSet::new()));
    let all = Arc::clone(&seen);
    let outcome = hunt(move || {
        let all = Arc::clone(&all);
        async move {
            let task = tokio::spawn(async { tokio::task::id().to_string() });
            let id = task.id().to_string();
            assert_eq!(task.await.unwrap(), id);
            all.lock().unwrap().insert(id);
        }
    });
    outcome.assert_clean();
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[test]
fn a_send_while_the_value_is_borrowed_by_the_same_task_is_a_hang() {
    let finding = found(|| async {
        let (sender, receiver) = watch::channel(0);
        let _borrowed = receiver.borrow();
        sender.send_replace(1);
    });
    assert_eq!(finding.kind, FindingKind::Hang);
    let wait = &finding.graph.tasks[0].waits[0];
    assert_eq!((wait.op, wait.blockers[0].task), (Op::Send, 0));
}

#[test]
fn what_needs_a_runtime_of_its_own_is_refused_by_name() {
    for (name, body) in [
        (
            "tokio::runtime::Runtime",
            (|| drop(tokio::runtime::Runtime::new())) as fn(),
        ),
        ("tokio::runtime::Builder::build", || {
            drop(tokio::runtime::Builder::new_current_thread().build());
        }),
        #[cfg(feature = "test-util")]
        ("tokio::time::resume", tokio::time::resume),
    ] {
        let outcome = hunt(move || async move { body() });
        let Verdict::Undecided(Undecided::Unmodelled { what, .. }) = outcome.verdict else {
            panic!("{name}: {}", outcome.verdict);
        };
        assert_eq!(what, name);
    }
}

#[test]
fn a_timeout_may_beat_a_busy_holder() {
    let seen = Arc::new(StdMutex::new(BTreeSet::new()));
    let all = Arc::clone(&seen);
    let outcome = Hunt::new("run").schedules(5_000).seed(3).run(move || {
        let all = Arc::clone(&all);
        async move {
            let mutex = Arc::new(Mutex::new(()));
            let other = Arc::clone(&mutex);
            let task = tokio::spawn(async move {
                let _guard = other.lock().await;
                for _ in 0..8 {
                    tokio::task::yield_now().await;
                }
            });
            let timely = tokio::time::timeout(Duration::from_millis(5), mutex.lock())
                .await
                .is_ok();
            all.lock().unwrap().insert(timely);
            task.await.unwrap();
        }
    });
    outcome.assert_clean();
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[test]
fn what_dies_with_a_run_dies_quietly() {
    // All these waits are left hanging. Closing the run must neither panic nor hang.
    let finding = found(|| async {
        let (sender, receiver) = watch::channel(0);
        let (values, mut incoming) = mpsc::channel::<u8>(1);
        let mutex = Arc::new(Mutex::new(0));
        let mut set = JoinSet::new();
        for _ in 0..2 {
            let (mutex, mut receiver, values) =
                (Arc::clone(&mutex), receiver.clone(), values.clone());
            set.spawn(async move {
                let _guard = mutex.lock_owned().await;
                let _permit = values.reserve().await;
                let _ = receiver.wait_for(|value| *value > 0).await;
            });
        }
        let blocking = Arc::clone(&mutex);
        set.spawn_blocking(move || {
            let _guard = blocking.blocking_lock();
            let _ = incoming.blocking_recv();
            let _ = incoming.blocking_recv();
        });
        while set.join_next().await.is_some() {}
        drop(sender);
    });
    assert_eq!(finding.kind, FindingKind::Hang);
}
