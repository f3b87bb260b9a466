use crate::panic_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep;

/// Records that it was dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_handle_hands_out_the_result_once_it_is_there() {
    check(|| async {
        let mut handle = tokio::spawn(async {
            yield_now().await;
            7
        });
        let id = handle.id();
        assert_eq!((&mut handle).await.unwrap(), 7);
        assert!(handle.is_finished());
        assert!(format!("{handle:?}").starts_with("JoinHandle { id: Id("));
        assert!(tokio::spawn(async move { tokio::task::id() != id }).await.unwrap());
        assert_eq!(tokio::task::try_id(), None, "the root is no task");
    });
}

#[test]
fn what_a_task_owns_is_gone_before_its_end_is_known() {
    check(|| async {
        let gone = Arc::new(AtomicBool::new(false));
        let owned = Dropped(Arc::clone(&gone));
        tokio::spawn(async move {
            yield_now().await;
            let _owned = &owned;
        })
        .await
        .unwrap();
        assert!(gone.load(Ordering::Relaxed));
    });
}

#[test]
fn an_aborted_task_is_cancelled_and_dropped() {
    check(|| async {
        let gone = Arc::new(AtomicBool::new(false));
        let owned = Dropped(Arc::clone(&gone));
        let handle = tokio::spawn(async move {
            let _owned = owned;
            std::future::pending::<()>().await;
        });
        yield_now().await;
        let abort = handle.abort_handle();
        assert_eq!(abort.id(), handle.id());
        abort.abort();
        let id = handle.id();
        let error = handle.await.unwrap_err();
        assert!(error.is_cancelled() && !error.is_panic());
        assert!(gone.load(Ordering::Relaxed) && abort.is_finished());
        assert_eq!(error.to_string(), format!("task {id} was cancelled"));
        assert_eq!(format!("{error:?}"), format!("JoinError::Cancelled({id:?})"));
        assert!(error.try_into_panic().is_err());
    });
}

#[test]
fn a_panic_is_handed_to_whoever_joins() {
    check(|| async {
        let handle = tokio::spawn(async { panic!("number {}", std::hint::black_box(3)) });
        let id = handle.id();
        let error = handle.await.unwrap_err();
        assert!(error.is_panic());
        assert_eq!(error.id(), id);
        assert_eq!(
            error.to_string(),
            format!("task {id} panicked with message \"number 3\"")
        );
        assert_eq!(
            format!("{error:?}"),
            format!("JoinError::Panic({id:?}, \"number 3\", ...)")
        );
        assert_eq!(*error.into_panic().downcast::<String>().unwrap(), "number 3");
        let error = tokio::spawn(async { std::panic::panic_any(3_u8) }).await.unwrap_err();
        assert_eq!(std::io::Error::from(error).to_string(), "task panicked");
    });
}

#[test]
fn a_dropped_handle_lets_the_task_go_on() {
    check(|| async {
        let (sender, receiver) = oneshot::channel();
        drop(tokio::spawn(async move {
            yield_now().await;
            sender.send(1).unwrap();
        }));
        assert_eq!(receiver.await, Ok(1));
    });
}

#[test]
fn a_set_is_joined_in_the_order_of_ending() {
    check(|| async {
        let mut set = JoinSet::new();
        for (number, seconds) in [(0, 3), (1, 1), (2, 2)] {
            set.spawn(async move {
                sleep(Duration::from_secs(seconds)).await;
                number
            });
        }
        assert_eq!(set.len(), 3);
        let mut order = Vec::new();
        // Each task ends before the next one is due, unless a timer fires early, which is allowed.
        while let Some(result) = set.join_next().await {
            order.push(result.unwrap());
        }
        order.sort_unstable();
        assert_eq!(order, [0, 1, 2]);
        assert!(set.is_empty() && set.try_join_next().is_none());
    });
}

#[test]
fn a_set_hands_out_ends_as_they_come() {
    check(|| async {
        let mut set = JoinSet::new();
        let (ends, mut ended) = mpsc::unbounded_channel();
        let mut starters = Vec::new();
        for number in 0..3 {
            let (start, started) = oneshot::channel::<()>();
            let ends = ends.clone();
            starters.push(Some(start));
            set.spawn(async move {
                started.await.unwrap();
                ends.send(number).unwrap();
                number
            });
        }
        for number in [2, 0, 1] {
            starters[number].take().unwrap().send(()).unwrap();
            assert_eq!(ended.recv().await, Some(number));
            assert_eq!(set.join_next().await.unwrap().unwrap(), number);
        }
        assert!(set.join_next().await.is_none());
    });
}

#[test]
fn a_set_tells_the_ids_and_failures_of_its_tasks() {
    check(|| async {
        let mut set = JoinSet::new();
        let id = set.spawn(async { 1 }).id();
        assert_eq!(set.join_next_with_id().await.unwrap().unwrap(), (id, 1));
        let abort = set.spawn(std::future::pending());
        abort.abort();
        assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
        set.spawn(async { panic!("no") });
        assert!(set.join_next().await.unwrap().unwrap_err().is_panic());
        set.spawn_blocking(|| 2);
        loop {
            if let Some(ended) = set.try_join_next_with_id() {
                assert_eq!(ended.unwrap().1, 2);
                break;
            }
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(format!("{set:?}"), "JoinSet { len: 0 }");
    });
}

#[test]
fn a_set_takes_its_tasks_down_with_it() {
    check(|| async {
        let gone = Arc::new(AtomicBool::new(false));
        let owned = Dropped(Arc::clone(&gone));
        let mut set = JoinSet::new();
        set.spawn(async move {
            let _owned = owned;
            std::future::pending::<()>().await;
        });
        yield_now().await;
        set.shutdown().await;
        assert!(gone.load(Ordering::Relaxed) && set.is_empty());

        let (sender, receiver) = oneshot::channel::<()>();
        set.spawn(async move {
            let _sender = sender;
            std::future::pending::<()>().await;
        });
        drop(set);
        assert!(receiver.await.is_err());

        let (sender, receiver) = oneshot::channel();
        let mut set = JoinSet::new();
        set.spawn(async move {
            yield_now().await;
            sender.send(()).unwrap();
        });
        set.detach_all();
        drop(set);
        assert_eq!(receiver.await, Ok(()));
    });
}

#[test]
fn a_set_is_made_of_futures_and_joined_as_a_whole() {
    check(|| async {
        let set: JoinSet<_> = (0..3).map(|number| async move { number }).collect();
        let mut all = set.join_all().await;
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2]);
    });
}

#[test]
fn handles_of_the_runtime_spawn_and_block() {
    check(|| async {
        let runtime = tokio::runtime::Handle::current();
        assert_eq!(runtime.spawn(async { 1 }).await.unwrap(), 1);
        let inner = runtime.clone();
        let task = runtime.spawn_blocking(move || inner.block_on(async { 2 }));
        assert_eq!(task.await.unwrap(), 2);
        let mut set = JoinSet::new();
        set.spawn_on(async { 3 }, &runtime);
        set.spawn_blocking_on(|| 4, &runtime);
        let mut all = set.join_all().await;
        all.sort_unstable();
        assert_eq!(all, [3, 4]);
        let said = panic_of(|| runtime.block_on(async {}));
        assert!(said.starts_with("Cannot start a runtime from within a runtime."), "{said}");
    });
}

#[test]
fn joins_wait_for_all_and_stop_at_the_first_error() {
    check(|| async {
        let both = tokio::join!(async { 1 }, async {
            yield_now().await;
            2
        });
        assert_eq!(both, (1, 2));
        let failed = tokio::try_join!(async { Ok::<_, u8>(1) }, async { Err::<(), _>(3) });
        assert_eq!(failed, Err(3));
        let pinned = async { 5 };
        tokio::pin!(pinned);
        assert_eq!(pinned.as_mut().await, 5);
        assert_eq!(tokio::task::unconstrained(async { 6 }).await, 6);
        tokio::task::coop::consume_budget().await;
    });
}
