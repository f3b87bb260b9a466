use lib::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};
use lib::sync::mpsc::{channel, sync_channel};
use lib::thread;
use lib::time::Duration;

#[test]
fn a_channel_keeps_the_order_of_each_sender() {
    check(|| {
        let (sender, receiver) = channel();
        for number in [10, 20] {
            let sender = sender.clone();
            thread::spawn(move || (0..3).for_each(|add| sender.send(number + add).unwrap()));
        }
        drop(sender);
        let (tens, twenties): (Vec<i32>, Vec<i32>) = receiver.iter().partition(|n| *n < 20);
        assert_eq!((tens, twenties), (vec![10, 11, 12], vec![20, 21, 22]));
        assert_eq!(receiver.recv(), Err(RecvError));
    });
}

#[test]
fn a_channel_says_when_it_is_empty_or_left() {
    check(|| {
        let (sender, receiver) = channel();
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        let limit = Duration::from_millis(5);
        assert_eq!(receiver.recv_timeout(limit), Err(RecvTimeoutError::Timeout));
        sender.send(1).unwrap();
        assert_eq!(receiver.recv_timeout(limit), Ok(1));
        sender.send(2).unwrap();
        sender.send(3).unwrap();
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [2, 3]);
        drop(sender);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(receiver.recv_timeout(limit), Err(RecvTimeoutError::Disconnected));
        let (sender, receiver) = channel();
        drop(receiver);
        assert_eq!(sender.send(4), Err(SendError(4)));
    });
}

#[test]
fn a_full_channel_makes_its_sender_wait() {
    check(|| {
        let (sender, receiver) = sync_channel(1);
        sender.try_send(1).unwrap();
        assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
        let thread = thread::spawn(move || {
            sender.send(2).unwrap();
            sender.send(3)
        });
        assert_eq!((receiver.recv(), receiver.recv()), (Ok(1), Ok(2)));
        assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [3]);
        thread.join().unwrap().unwrap();
        let (sender, receiver) = sync_channel(1);
        sender.send(1).unwrap();
        let thread = thread::spawn(move || sender.send(2));
        drop(receiver);
        assert_eq!(thread.join().unwrap(), Err(SendError(2)));
    });
}

#[test]
fn without_room_values_are_handed_over() {
    check(|| {
        let (sender, receiver) = sync_channel(0);
        assert_eq!(sender.try_send(0), Err(TrySendError::Full(0)));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        let limit = Duration::from_millis(5);
        assert_eq!(receiver.recv_timeout(limit), Err(RecvTimeoutError::Timeout));
        let threads: Vec<_> = (1..3)
            .map(|number| {
                let sender = sender.clone();
                thread::spawn(move || sender.send(number).unwrap())
            })
            .collect();
        drop(sender);
        assert_eq!(receiver.iter().sum::<i32>(), 3);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        let (sender, receiver) = sync_channel(0);
        let thread = thread::spawn(move || sender.send(5));
        drop(receiver);
        assert_eq!(thread.join().unwrap(), Err(SendError(5)));
    });
}
