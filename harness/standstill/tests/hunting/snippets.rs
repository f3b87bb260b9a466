//! Ten ways in which everybody uses tokio: each compiles unchanged against tokio and the drop-in, is
//! clean under exploration, and its classic mistake is found.
#![allow(
    clippy::unwrap_used,
    reason = "in programs under test a panic is a finding"
)]
#![allow(unreachable_pub, reason = "the snippets are files of their own")]

use crate::common::{clean, find, story, within};
use standstill::FindingKind;

macro_rules! snippets {
    ($($name:ident = $file:literal;)*) => {$(
        pub(super) mod $name {
            #[allow(unused_imports, reason = "each snippet uses a part of it")]
            use super::{tokio, tokio_util};
            include!(concat!("../../../tokio/tests/snippets/", $file));
        }
    )*};
}

macro_rules! all_snippets {
    () => {
        snippets! {
            actor = "actor.rs";
            broadcast_hub = "broadcast_hub.rs";
            cache = "cache.rs";
            fan_out = "fan_out.rs";
            graceful_shutdown = "graceful_shutdown.rs";
            limited_fetcher = "limited_fetcher.rs";
            notified_queue = "notified_queue.rs";
            retry_loop = "retry_loop.rs";
            watched_reload = "watched_reload.rs";
            worker_pool = "worker_pool.rs";
        }
    };
}

mod by_tokio {
    #![allow(dead_code, reason = "the mistakes are only compiled here")]
    use ::real_tokio as tokio;
    use ::real_tokio_util as tokio_util;

    all_snippets!();
}

mod by_the_drop_in {
    use ::{tokio, tokio_util};

    all_snippets!();
}

macro_rules! right {
    ($($name:ident)*) => {$(
        mod $name {
            #[test]
            fn is_right_by_tokio_itself() {
                super::within(60, || {
                    real_tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .start_paused(true)
                        .build()
                        .unwrap()
                        .block_on(super::by_tokio::$name::right());
                });
            }

            #[test]
            fn is_clean_under_exploration() {
                super::within(60, || super::clean(1_000, super::by_the_drop_in::$name::right));
            }
        }
    )*};
}

right! {
    actor broadcast_hub cache fan_out graceful_shutdown limited_fetcher notified_queue retry_loop
    watched_reload worker_pool
}

/// What the mistake of a snippet ends in: a hang, told task by task, and what its fingerprint is made
/// of. `FILE` stands for the snippet.
#[track_caller]
fn assert_hang<F, R>(file: &str, wrong: F, tasks: &[&str], parts: &[&str])
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let (finding, outcome) = find(2_000, wrong);
    let report = outcome.report().unwrap();
    assert_eq!(finding.kind, FindingKind::Hang, "{report}");
    let labels: Vec<String> = finding
        .core
        .iter()
        .map(|link| finding.graph.label(*link))
        .map(|label| label.replace(&format!("tests/snippets/{file}"), "FILE"))
        .collect();
    assert_eq!(story(&finding), tasks, "{report}");
    assert_eq!(labels, parts, "{report}");
}

macro_rules! mistakes {
    ($($test:ident: $name:ident => [$($task:literal),*], [$($part:literal),*];)*) => {$(
        #[test]
        fn $test() {
            within(60, || {
                assert_hang(
                    concat!(stringify!($name), ".rs"),
                    by_the_drop_in::$name::wrong,
                    &[$($task),*],
                    &[$($part),*],
                );
            });
        }
    )*};
}

mistakes! {
    an_actor_that_asks_itself_is_found: actor =>
        ["self_asking_actor recv oneshot channel of `u32`"],
        ["recv oneshot channel u32 FILE FILE nobody"];
    a_late_subscriber_is_found: broadcast_hub =>
        ["root join task", "late_subscriber recv broadcast channel of `u32`"],
        ["join task  FILE FILE joined", "recv broadcast channel u32 FILE FILE other side"];
    a_guard_that_lives_through_a_match_is_found: cache =>
        ["locked_square write RwLock<HashMap<u32, u32>>"],
        // Made by the `Default` of an `Arc`, in the standard library.
        ["write RwLock HashMap<u32, u32> src/sync.rs FILE holds"];
    results_that_nobody_takes_before_the_join_are_found: fan_out =>
        ["root join_next task", "square send mpsc channel of `u32`"],
        ["join_next task  FILE FILE joined", "send mpsc channel u32 FILE FILE other side"];
    a_worker_that_is_deaf_to_its_token_is_found: graceful_shutdown =>
        ["deaf_worker recv mpsc channel of `u32`", "root wait TaskTracker"],
        [
            "recv mpsc channel u32 FILE FILE other side",
            "wait TaskTracker  FILE FILE other side"
        ];
    a_permit_kept_while_others_need_one_is_found: limited_fetcher =>
        ["leaf acquire Semaphore", "greedy_crawl join task"],
        ["acquire Semaphore  FILE FILE holds", "join task  FILE FILE joined"];
    a_notification_that_nobody_waited_for_yet_is_found: notified_queue =>
        ["root join task", "consumer notified Notify"],
        ["join task  FILE FILE joined", "notified Notify  FILE FILE other side"];
    a_connection_that_a_timeout_lost_is_found: retry_loop =>
        ["root acquire Semaphore"],
        ["acquire Semaphore  FILE FILE nobody"];
    a_receiver_that_was_made_too_late_is_found: watched_reload =>
        ["waiting_service changed watch channel of `u32`", "root join task"],
        ["changed watch channel u32 FILE FILE other side", "join task  FILE FILE joined"];
    a_pool_that_keeps_a_sender_is_found: worker_pool =>
        [
            "root join task",
            "worker lock Mutex<Receiver<u32>>",
            "worker recv mpsc channel of `u32`"
        ],
        [
            "join task  FILE FILE joined",
            "lock Mutex Receiver<u32> FILE FILE holds",
            "recv mpsc channel u32 FILE FILE other side"
        ];
}
