use std::future::{pending, ready};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

#[test]
fn a_select_returns_what_its_branch_returns() {
    check(|| async {
        let value = tokio::select! {
            value = ready(1) => value + 1,
            () = pending() => unreachable!(),
        };
        assert_eq!(value, 2);
        let value = tokio::select! {
            (a, b) = async { (1, 2) } => { a + b }
            _ = pending::<()>() => { 0 }
        };
        assert_eq!(value, 3);
        assert_eq!(tokio::select! { else => 4 }, 4);
        assert_eq!(tokio::select! { biased; else => 5, }, 5);
    });
}

#[test]
fn a_biased_select_polls_from_the_top() {
    check(|| async {
        for _ in 0..20 {
            let first = tokio::select! {
                biased;
                first = ready(1) => first,
                second = ready(2) => second,
            };
            assert_eq!(first, 1);
        }
    });
}

#[test]
fn patterns_that_do_not_fit_disable_their_branch() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel::<u8>(1);
        drop(sender);
        let got = tokio::select! {
            Some(value) = receiver.recv() => u32::from(value),
            Ok(value) = ready(Err::<u32, ()>(())) => value,
            else => 7,
        };
        assert_eq!(got, 7);
        let got = tokio::select! {
            Some(value) = receiver.recv() => u32::from(value),
            value @ (8 | 9) = async { tokio::task::yield_now().await; 8 } => value,
        };
        assert_eq!(got, 8);
    });
}

#[test]
fn preconditions_turn_branches_off() {
    check(|| async {
        let (mut on, mut count) = (true, 0);
        loop {
            tokio::select! {
                () = ready(()), if on => on = false,
                () = async {}, if !on && count < 2 => count += 1,
                else => break,
            }
        }
        assert_eq!((on, count), (false, 2));
    });
}

#[test]
fn futures_are_kept_by_reference_from_turn_to_turn() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            for number in 0..3 {
                sender.send(number).await.unwrap();
            }
        });
        let sum = async {
            let mut sum = 0;
            while let Some(number) = receiver.recv().await {
                sum += number;
            }
            sum
        };
        tokio::pin!(sum);
        let end = pending::<()>();
        tokio::pin!(end);
        let mut turns = 0;
        let sum = loop {
            tokio::select! {
                sum = &mut sum => break sum,
                () = &mut end => unreachable!(),
                () = sleep(Duration::from_millis(1)) => turns += 1,
            }
        };
        assert_eq!((sum, turns < 100), (3, true));
        task.await.unwrap();
    });
}

#[test]
fn handlers_leave_by_return_question_mark_and_label() {
    async fn leaves(how: u8) -> Result<u8, String> {
        'outer: loop {
            for round in 0_u8.. {
                tokio::select! {
                    result = ready(Err::<u8, &str>("error")), if how == 0 => { result?; }
                    value = ready(round), if how == 1 && round == 2 => return Ok(value),
                    _ = ready(()), if how == 2 => break 'outer,
                    _ = ready(()), if how == 3 && round < 3 => continue,
                    else => if round > 2 { return Ok(round) },
                }
            }
        }
        Ok(100)
    }

    check(|| async {
        assert_eq!(leaves(0).await, Err("error".to_owned()));
        assert_eq!(leaves(1).await, Ok(2));
        assert_eq!(leaves(2).await, Ok(100));
        assert_eq!(leaves(3).await, Ok(3));
    });
}

#[test]
fn the_futures_that_lose_are_dropped_before_the_handler_runs() {
    check(|| async {
        let (sender, mut receiver) = oneshot::channel::<()>();
        tokio::select! {
            () = ready(()) => {
                assert_eq!(receiver.try_recv(), Err(oneshot::error::TryRecvError::Closed));
            }
            () = async move {
                let _sender = sender;
                pending().await
            } => unreachable!(),
        }
    });
}

#[test]
#[expect(clippy::let_underscore_future, reason = "only that it compiles")]
fn selects_borrow_and_nest() {
    check(|| async {
        let mut text = String::from("a");
        let _ = async {
            tokio::select! {
                () = async { text.push('b') } => {},
                () = pending() => {},
            }
        };
        let value = tokio::select! {
            inner = async { tokio::select! { value = ready(3) => value } } => inner,
        };
        assert_eq!(value, 3);
        assert_eq!(text, "a");
    });
}
