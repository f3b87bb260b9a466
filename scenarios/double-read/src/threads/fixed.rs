//! After the fix: `get_cpu_set_or_default` locks once.

use std::collections::{BTreeMap, BTreeSet};

use standstill::Load;
use standstill_std::sync::{Arc, Mutex, RwLock};
use standstill_std::thread::{self, JoinHandle};

/// No thread panics while it holds a lock.
const UNPOISONED: &str = "nobody panics under this lock";

/// Which CPUs a container may use.
type CpuSet = BTreeSet<u8>;

/// A container, by its number.
type ContainerId = u8;

/// Who may use which CPU.
#[derive(Debug, Default)]
struct Assignments {
    /// The containers that have CPUs of their own.
    by_container: BTreeMap<ContainerId, CpuSet>,
    /// The CPUs that all others share.
    default_cpu_set: CpuSet,
}

/// The CPU manager's state in memory.
#[derive(Debug)]
struct StateMemory {
    assignments: RwLock<Assignments>,
}

impl StateMemory {
    fn get_cpu_set(&self, container: ContainerId) -> Option<CpuSet> {
        let assignments = self.assignments.read().expect(UNPOISONED);
        assignments.by_container.get(&container).cloned()
    }

    fn get_default_cpu_set(&self) -> CpuSet {
        let assignments = self.assignments.read().expect(UNPOISONED);
        assignments.default_cpu_set.clone()
    }

    fn get_cpu_set_or_default(&self, container: ContainerId) -> CpuSet {
        let assignments = self.assignments.read().expect(UNPOISONED);
        match assignments.by_container.get(&container) {
            Some(cpu_set) => cpu_set.clone(),
            None => assignments.default_cpu_set.clone(),
        }
    }

    fn set_default_cpu_set(&self, cpu_set: CpuSet) {
        self.assignments.write().expect(UNPOISONED).default_cpu_set = cpu_set;
    }

    fn delete(&self, container: ContainerId) {
        let mut assignments = self.assignments.write().expect(UNPOISONED);
        assignments.by_container.remove(&container);
    }
}

/// Adds and removes containers one at a time, as its lock says, and reconciles beside it.
#[derive(Debug)]
struct Manager {
    lock: Mutex<()>,
    state: StateMemory,
}

/// The main thread: starts with a CPU for each container, and waits until all are removed.
pub fn run(load: Load) {
    let containers = load.writers * load.rounds;
    let manager = Arc::new(Manager {
        lock: Mutex::new(()),
        state: StateMemory {
            assignments: RwLock::new(Assignments {
                by_container: (0..containers).map(|id| (id, CpuSet::from([id]))).collect(),
                default_cpu_set: CpuSet::new(),
            }),
        },
    });
    let mut threads = Vec::new();
    for _ in 0..load.workers {
        let manager = Arc::clone(&manager);
        threads.push(start("reconcile_state", move || {
            reconcile_state(manager, containers, load.rounds)
        }));
    }
    for writer in 0..load.writers {
        let mine = (writer * load.rounds..)
            .take(usize::from(load.rounds))
            .collect();
        let manager = Arc::clone(&manager);
        threads.push(start("remove_containers", move || {
            remove_containers(manager, mine)
        }));
    }
    for thread in threads {
        thread.join().expect("a thread panicked");
    }
    let free = manager.state.get_default_cpu_set();
    assert_eq!(free, (0..containers).collect(), "a CPU got lost");
}

/// Looks up which CPUs each container should have, so as to tell the runtime.
fn reconcile_state(manager: Arc<Manager>, containers: u8, rounds: u8) {
    for _ in 0..rounds {
        for container in 0..containers {
            manager.state.get_cpu_set_or_default(container);
        }
    }
}

/// Takes the CPUs of containers that have ended back into the default set.
fn remove_containers(manager: Arc<Manager>, containers: Vec<ContainerId>) {
    for container in containers {
        let _one_at_a_time = manager.lock.lock().expect(UNPOISONED);
        let released = manager.state.get_cpu_set(container);
        manager.state.delete(container);
        let mut default_cpu_set = manager.state.get_default_cpu_set();
        default_cpu_set.extend(released.into_iter().flatten());
        manager.state.set_default_cpu_set(default_cpu_set);
    }
}

/// Starts a thread that reports call by what it does.
#[track_caller]
fn start(role: &str, f: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = thread::Builder::new().name(role.to_owned()).spawn(f);
    thread.expect("the system has another thread")
}
