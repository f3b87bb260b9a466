use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use tokio_stream::wrappers::{
    BroadcastStream, IntervalStream, JoinSetStream, ReceiverStream, UnboundedReceiverStream,
    WatchStream,
};
use tokio_stream::{Stream, StreamExt};

#[test]
fn a_stream_of_a_channel_yields_what_is_sent_and_ends_with_it() {
    check(|| async {
        let (sender, receiver) = mpsc::channel(1);
        let mut stream = ReceiverStream::new(receiver);
        let sends = tokio::spawn(async move {
            for number in 0..3 {
                sender.send(number).await.unwrap();
            }
        });
        let mut seen = Vec::new();
        while let Some(number) = stream.next().await {
            seen.push(number);
        }
        assert_eq!(seen, [0, 1, 2]);
        sends.await.unwrap();
        assert_eq!(stream.into_inner().max_capacity(), 1);

        let (sender, receiver) = mpsc::unbounded_channel();
        sender.send(7).unwrap();
        let mut stream = UnboundedReceiverStream::from(receiver);
        assert_eq!(stream.size_hint(), (1, None));
        stream.close();
        assert_eq!(stream.size_hint(), (1, Some(1)));
        assert!(sender.send(8).is_err());
        assert_eq!((stream.next().await, stream.next().await), (Some(7), None));
    });
}

#[test]
fn streams_are_merged() {
    check(|| async {
        let (a, from_a) = mpsc::channel(1);
        let (b, from_b) = mpsc::channel(1);
        tokio::spawn(async move { a.send(1).await });
        tokio::spawn(async move { b.send(2).await });
        let merged = ReceiverStream::new(from_a).merge(ReceiverStream::new(from_b));
        let mut seen: Vec<u8> = merged.collect().await;
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
    });
}

#[test]
fn a_stream_of_a_broadcast_tells_what_it_missed() {
    check(|| async {
        let (sender, receiver) = broadcast::channel(2);
        let mut stream = BroadcastStream::new(receiver);
        for number in 0..3 {
            sender.send(number).unwrap();
        }
        drop(sender);
        let lagged = stream.next().await.unwrap().unwrap_err();
        assert_eq!(lagged, BroadcastStreamRecvError::Lagged(1));
        assert_eq!(lagged.to_string(), "channel lagged by 1");
        assert_eq!(stream.next().await, Some(Ok(1)));
        assert_eq!(stream.next().await, Some(Ok(2)));
        assert_eq!(stream.next().await, None);
    });
}

#[test]
fn a_stream_of_a_watch_begins_with_the_value_or_with_its_change() {
    check(|| async {
        let (sender, receiver) = watch::channel("a");
        let mut all = WatchStream::new(receiver.clone());
        let mut changes = WatchStream::from_changes(receiver);
        assert_eq!(all.next().await, Some("a"));
        sender.send("b").unwrap();
        assert_eq!((all.next().await, changes.next().await), (Some("b"), Some("b")));
        drop(sender);
        assert_eq!((all.next().await, changes.next().await), (None, None));
    });
}

#[test]
fn intervals_and_sets_of_tasks_are_streams() {
    check(|| async {
        let ticks = IntervalStream::new(tokio::time::interval(Duration::from_secs(1)));
        let began = tokio::time::Instant::now();
        let ticked: Vec<_> = ticks.take(3).collect().await;
        let last = ticked[2];
        assert!(last >= began && last - began >= Duration::from_secs(2));
        let set: JoinSet<u8> = (1..=3).map(|number| async move { number }).collect();
        let mut sum = 0;
        let mut stream = JoinSetStream::new(set);
        assert_eq!(stream.size_hint(), (3, Some(3)));
        while let Some(joined) = stream.next().await {
            sum += joined.unwrap();
        }
        assert_eq!(sum, 6);
    });
}
