//! The lock around the value of a `watch` channel, which is modelled by hand: it follows the policy of
//! the real one.

#![expect(
    clippy::unwrap_used,
    reason = "in programs under test a panic is a finding"
)]

use std::sync::Arc;

use crate::common::{clean_by_each_strategy, find, story, within};
use standstill::FindingKind;
use standstill::graph::Why;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

async fn borrows_twice(receiver: watch::Receiver<u32>) -> u32 {
    let first = receiver.borrow();
    let second = receiver.borrow();
    *first + *second
}

#[test]
fn a_second_borrow_waits_for_a_sender_that_waits_for_the_first() {
    within(60, || {
        let (finding, outcome) = find(1_000, || async {
            let (sender, receiver) = watch::channel(1);
            let reader = tokio::spawn(borrows_twice(receiver));
            let _ = sender.send(2);
            reader.await.unwrap();
        });
        let report = outcome.report().unwrap().to_string();
        assert_eq!(finding.kind, FindingKind::Hang, "{report}");
        assert_eq!(
            story(&finding),
            [
                "borrows_twice inspect watch channel of `u32`",
                "root send watch channel of `u32`"
            ],
            "{report}"
        );
        let why = |role: &str| {
            let tasks = &finding.graph.tasks;
            let task = tasks.iter().find(|task| task.role == role).unwrap();
            task.waits[0].blockers[0].why
        };
        assert_eq!(why("borrows_twice"), Why::Ahead, "{report}");
        assert_eq!(why("root"), Why::Holds, "{report}");
    });
}

async fn borrows_one_by_one(receiver: watch::Receiver<u32>) -> u32 {
    let first = *receiver.borrow();
    let second = *receiver.borrow();
    first + second
}

#[test]
fn borrows_that_end_before_the_next_let_every_sender_through() {
    within(120, || {
        clean_by_each_strategy(2_000, || async {
            let (sender, receiver) = watch::channel(1);
            let sender = Arc::new(sender);
            let readers = [
                tokio::spawn(borrows_one_by_one(receiver.clone())),
                tokio::spawn(borrows_one_by_one(receiver)),
            ];
            let other = Arc::clone(&sender);
            let writer = tokio::spawn(async move { other.send_modify(|value| *value += 1) });
            sender.send_replace(2);
            writer.await.unwrap();
            for reader in readers {
                assert!((2..=6).contains(&reader.await.unwrap()));
            }
        });
    });
}

async fn sends_what_it_reads((sender, receiver): (watch::Sender<u32>, watch::Receiver<u32>)) {
    let seen = receiver.borrow();
    if *seen == 1 {
        let _ = sender.send(2);
    }
}

#[test]
fn a_send_under_ones_own_borrow_is_a_hang_that_no_join_error_hides() {
    within(60, || {
        let (finding, outcome) = find(1, || async {
            let mut connections = JoinSet::new();
            connections.spawn(sends_what_it_reads(watch::channel(1)));
            while connections.join_next().await.is_some() {}
        });
        let report = outcome.report().unwrap().to_string();
        assert_eq!(finding.kind, FindingKind::Hang, "{report}");
        assert_eq!(
            story(&finding),
            ["sends_what_it_reads send watch channel of `u32`"],
            "{report}"
        );
    });
}

async fn copies_before_it_sends((sender, receiver): (watch::Sender<u32>, watch::Receiver<u32>)) {
    let seen = *receiver.borrow();
    if seen == 1 {
        sender.send(2).unwrap();
    }
}

#[test]
fn a_send_of_what_was_copied_before_is_no_hang() {
    within(120, || {
        clean_by_each_strategy(2_000, || async {
            let mut connections = JoinSet::new();
            for _ in 0..2 {
                connections.spawn(copies_before_it_sends(watch::channel(1)));
            }
            while let Some(ended) = connections.join_next().await {
                ended.unwrap();
            }
        });
    });
}

#[test]
fn whatever_a_task_does_to_the_value_that_it_is_changing_is_a_hang() {
    type Change = fn(&watch::Sender<u32>, &watch::Receiver<u32>);
    let changes: [(&str, Change); 3] = [
        ("root inspect watch channel of `u32`", |sender, receiver| {
            sender.send_modify(|value| *value = *receiver.borrow());
        }),
        ("root send watch channel of `u32`", |sender, _| {
            sender.send_if_modified(|_| sender.send(1).is_ok());
        }),
        ("root send watch channel of `u32`", |sender, receiver| {
            let _seen = receiver.borrow();
            sender.send_replace(1);
        }),
    ];
    within(60, move || {
        for (core, change) in changes {
            let (finding, outcome) = find(1, move || async move {
                let (sender, receiver) = watch::channel(0);
                change(&sender, &receiver);
            });
            let report = outcome.report().unwrap().to_string();
            assert_eq!(finding.kind, FindingKind::Hang, "{report}");
            assert_eq!(story(&finding), [core], "{report}");
            let blocker = &finding.graph.tasks[0].waits[0].blockers[0];
            assert_eq!((blocker.task, blocker.why), (0, Why::Holds), "{report}");
        }
    });
}

async fn publishes(sender: watch::Sender<u32>, done: oneshot::Sender<()>) {
    sender.send(1).unwrap();
    done.send(()).unwrap();
}

#[test]
fn a_borrowed_value_kept_across_an_await_that_the_sender_must_end_is_a_hang() {
    within(60, || {
        let (finding, outcome) = find(100, || async {
            let (sender, receiver) = watch::channel(0);
            let (done, ended) = oneshot::channel();
            let task = tokio::spawn(publishes(sender, done));
            let borrowed = receiver.borrow();
            ended.await.unwrap();
            drop(borrowed);
            task.await.unwrap();
        });
        assert_eq!(finding.kind, FindingKind::Hang);
        let report = outcome.report().unwrap().to_string();
        assert_eq!(story(&finding).len(), 2, "{report}");
        let sender = finding
            .graph
            .tasks
            .iter()
            .find(|task| task.role == "publishes");
        let wait = &sender.unwrap().waits[0];
        assert_eq!(
            (wait.op, wait.blockers[0].why),
            (standstill::Op::Send, Why::Holds),
            "{report}"
        );
        assert_eq!(wait.blockers[0].task, 0);
    });
}
