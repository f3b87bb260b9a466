use crate::is_pending;
use std::pin::pin;
use std::time::Duration;
use tokio_util::future::FutureExt;
use tokio_util::sync::CancellationToken;

#[test]
fn cancelling_wakes_everybody_now_and_later() {
    check(|| async {
        let token = CancellationToken::new();
        let tasks: Vec<_> = (0..3)
            .map(|_| tokio::spawn(token.clone().cancelled_owned()))
            .collect();
        let waits = {
            let token = token.clone();
            tokio::spawn(async move { token.cancelled().await })
        };
        assert!(!token.is_cancelled());
        assert!(is_pending(pin!(token.cancelled())));
        token.cancel();
        token.cancel();
        for task in tasks {
            task.await.unwrap();
        }
        waits.await.unwrap();
        assert!(token.is_cancelled());
        token.cancelled().await;
    });
}

#[test]
fn a_child_is_cancelled_with_its_parent_and_not_the_other_way() {
    check(|| async {
        let parent = CancellationToken::new();
        let (child, sibling) = (parent.child_token(), parent.child_token());
        let grandchild = child.child_token();
        child.cancel();
        assert!(grandchild.is_cancelled() && child.is_cancelled());
        assert!(!parent.is_cancelled() && !sibling.is_cancelled());
        let waits = tokio::spawn(sibling.clone().cancelled_owned());
        parent.cancel();
        waits.await.unwrap();
        assert!(parent.child_token().is_cancelled());
        assert!(parent == parent.clone() && parent != sibling);
        assert_eq!(format!("{child:?}"), "CancellationToken { is_cancelled: true }");
    });
}

#[test]
fn guards_cancel_unless_they_are_disarmed() {
    check(|| async {
        let token = CancellationToken::new();
        let disarmed = token.clone().drop_guard().disarm();
        assert!(!disarmed.is_cancelled());
        assert!(!token.drop_guard_ref().disarm().is_cancelled());
        let guard = token.child_token().drop_guard();
        let child = guard.token().clone();
        let works = tokio::spawn(async move {
            let _guard = guard;
        });
        child.cancelled().await;
        works.await.unwrap();
        assert!(!token.is_cancelled());
        drop(token.drop_guard_ref());
        assert!(disarmed.is_cancelled());
    });
}

#[test]
fn work_runs_until_it_is_cancelled() {
    check(|| async {
        let token = CancellationToken::new();
        assert_eq!(token.run_until_cancelled(async { 1 }).await, Some(1));
        assert_eq!(async { 2 }.with_cancellation_token(&token).await, Some(2));
        let worker = tokio::spawn(token.clone().run_until_cancelled_owned(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }));
        let never = tokio::spawn(
            std::future::pending::<u8>().with_cancellation_token_owned(token.clone()),
        );
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        token.cancel();
        assert_eq!(worker.await.unwrap(), None::<()>);
        assert_eq!(never.await.unwrap(), None);
        assert_eq!(token.run_until_cancelled(async { 1 }).await, None);
        assert_eq!(async { 2 }.with_cancellation_token(&token).await, None);
        let timed = std::future::pending::<()>().timeout(Duration::from_secs(1));
        assert_eq!(timed.await.unwrap_err().to_string(), "deadline has elapsed");
    });
}

#[test]
fn a_ready_future_comes_before_the_cancellation() {
    check(|| async {
        let token = CancellationToken::new();
        let mut both = pin!(token.run_until_cancelled(async {
            tokio::task::yield_now().await;
            7
        }));
        assert!(is_pending(both.as_mut()));
        token.cancel();
        assert_eq!(both.await, Some(7));
    });
}
