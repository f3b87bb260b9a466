//! Async tasks and threads in one run.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use standstill::graph::Why;
use standstill::{FindingKind, Hunt, Outcome, Preempt};
use standstill_std::sync::{Condvar, Mutex, RwLock, mpsc as std_mpsc};
use standstill_std::thread;
use tokio::sync::{mpsc, oneshot};

fn hunt<F, R>(preempt: Preempt, body: F) -> Outcome
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    Hunt::new("mixed")
        .schedules(1_000)
        .seed(1)
        .preempt(preempt)
        .run(body)
}

/// Nothing is found in either granularity, and no run had to give up preemption.
#[track_caller]
fn assert_clean<F, R>(body: F)
where
    F: Fn() -> R + Clone + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    for preempt in [Preempt::Op, Preempt::Await] {
        let outcome = hunt(preempt, body.clone());
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        outcome.assert_clean();
    }
}

#[test]
fn a_thread_sends_into_a_channel_of_tokio_and_receives_from_one() {
    assert_clean(|| async {
        let (requests, mut incoming) = mpsc::channel::<oneshot::Sender<u32>>(1);
        let thread = thread::spawn(move || {
            let mut sum = 0;
            for _ in 0..3 {
                let (answer, answered) = oneshot::channel();
                requests.blocking_send(answer).unwrap();
                sum += answered.blocking_recv().unwrap();
            }
            sum
        });
        let mut next = 0;
        while let Some(answer) = incoming.recv().await {
            next += 1;
            answer.send(next).unwrap();
        }
        assert_eq!(thread.join().unwrap(), 6);
    });
}

#[test]
fn a_std_mutex_is_shared_between_a_thread_and_tasks() {
    assert_clean(|| async {
        let count = Arc::new(Mutex::new(0));
        let tasks: Vec<_> = (0..2)
            .map(|_| {
                let count = Arc::clone(&count);
                tokio::spawn(async move {
                    *count.lock().unwrap() += 1;
                    tokio::task::yield_now().await;
                    *count.lock().unwrap() += 1;
                })
            })
            .collect();
        let shared = Arc::clone(&count);
        let thread = thread::spawn(move || {
            let mut count = shared.lock().unwrap();
            thread::sleep(Duration::from_secs(1));
            *count += 1;
        });
        for task in tasks {
            task.await.unwrap();
        }
        thread.join().unwrap();
        assert_eq!(*count.lock().unwrap(), 5);
    });
}

#[test]
fn a_blocking_task_waits_for_a_condition_that_an_async_one_brings_about() {
    assert_clean(|| async {
        let state = Arc::new((Mutex::new(false), Condvar::new()));
        let waiter = {
            let state = Arc::clone(&state);
            tokio::task::spawn_blocking(move || {
                let ready = state.0.lock().unwrap();
                let ready = state.1.wait_while(ready, |ready| !*ready).unwrap();
                *ready
            })
        };
        tokio::time::sleep(Duration::from_millis(1)).await;
        *state.0.lock().unwrap() = true;
        state.1.notify_one();
        assert!(waiter.await.unwrap());
    });
}

#[test]
fn a_lock_across_an_await_hangs_with_the_thread_that_wants_it() {
    for preempt in [Preempt::Op, Preempt::Await] {
        let outcome = hunt(preempt, || async {
            let lock = Arc::new(RwLock::new(0));
            let (done, finished) = oneshot::channel();
            let other = Arc::clone(&lock);
            let thread = thread::Builder::new()
                .name("writer".to_owned())
                .spawn(move || {
                    *other.write().unwrap() += 1;
                    done.send(()).unwrap();
                })
                .unwrap();
            let guard = lock.read().unwrap();
            finished.await.unwrap();
            drop(guard);
            thread.join().unwrap();
        });
        let finding = outcome.finding().expect("a finding");
        assert_eq!(finding.kind, FindingKind::Hang);
        let (writer, wait, blocker) = finding
            .core
            .iter()
            .map(|link| finding.graph.follow(*link))
            .find(|(task, _, _)| task.role == "writer")
            .expect("the writer is part of it");
        assert_eq!(writer.waits.len(), 1);
        let resource = &finding.graph.resources[wait.resource];
        assert_eq!(resource.type_text(), "std::sync::RwLock<i32>");
        assert_eq!(blocker.expect("a blocker").why, Why::Holds);
    }
}

#[test]
fn a_task_blocked_in_a_poll_on_a_std_channel_is_a_hang_and_no_wedge() {
    for preempt in [Preempt::Op, Preempt::Await] {
        let outcome = hunt(preempt, || async {
            let (sender, receiver) = std_mpsc::channel::<()>();
            let waits = tokio::spawn(async move { receiver.recv() });
            waits.await.unwrap().unwrap();
            drop(sender);
        });
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        let finding = outcome.finding().expect("a finding");
        assert_eq!(finding.kind, FindingKind::Hang);
        assert!(finding.panics.is_empty());
    }
}

#[test]
fn a_task_that_is_blocked_in_a_poll_is_aborted_when_the_poll_is_over() {
    assert_clean(|| async {
        let lock = Arc::new(Mutex::new(()));
        let guard = lock.lock().unwrap();
        let other = Arc::clone(&lock);
        let task = tokio::spawn(async move {
            drop(other.lock().unwrap());
            std::future::pending::<()>().await;
        });
        tokio::task::yield_now().await;
        task.abort();
        drop(guard);
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_locked_std_mutex_beside_a_timer_delays_nobody_else() {
    assert_clean(|| async {
        let lock = Arc::new(Mutex::new(()));
        let other = Arc::clone(&lock);
        let holder = thread::spawn(move || {
            let _guard = other.lock().unwrap();
            thread::sleep(Duration::from_secs(10));
        });
        let task = tokio::spawn(async move {
            tokio::time::timeout(Duration::from_secs(1), async {
                drop(lock.lock().unwrap());
            })
            .await
        });
        // Whether in time or not, the poll that waits for the lock comes to its end first.
        assert_eq!(task.await.unwrap(), Ok(()));
        holder.join().unwrap();
    });
}
