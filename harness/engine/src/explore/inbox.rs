//! Wakers as numbers, and the inbox through which other OS threads wake a task.
//!
//! A waker's word consists of the engine, the slot and a stamp that is unique among the engine's tasks.
//! So a waker that outlives its task, or its run, wakes nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::Waker;
use std::time::{Duration, Instant};

const ENGINE_BITS: u32 = 10;
const SLOT_BITS: u32 = 20;
const STAMP_BITS: u32 = 34;

/// The most tasks that a run may have at once.
pub const MOST_TASKS: u32 = 1 << SLOT_BITS;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("Standstill packs its wakers into 64 bits: build it for a 64-bit target");

/// A waker's word, split into its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    pub engine: u32,
    pub slot: u32,
    pub stamp: u64,
}

impl Word {
    #[inline]
    pub fn pack(engine: u32, slot: u32, stamp: u64) -> usize {
        let stamp = stamp & ((1 << STAMP_BITS) - 1);
        let word =
            u64::from(engine) << (SLOT_BITS + STAMP_BITS) | u64::from(slot) << STAMP_BITS | stamp;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "pointers have 64 bits, see above"
        )]
        let word = word as usize;
        word
    }

    /// Whether the waker belongs to the task with this stamp.
    #[inline]
    pub fn has_stamp(self, stamp: u64) -> bool {
        self.stamp == stamp & ((1 << STAMP_BITS) - 1)
    }

    #[inline]
    pub fn unpack(word: usize) -> Self {
        let word = word as u64;
        let (engine, slot) = (
            (word >> (SLOT_BITS + STAMP_BITS)) as u32,
            (word >> STAMP_BITS) as u32 & (MOST_TASKS - 1),
        );
        Self {
            engine,
            slot,
            stamp: word & ((1 << STAMP_BITS) - 1),
        }
    }
}

/// Wake-ups from OS threads other than the engine's.
#[derive(Debug, Default)]
pub struct Inbox {
    words: Mutex<Vec<usize>>,
    full: AtomicBool,
    executor: Mutex<Option<Waker>>,
}

impl Inbox {
    /// Sets the waker to wake when a wake-up arrives.
    pub fn listen(&self, executor: Waker) {
        *self.executor.lock().unwrap_or_else(PoisonError::into_inner) = Some(executor);
    }

    fn push(&self, word: usize) {
        self.words
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(word);
        self.full.store(true, Ordering::Release);
        let executor = self
            .executor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(executor) = executor {
            executor.wake();
        }
    }

    /// Whether a wake-up arrives within `patience` of real time.
    pub fn fills_within(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        while !self.full.load(Ordering::Acquire) {
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }

    #[inline]
    pub fn drain(&self) -> Vec<usize> {
        if !self.full.load(Ordering::Acquire) {
            return Vec::new();
        }
        self.full.store(false, Ordering::Relaxed);
        std::mem::take(&mut *self.words.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

static INBOXES: RwLock<Vec<Option<Arc<Inbox>>>> = RwLock::new(Vec::new());

/// Allocates a number for a new engine, under which its inbox is found.
///
/// # Panics
///
/// If a thousand engines live at once.
pub fn register(inbox: &Arc<Inbox>) -> u32 {
    let mut inboxes = INBOXES.write().unwrap_or_else(PoisonError::into_inner);
    let free = inboxes.iter().position(Option::is_none);
    let index = free.unwrap_or_else(|| {
        inboxes.push(None);
        inboxes.len() - 1
    });
    assert!(
        index < 1 << ENGINE_BITS,
        "more than {} engines at once: run fewer hunts in parallel",
        1 << ENGINE_BITS
    );
    inboxes[index] = Some(Arc::clone(inbox));
    u32::try_from(index).unwrap_or(0)
}

pub fn unregister(engine: u32) {
    let mut inboxes = INBOXES.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(inbox) = inboxes.get_mut(engine as usize) {
        *inbox = None;
    }
}

/// Delivers a wake-up from a thread other than the engine's.
pub fn deliver(word: usize) {
    let inboxes = INBOXES.read().unwrap_or_else(PoisonError::into_inner);
    let inbox = inboxes
        .get(Word::unpack(word).engine as usize)
        .and_then(Option::as_ref)
        .map(Arc::clone);
    drop(inboxes);
    if let Some(inbox) = inbox {
        inbox.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::Word;

    #[test]
    fn a_word_keeps_its_parts() {
        for (engine, slot, stamp) in [(0, 0, 0), (1023, (1 << 20) - 1, (1 << 34) - 1), (5, 77, 9)] {
            let word = Word::unpack(Word::pack(engine, slot, stamp));
            assert_eq!(
                word,
                Word {
                    engine,
                    slot,
                    stamp
                }
            );
        }
    }
}
