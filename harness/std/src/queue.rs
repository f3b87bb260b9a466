//! Who goes first when readers and writers wait for a lock.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use standstill_rt::facade::Tag;
use standstill_rt::{Op, Site, host};

use crate::block::TimedOut;
use crate::lock::Lock;

thread_local! {
    /// The epoch of the run in which the strategy chooses whether a reader overtakes.
    static ANY_ORDER: Cell<u32> = const { Cell::new(0) };
}

/// See [`prefer_writers`](crate::prefer_writers).
pub(crate) fn prefer_writers() {
    ANY_ORDER.set(0);
}

/// See [`let_readers_overtake`](crate::let_readers_overtake).
pub(crate) fn let_readers_overtake() {
    if let Some(epoch) = host::with(|host| host.epoch()) {
        ANY_ORDER.set(epoch);
    }
}

/// Whether a reader overtakes a writer that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overtaking {
    /// As `std` does: never, unless the program says that the strategy is to choose.
    AsStd,
    #[cfg(feature = "parking_lot")]
    Never,
    #[cfg(feature = "parking_lot")]
    Always,
}

/// A lock of readers and writers, without the real one.
///
/// A reader that could have the lock while a writer waits for it makes way, as `std`'s readers do
/// today. `std` does not promise that, so a program may have the strategy choose. That a reader makes
/// way is choice 0 then.
///
/// A writer that becomes a reader lets the readers in that waited for it, past other writers.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) lock: Lock,
    writers: AtomicU32,
    downgrades: AtomicU32,
}

impl Queue {
    pub(crate) const fn new(tag: Tag) -> Self {
        Self {
            lock: Lock::new(tag),
            writers: AtomicU32::new(0),
            downgrades: AtomicU32::new(0),
        }
    }

    #[inline(never)]
    fn has_writers(&self) -> bool {
        self.writers.load(Ordering::Relaxed) > 0
    }

    /// How many writers have become readers so far.
    #[inline(never)]
    fn downgraded(&self) -> u32 {
        self.downgrades.load(Ordering::Relaxed)
    }

    /// Whether a reader lets a writer that waits go first.
    #[inline(never)]
    pub(crate) fn makes_way(&self, overtaking: Overtaking) -> bool {
        self.has_writers()
            && match overtaking {
                #[cfg(feature = "parking_lot")]
                Overtaking::Never => true,
                #[cfg(feature = "parking_lot")]
                Overtaking::Always => false,
                Overtaking::AsStd => {
                    host::with(|host| ANY_ORDER.get() != host.epoch() || host.choose(2) == 0)
                        .unwrap_or(false)
                }
            }
    }

    /// Waits to read. `attempt` does not ask who goes first.
    pub(crate) fn read<G>(
        &self,
        overtaking: Overtaking,
        limit: Option<Duration>,
        site: Site,
        mut attempt: impl FnMut() -> Option<G>,
    ) -> Option<Result<G, TimedOut>> {
        // Each time that it is woken it chooses anew, once.
        let (mut tries, mut makes_way) = (0_u32, false);
        let mut downgrades = self.downgraded();
        self.lock.wait_for(Op::Read, site, limit, || {
            if tries % 2 == 0 {
                makes_way = self.makes_way(overtaking);
            }
            tries = tries.wrapping_add(1);
            let before = downgrades;
            downgrades = self.downgraded();
            if makes_way && self.has_writers() && before == downgrades {
                return None;
            }
            attempt()
        })
    }

    /// A writer becomes a reader.
    #[cfg(since_1_92)]
    #[inline(never)]
    pub(crate) fn downgrades(&self) {
        self.downgrades.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits to write.
    pub(crate) fn write<G>(
        &self,
        limit: Option<Duration>,
        site: Site,
        mut attempt: impl FnMut() -> Option<G>,
    ) -> Option<Result<G, TimedOut>> {
        let mut waiting = None;
        self.lock.wait_for(Op::Write, site, limit, || {
            let got = attempt();
            if got.is_some() {
                waiting = None;
            } else if waiting.is_none() {
                waiting = Some(Waiting::new(self));
            }
            got
        })
    }
}

/// A writer that waits. It leaves when dropped: to those who made way for it that is news.
struct Waiting<'a>(&'a Queue);

impl<'a> Waiting<'a> {
    #[inline(never)]
    fn new(queue: &'a Queue) -> Self {
        queue.writers.fetch_add(1, Ordering::Relaxed);
        Self(queue)
    }
}

impl Drop for Waiting<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        self.0.writers.fetch_sub(1, Ordering::Relaxed);
        self.0.lock.wake();
    }
}
