//! Before the fix: `clusters_synced` asks the members under the informer's lock.

use std::collections::{BTreeMap, VecDeque};

use standstill::Load;
use standstill_std::sync::{Arc, Mutex};
use standstill_std::thread::{self, JoinHandle};

/// No thread panics while it holds a lock.
const UNPOISONED: &str = "nobody panics under this lock";

/// A member cluster, by its number.
type Cluster = u8;

/// The informer of the federation: one informer per member cluster.
#[derive(Debug, Default)]
struct FederatedInformer {
    target_informers: BTreeMap<Cluster, TargetInformer>,
}

/// What the federation knows of one member.
#[derive(Clone, Debug)]
struct TargetInformer {
    queue: Arc<Mutex<DeltaFifo>>,
    version: u8,
}

/// The changes in one member cluster that nobody has handled yet.
#[derive(Debug)]
struct DeltaFifo {
    deltas: VecDeque<Delta>,
}

/// A change in a member cluster.
#[derive(Clone, Copy, Debug)]
enum Delta {
    /// There is something new.
    Updated,
    /// The cluster leaves the federation.
    Deleted,
}

impl DeltaFifo {
    fn has_synced(&self) -> bool {
        self.deltas.is_empty()
    }
}

impl TargetInformer {
    fn has_synced(&self) -> bool {
        self.queue.lock().expect(UNPOISONED).has_synced()
    }
}

/// The main thread: sets up the federation, starts everybody, and waits for all of them.
pub fn run(load: Load) {
    let informer = Arc::new(Mutex::new(FederatedInformer::default()));
    let mut threads = Vec::new();
    for cluster in 0..load.watchers {
        let mut deltas = VecDeque::from(vec![Delta::Updated; usize::from(load.rounds - 1)]);
        deltas.push_back(Delta::Deleted);
        let queue = Arc::new(Mutex::new(DeltaFifo { deltas }));
        add_cluster(&informer, cluster, Arc::clone(&queue));
        let informer = Arc::clone(&informer);
        threads.push(start("process_loop", move || {
            process_loop(informer, cluster, queue)
        }));
    }
    for _ in 0..load.workers {
        let informer = Arc::clone(&informer);
        threads.push(start("reconcile", move || {
            reconcile(informer, load.watchers, load.rounds)
        }));
    }
    for thread in threads {
        thread.join().expect("a thread panicked");
    }
}

fn add_cluster(
    informer: &Mutex<FederatedInformer>,
    cluster: Cluster,
    queue: Arc<Mutex<DeltaFifo>>,
) {
    let target_informer = TargetInformer { queue, version: 0 };
    let mut informer = informer.lock().expect(UNPOISONED);
    informer.target_informers.insert(cluster, target_informer);
}

/// Works once all clusters are in view; this kernel only asks.
fn reconcile(informer: Arc<Mutex<FederatedInformer>>, clusters: u8, rounds: u8) {
    for _ in 0..rounds {
        clusters_synced(&informer, clusters);
    }
}

/// Whether the informers of all clusters (and only these) are there and have synced.
fn clusters_synced(informer: &Mutex<FederatedInformer>, clusters: u8) -> bool {
    let informer = informer.lock().expect(UNPOISONED);
    if informer.target_informers.len() != usize::from(clusters) {
        return false;
    }
    for target_informer in informer.target_informers.values() {
        if !target_informer.has_synced() {
            return false;
        }
    }
    true
}

/// Pops one member's changes and handles each, until the cluster has left the federation.
fn process_loop(
    informer: Arc<Mutex<FederatedInformer>>,
    cluster: Cluster,
    queue: Arc<Mutex<DeltaFifo>>,
) {
    loop {
        // A change is handled under the queue's lock, so that nobody finds the queue empty
        // before its last item has taken effect.
        let mut queue = queue.lock().expect(UNPOISONED);
        match queue.deltas.pop_front() {
            Some(Delta::Updated) => update_cluster(&informer, cluster),
            Some(Delta::Deleted) => delete_cluster(&informer, cluster),
            None => return,
        }
    }
}

fn update_cluster(informer: &Mutex<FederatedInformer>, cluster: Cluster) {
    let mut informer = informer.lock().expect(UNPOISONED);
    if let Some(target_informer) = informer.target_informers.get_mut(&cluster) {
        target_informer.version += 1;
    }
}

fn delete_cluster(informer: &Mutex<FederatedInformer>, cluster: Cluster) {
    let mut informer = informer.lock().expect(UNPOISONED);
    informer.target_informers.remove(&cluster);
}

/// Starts a thread that reports call by what it does.
#[track_caller]
fn start(role: &str, f: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = thread::Builder::new().name(role.to_owned()).spawn(f);
    thread.expect("the system has another thread")
}
