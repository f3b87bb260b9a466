//! The process's OS threads: which belong to the engine, which a program under test has started, and
//! whether one sleeps.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use standstill_model::finding::ThreadFact;

static OURS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Registers the calling thread's number as the engine's own, until dropped.
#[derive(Debug)]
pub struct Ours {
    pub id: Option<u32>,
}

impl Ours {
    pub fn register() -> Self {
        let id = current();
        if let Some(id) = id {
            OURS.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id);
        }
        Self { id }
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            OURS.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&id);
        }
    }
}

/// The calling thread's number. None if the platform does not provide it.
pub fn current() -> Option<u32> {
    thread_local! {
        static ID: Option<u32> = own_id();
    }
    ID.try_with(|id| *id).unwrap_or_else(|_| own_id())
}

fn own_id() -> Option<u32> {
    #[cfg(target_os = "linux")]
    {
        u32::try_from(rustix::thread::gettid().as_raw_nonzero().get()).ok()
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// The threads of the process that do not belong to the engine. Empty if the platform does not list them
/// (Linux does).
pub fn others() -> BTreeSet<u32> {
    let Ok(entries) = std::fs::read_dir("/proc/self/task") else {
        return BTreeSet::new();
    };
    let ours = OURS.lock().unwrap_or_else(PoisonError::into_inner);
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|id| !ours.contains(id))
        .collect()
}

/// The state of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadState {
    /// It waits in the kernel, for a lock for example.
    pub asleep: bool,
    /// Processor time it has used, in clock ticks.
    pub ticks: u64,
}

/// Reads the state of a thread of the process. None if the platform does not provide it.
pub fn state(id: u32) -> Option<ThreadState> {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{id}/stat")).ok()?;
    // The second field is the thread's name in brackets, and may contain any character.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(ThreadState {
        asleep: *fields.first()? == "S",
        ticks,
    })
}

/// What the platform reports about a thread of this process.
pub fn fact(id: u32, asleep: bool, for_ms: u64) -> ThreadFact {
    let read = |what: &str| {
        let text = std::fs::read_to_string(format!("/proc/self/task/{id}/{what}")).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    // `0` means "nowhere", or that this may not be read.
    let waits_in = read("wchan").filter(|place| place != "0");
    let syscall = read("syscall").and_then(|text| text.split(' ').next()?.parse().ok());
    let stack = read("stack").map_or_else(Vec::new, |text| {
        let frames = text.lines().map(|line| {
            let frame = line.split_once("] ").map_or(line, |(_, frame)| frame);
            frame.to_owned()
        });
        frames.take(MOST_FRAMES).collect()
    });
    ThreadFact {
        id,
        name: read("comm"),
        asleep,
        for_ms,
        waits_in,
        syscall,
        stack,
    }
}

/// How many frames of a kernel stack are reported.
const MOST_FRAMES: usize = 8;
