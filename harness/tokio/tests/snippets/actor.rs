// An actor that owns its state and replies to requests.

use tokio::sync::{mpsc, oneshot};

enum Request {
    Add(u32, oneshot::Sender<u32>),
    Twice(u32, oneshot::Sender<u32>),
}

#[derive(Clone)]
struct Counter(mpsc::Sender<Request>);

impl Counter {
    async fn ask(&self, request: impl FnOnce(oneshot::Sender<u32>) -> Request) -> u32 {
        let (reply, answer) = oneshot::channel();
        self.0.send(request(reply)).await.unwrap();
        answer.await.unwrap()
    }
}

async fn actor(mut inbox: mpsc::Receiver<Request>) {
    let mut total = 0;
    while let Some(request) = inbox.recv().await {
        let (more, reply) = match request {
            Request::Add(more, reply) => (more, reply),
            Request::Twice(more, reply) => (2 * more, reply),
        };
        total += more;
        let _ = reply.send(total);
    }
}

pub async fn right() {
    let (sender, inbox) = mpsc::channel(1);
    let actor = tokio::spawn(actor(inbox));
    let counter = Counter(sender);
    let other = counter.clone();
    let adds = tokio::spawn(async move { other.ask(|reply| Request::Add(1, reply)).await });
    counter.ask(|reply| Request::Twice(2, reply)).await;
    adds.await.unwrap();
    assert_eq!(counter.ask(|reply| Request::Add(0, reply)).await, 5);
    drop(counter);
    actor.await.unwrap();
}

/// The actor asks itself and waits for its own answer.
async fn self_asking_actor(mut inbox: mpsc::Receiver<Request>, itself: Counter) {
    let mut total = 0;
    while let Some(request) = inbox.recv().await {
        match request {
            Request::Add(more, reply) => {
                total += more;
                let _ = reply.send(total);
            }
            Request::Twice(more, reply) => {
                itself.ask(|reply| Request::Add(more, reply)).await;
                let _ = reply.send(itself.ask(|reply| Request::Add(more, reply)).await);
            }
        }
    }
}

pub async fn wrong() {
    let (sender, inbox) = mpsc::channel(1);
    let counter = Counter(sender);
    tokio::spawn(self_asking_actor(inbox, counter.clone()));
    counter.ask(|reply| Request::Twice(2, reply)).await;
}
