use std::cell::RefCell;
use std::rc::Rc;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, LocalSet, spawn_local, yield_now};

#[test]
fn local_tasks_share_what_cannot_be_sent() {
    check(|| async {
        let set = LocalSet::new();
        let log = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&log);
        set.run_until(async move {
            let tasks: Vec<_> = (0..3)
                .map(|number| {
                    let log = Rc::clone(&log);
                    spawn_local(async move {
                        for round in 0..2 {
                            log.borrow_mut().push((number, round));
                            yield_now().await;
                        }
                        number
                    })
                })
                .collect();
            for (number, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), number);
            }
        })
        .await;
        let mut seen = seen.borrow().clone();
        seen.sort_unstable();
        assert_eq!(seen, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
    });
}

#[test]
fn local_tasks_talk_to_others() {
    check(|| async {
        let (requests, mut inbox) = mpsc::channel::<oneshot::Sender<u32>>(1);
        let server = tokio::spawn(async move {
            let mut served = 0;
            while let Some(reply) = inbox.recv().await {
                served += 1;
                reply.send(served).unwrap();
            }
            served
        });
        let set = LocalSet::new();
        for _ in 0..2 {
            let requests = requests.clone();
            set.spawn_local(async move {
                let (reply, answer) = oneshot::channel();
                requests.send(reply).await.unwrap();
                assert!((1..=2).contains(&answer.await.unwrap()));
            });
        }
        drop(requests);
        set.await;
        assert_eq!(server.await.unwrap(), 2);
    });
}

#[test]
fn a_local_task_fails_and_is_aborted_like_any_other() {
    check(|| async {
        LocalSet::new()
            .run_until(async {
                let aborted = spawn_local(std::future::pending::<()>());
                aborted.abort();
                assert!(aborted.await.unwrap_err().is_cancelled());
                let failed = spawn_local(async { panic!("on purpose") });
                assert!(failed.await.unwrap_err().is_panic());
                let mut set = JoinSet::new();
                set.spawn_local(async { 1 });
                set.spawn(async { 2 });
                assert_eq!(set.join_all().await.into_iter().sum::<u32>(), 3);
            })
            .await;
    });
}

#[test]
fn a_set_that_is_dropped_drops_its_tasks() {
    check(|| async {
        let value = Rc::new(());
        let set = LocalSet::new();
        let kept = Rc::clone(&value);
        set.spawn_local(async move {
            let _kept = kept;
            std::future::pending::<()>().await;
        });
        set.run_until(yield_now()).await;
        assert_eq!(Rc::strong_count(&value), 2);
        drop(set);
        assert_eq!(Rc::strong_count(&value), 1);
    });
}
