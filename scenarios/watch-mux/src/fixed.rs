//! After the fix: `distribute` also hears that the watcher has stopped.

use std::collections::BTreeMap;
use std::sync::Arc;

use standstill::Load;
use tokio::sync::{Mutex, mpsc, watch};

/// Something that happened to an object.
#[derive(Clone, Copy, Debug)]
struct Event;

/// Hands every event to every watcher.
#[derive(Debug, Default)]
struct Mux {
    watchers: BTreeMap<u64, Registered>,
    next_watcher: u64,
}

/// What the mux knows of a watcher.
#[derive(Debug)]
struct Registered {
    result: mpsc::Sender<Event>,
    stopped: watch::Receiver<bool>,
}

impl Mux {
    /// Registers a watcher.
    async fn watch(this: &Arc<Mutex<Self>>, capacity: u8) -> MuxWatcher {
        let mut mux = this.lock().await;
        let id = mux.next_watcher;
        mux.next_watcher += 1;
        let (sender, result) = mpsc::channel(usize::from(capacity));
        let (stop, stopped) = watch::channel(false);
        let registered = Registered {
            result: sender,
            stopped,
        };
        mux.watchers.insert(id, registered);
        MuxWatcher {
            result,
            stop,
            id,
            mux: Arc::clone(this),
        }
    }
}

/// One watcher's end.
#[derive(Debug)]
struct MuxWatcher {
    result: mpsc::Receiver<Event>,
    stop: watch::Sender<bool>,
    id: u64,
    mux: Arc<Mutex<Mux>>,
}

impl MuxWatcher {
    /// Stops watching. It takes `self`, so that nobody can do it twice.
    async fn stop(self) {
        self.stop.send_replace(true);
        let mut mux = self.mux.lock().await;
        mux.watchers.remove(&self.id);
    }
}

/// The root: registers the watchers, starts everybody, and waits for all of them.
pub async fn run(load: Load) {
    let mux = Arc::new(Mutex::new(Mux::default()));
    let (action, incoming) = mpsc::channel(usize::from(load.capacity));
    let mut tasks = Vec::new();
    for _ in 0..load.watchers {
        let watching = Mux::watch(&mux, load.capacity).await;
        tasks.push(tokio::spawn(watcher(watching)));
    }
    tasks.push(tokio::spawn(distribute(mux, incoming)));
    for action in vec![action; usize::from(load.writers)] {
        tasks.push(tokio::spawn(publisher(action, load.rounds)));
    }
    for task in tasks {
        task.await.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Tells the mux what happened. The mux shuts down when the last publisher has gone.
async fn publisher(action: mpsc::Sender<Event>, rounds: u8) {
    for _ in 0..rounds {
        action
            .send(Event)
            .await
            .expect("the mux reads until its last publisher has gone");
    }
}

/// Sends each event to all watchers, and disconnects them in the end.
async fn distribute(mux: Arc<Mutex<Mux>>, mut incoming: mpsc::Receiver<Event>) {
    while let Some(event) = incoming.recv().await {
        let mut mux = mux.lock().await;
        for watcher in mux.watchers.values_mut() {
            tokio::select! {
                sent = watcher.result.send(event) => {
                    sent.expect("a watcher leaves the map before it drops its receiver");
                }
                _ = watcher.stopped.wait_for(|stopped| *stopped) => {}
            }
        }
    }
    mux.lock().await.watchers.clear();
}

/// Waits for one event, as most watchers do, and then has seen enough.
async fn watcher(mut watching: MuxWatcher) {
    watching.result.recv().await;
    watching.stop().await;
}
