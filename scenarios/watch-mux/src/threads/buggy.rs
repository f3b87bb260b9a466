//! Before the fix: `distribute` can only wait for the watcher to read.

use std::collections::BTreeMap;

use standstill::Load;
use standstill_std::sync::{Arc, Mutex, mpsc};
use standstill_std::thread::{self, JoinHandle};

/// No thread panics while it holds a lock.
const UNPOISONED: &str = "nobody panics under this lock";

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
    result: mpsc::SyncSender<Event>,
}

impl Mux {
    /// Registers a watcher.
    fn watch(this: &Arc<Mutex<Self>>, capacity: u8) -> MuxWatcher {
        let mut mux = this.lock().expect(UNPOISONED);
        let id = mux.next_watcher;
        mux.next_watcher += 1;
        let (sender, result) = mpsc::sync_channel(usize::from(capacity));
        mux.watchers.insert(id, Registered { result: sender });
        MuxWatcher {
            result,
            id,
            mux: Arc::clone(this),
        }
    }
}

/// One watcher's end.
#[derive(Debug)]
struct MuxWatcher {
    result: mpsc::Receiver<Event>,
    id: u64,
    mux: Arc<Mutex<Mux>>,
}

impl MuxWatcher {
    /// Stops watching.
    fn stop(self) {
        let mut mux = self.mux.lock().expect(UNPOISONED);
        mux.watchers.remove(&self.id);
    }
}

/// The main thread: registers the watchers, starts everybody, and waits for all of them.
pub fn run(load: Load) {
    let mux = Arc::new(Mutex::new(Mux::default()));
    let (action, incoming) = mpsc::sync_channel(usize::from(load.capacity));
    let mut threads = Vec::new();
    for _ in 0..load.watchers {
        let watching = Mux::watch(&mux, load.capacity);
        threads.push(start("watcher", move || watcher(watching)));
    }
    threads.push(start("distribute", move || distribute(mux, incoming)));
    for action in vec![action; usize::from(load.writers)] {
        threads.push(start("publisher", move || publisher(action, load.rounds)));
    }
    for thread in threads {
        thread.join().expect("a thread panicked");
    }
}

/// Tells the mux what happened. The mux shuts down when the last publisher has gone.
fn publisher(action: mpsc::SyncSender<Event>, rounds: u8) {
    for _ in 0..rounds {
        action
            .send(Event)
            .expect("the mux reads until its last publisher has gone");
    }
}

/// Sends each event to all watchers, and disconnects them in the end.
fn distribute(mux: Arc<Mutex<Mux>>, incoming: mpsc::Receiver<Event>) {
    for event in incoming {
        let mux = mux.lock().expect(UNPOISONED);
        for watcher in mux.watchers.values() {
            watcher
                .result
                .send(event)
                .expect("a watcher leaves the map before it drops its receiver");
        }
    }
    mux.lock().expect(UNPOISONED).watchers.clear();
}

/// Waits for one event, as most watchers do, and then has seen enough.
fn watcher(watching: MuxWatcher) {
    // An error, if the mux was shut down before.
    let _ = watching.result.recv();
    watching.stop();
}

/// Starts a thread that reports call by what it does.
#[track_caller]
fn start(role: &str, f: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = thread::Builder::new().name(role.to_owned()).spawn(f);
    thread.expect("the system has another thread")
}
