//! Ordinary code for tokio, compiled against the drop-in under tokio's name.

use standstill_tokio as tokio;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, timeout};

/// An actor in the usual style.
struct Actor {
    requests: mpsc::Receiver<Request>,
    count: u64,
}

enum Request {
    Next(oneshot::Sender<u64>),
}

impl Actor {
    async fn run(mut self) {
        while let Some(Request::Next(answer)) = self.requests.recv().await {
            self.count += 1;
            let _ = answer.send(self.count);
        }
    }
}

#[derive(Clone, Debug)]
struct Handle {
    requests: mpsc::Sender<Request>,
}

impl Handle {
    fn new() -> Self {
        let (sender, requests) = mpsc::channel(8);
        tokio::spawn(Actor { requests, count: 0 }.run());
        Self { requests: sender }
    }

    async fn next(&self) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
        let (answer, answered) = oneshot::channel();
        self.requests
            .send(Request::Next(answer))
            .await
            .map_err(|_| "the actor has gone")?;
        Ok(timeout(Duration::from_secs(5), answered).await??)
    }
}

#[tokio::test]
async fn an_actor_answers() {
    let handle = Handle::new();
    assert_eq!(handle.next().await.unwrap(), 1);
    assert_eq!(handle.clone().next().await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_attributes_find_the_runtime() {
    let sums = (0..8).map(|number| tokio::spawn(async move { number * 2 }));
    let mut total = 0;
    for sum in sums.collect::<Vec<_>>() {
        total += sum.await.unwrap();
    }
    assert_eq!(total, 56);
    assert_eq!(tokio::task::block_in_place(|| 3), 3);
}

#[tokio::main(flavor = "current_thread")]
async fn program() -> std::io::Result<u8> {
    let set = tokio::task::LocalSet::new();
    let local = std::rc::Rc::new(5);
    let shared = std::rc::Rc::clone(&local);
    let number = set
        .run_until(async move { tokio::task::spawn_local(async move { *shared }).await })
        .await?;
    let (mut near, mut far) = tokio::io::duplex(8);
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    near.write_all(&[number]).await?;
    far.read_u8().await
}

#[test]
fn a_whole_program_runs() {
    assert_eq!(program().unwrap(), 5);
}

#[test]
fn locks_work_under_real_parallelism() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let total = runtime.block_on(async {
        let mutex = std::sync::Arc::new(tokio::sync::Mutex::new(0));
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let mutex = std::sync::Arc::clone(&mutex);
            set.spawn(async move {
                for _ in 0..100 {
                    *mutex.clone().lock_owned().await += 1;
                }
            });
        }
        while let Some(result) = set.join_next().await {
            result.unwrap();
        }
        *mutex.lock().await
    });
    assert_eq!(total, 800);
}
