//! After the fix: `resync` also hears that the call which started it has returned.

use std::sync::Arc;
use std::time::Duration;

use standstill::Load;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::time;

/// How long a reflector waits before it lists and watches again.
const PERIOD: Duration = Duration::from_secs(1);

/// How often the store is handed to its consumers whole.
const RESYNC_PERIOD: Duration = Duration::from_secs(2);

/// How many events a watch brings before its connection breaks.
const EVENTS: u8 = 2;

/// Something that happened to an object.
#[derive(Clone, Copy, Debug)]
struct Event;

/// The connection of a watch broke.
#[derive(Clone, Copy, Debug)]
struct WatchClosed;

/// Keeps a store the same as what the server has.
#[derive(Debug)]
struct Reflector {
    store: Mutex<Store>,
    /// Ends everything, once and for all. Nobody ever does that.
    stop: watch::Sender<bool>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Store {
    events: u32,
    resyncs: u32,
}

/// The root: starts the reflectors and waits until they have retried often enough.
pub async fn run(load: Load) {
    let mut tasks = Vec::new();
    for _ in 0..load.workers {
        let reflector = Arc::new(Reflector {
            store: Mutex::default(),
            stop: watch::Sender::new(false),
            capacity: usize::from(load.capacity),
        });
        tasks.push(tokio::spawn(reflect(reflector, load.rounds)));
    }
    for task in tasks {
        task.await.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Lists and watches again whenever the watch has ended.
async fn reflect(reflector: Arc<Reflector>, rounds: u8) {
    for _ in 0..rounds {
        let WatchClosed = list_and_watch(&reflector).await;
        time::sleep(PERIOD).await;
    }
}

/// Fills the store, and keeps it up to date until the watch ends.
async fn list_and_watch(reflector: &Arc<Reflector>) -> WatchClosed {
    // Every way out of this function drops the sender.
    let (_cancel, cancelled) = oneshot::channel();
    tokio::spawn(resync(Arc::clone(reflector), cancelled));
    let (connection, events) = mpsc::channel(reflector.capacity);
    tokio::spawn(serve_watch(connection));
    watch_handler(reflector, events).await
}

/// Hands the store to its consumers again and again.
async fn resync(reflector: Arc<Reflector>, mut cancelled: oneshot::Receiver<()>) {
    let mut stop = reflector.stop.subscribe();
    loop {
        tokio::select! {
            () = time::sleep(RESYNC_PERIOD) => {}
            _ = stop.wait_for(|stop| *stop) => return,
            _ = &mut cancelled => return,
        }
        resync_store(&reflector).await;
    }
}

async fn resync_store(reflector: &Reflector) {
    reflector.store.lock().await.resyncs += 1;
}

/// Takes what the watch brings into the store.
async fn watch_handler(reflector: &Reflector, mut events: mpsc::Receiver<Event>) -> WatchClosed {
    while let Some(Event) = events.recv().await {
        reflector.store.lock().await.events += 1;
    }
    WatchClosed
}

/// The server's side of a watch.
async fn serve_watch(connection: mpsc::Sender<Event>) {
    for _ in 0..EVENTS {
        connection
            .send(Event)
            .await
            .expect("the watch handler reads until the connection breaks");
    }
}
