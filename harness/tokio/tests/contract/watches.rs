use crate::is_pending;
use std::pin::pin;
use tokio::sync::watch;

#[test]
fn a_watch_shows_the_latest_value_and_whether_it_is_new() {
    check(|| async {
        let (sender, mut receiver) = watch::channel(0);
        assert!(!receiver.has_changed().unwrap());
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        assert!(receiver.has_changed().unwrap());
        assert!(receiver.borrow().has_changed());
        receiver.changed().await.unwrap();
        assert_eq!(*receiver.borrow(), 2);
        assert!(is_pending(pin!(receiver.changed())));
        sender.send_modify(|value| *value += 1);
        assert_eq!(*receiver.borrow_and_update(), 3);
        assert!(!receiver.has_changed().unwrap());
        receiver.mark_changed();
        receiver.changed().await.unwrap();
        assert!(!sender.send_if_modified(|_| false));
        assert!(!receiver.has_changed().unwrap());
        assert_eq!(sender.send_replace(4), 3);
        receiver.mark_unchanged();
        assert_eq!(*sender.borrow(), 4);
        drop(sender);
        assert!(receiver.changed().await.is_err());
        assert_eq!(*receiver.borrow(), 4);
        assert!(receiver.is_closed());
    });
}

#[test]
fn a_watch_without_receivers_refuses_values() {
    check(|| async {
        let (sender, receiver) = watch::channel("a");
        assert_eq!(sender.receiver_count(), 1);
        let task = {
            let sender = sender.clone();
            tokio::spawn(async move { sender.closed().await })
        };
        assert!(sender.same_channel(&sender.clone()));
        drop(receiver);
        task.await.unwrap();
        assert!(sender.is_closed());
        assert_eq!(sender.send("b").unwrap_err().0, "b");
        assert_eq!(*sender.borrow(), "a");
        sender.send_replace("c");
        let receiver = sender.subscribe();
        assert_eq!((*receiver.borrow(), receiver.has_changed().unwrap()), ("c", false));
        assert_eq!(sender.sender_count(), 1);
    });
}

#[test]
fn waiting_for_a_value_sees_it_and_counts_it_as_seen() {
    check(|| async {
        let (sender, receiver) = watch::channel(0);
        let tasks: Vec<_> = (0..2)
            .map(|_| {
                let mut receiver = receiver.clone();
                tokio::spawn(async move {
                    let seen = *receiver.wait_for(|value| *value >= 2).await.unwrap();
                    let rest = receiver.wait_for(|value| *value > 9).await.map(|value| *value);
                    (seen, rest.is_err())
                })
            })
            .collect();
        for number in 1..=3 {
            sender.send(number).unwrap();
            tokio::task::yield_now().await;
        }
        drop(sender);
        for task in tasks {
            let (seen, closed) = task.await.unwrap();
            assert!((2..=3).contains(&seen) && closed);
        }
    });
}

#[test]
fn a_borrowed_value_keeps_senders_out() {
    check(|| async {
        let (sender, receiver) = watch::channel((0, 0));
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let receiver = receiver.clone();
                let (other, _keep) = watch::channel(0);
                tokio::spawn(async move {
                    for _ in 0..3 {
                        let value = receiver.borrow();
                        // Gives the sender a chance to run in between.
                        other.send_replace(value.0);
                        assert_eq!(value.0, value.1);
                    }
                })
            })
            .collect();
        for number in 1..4 {
            sender.send((number, number)).unwrap();
        }
        for reader in readers {
            reader.await.unwrap();
        }
        let (other, _keep) = watch::channel(0);
        sender.send_modify(|value| {
            value.0 = 9;
            other.send_replace(9);
            value.1 = 9;
        });
        assert_eq!(*receiver.borrow(), (9, 9));
    });
}
