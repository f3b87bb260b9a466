//! `RwLock`, and who goes first when readers and writers wait.

use std::cell::Cell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync as real;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use standstill_rt::facade::{Hold, Tag};
use standstill_rt::{Op, ResourceKind, Site, host};

use crate::block::{Operation, TimedOut, Waiters};
use crate::guard::{News, Poisonable, Release, Unpoison};
use crate::sync::{LockResult, TryLockError, TryLockResult, guard_formats, map_poison};

thread_local! {
    /// The epoch of the run in which writers go first.
    static WRITERS_FIRST: Cell<u32> = const { Cell::new(0) };
}

/// See [`prefer_writers`](crate::prefer_writers).
pub(crate) fn prefer_writers() {
    if let Some(epoch) = host::with(|host| host.epoch()) {
        WRITERS_FIRST.set(epoch);
    }
}

/// Whether a reader overtakes a writer that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overtaking {
    /// As the strategy chooses, each time.
    Chosen,
    #[cfg(feature = "parking_lot")]
    Never,
    #[cfg(feature = "parking_lot")]
    Always,
}

/// Those who wait for a lock of readers and writers.
///
/// A reader that could have the lock while a writer waits for it either takes it or makes way: `std`
/// promises neither, so the strategy chooses. That it makes way is choice 0, as on Linux.
#[derive(Debug)]
pub(crate) struct Queue {
    waiters: Waiters,
    writers: AtomicU32,
}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self {
            waiters: Waiters::new(),
            writers: AtomicU32::new(0),
        }
    }

    pub(crate) fn news(&self) -> News<'_> {
        News(&self.waiters)
    }

    pub(crate) fn wake(&self) {
        self.waiters.wake();
    }

    /// Whether a reader lets a writer that waits go first.
    pub(crate) fn makes_way(&self, overtaking: Overtaking) -> bool {
        self.writers.load(Ordering::Relaxed) > 0
            && match overtaking {
                #[cfg(feature = "parking_lot")]
                Overtaking::Never => true,
                #[cfg(feature = "parking_lot")]
                Overtaking::Always => false,
                Overtaking::Chosen => {
                    host::with(|host| WRITERS_FIRST.get() == host.epoch() || host.choose(2) == 0)
                        .unwrap_or(false)
                }
            }
    }

    /// Waits to read. `attempt` does not ask who goes first.
    pub(crate) fn read<G>(
        &self,
        operation: Operation<'_>,
        overtaking: Overtaking,
        limit: Option<Duration>,
        mut attempt: impl FnMut() -> Option<G>,
    ) -> Option<Result<G, TimedOut>> {
        // Each time that it is woken it chooses anew, once.
        let (mut tries, mut makes_way) = (0_u32, false);
        operation.wait_for(&self.waiters, limit, || {
            if tries % 2 == 0 {
                makes_way = self.makes_way(overtaking);
            }
            tries = tries.wrapping_add(1);
            if makes_way && self.writers.load(Ordering::Relaxed) > 0 {
                return None;
            }
            attempt()
        })
    }

    /// Waits to write.
    pub(crate) fn write<G>(
        &self,
        operation: Operation<'_>,
        limit: Option<Duration>,
        mut attempt: impl FnMut() -> Option<G>,
    ) -> Option<Result<G, TimedOut>> {
        let mut waiting = None;
        operation.wait_for(&self.waiters, limit, || {
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
    fn new(queue: &'a Queue) -> Self {
        queue.writers.fetch_add(1, Ordering::Relaxed);
        Self(queue)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.writers.fetch_sub(1, Ordering::Relaxed);
        self.0.wake();
    }
}

/// A lock that many may hold for reading, or one for writing.
///
/// In a run the strategy chooses whether a reader overtakes a writer that waits, unless
/// [`prefer_writers`](crate::prefer_writers) was called.
pub struct RwLock<T: ?Sized> {
    tag: Tag,
    queue: Queue,
    real: real::RwLock<T>,
}

impl<T> RwLock<T> {
    /// An unlocked lock around `value`.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            tag: Tag::of::<T>(ResourceKind::StdRwLock, u32::MAX),
            queue: Queue::new(),
            real: real::RwLock::new(value),
        }
    }

    /// The value, without the lock.
    ///
    /// # Errors
    ///
    /// The value all the same, if the lock is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        self.real.into_inner()
    }
}

/// What an attempt comes to: None if it would block.
fn tried<G>(result: TryLockResult<G>) -> Option<LockResult<G>> {
    match result {
        Ok(guard) => Some(Ok(guard)),
        Err(TryLockError::Poisoned(poisoned)) => Some(Err(poisoned)),
        Err(TryLockError::WouldBlock) => None,
    }
}

impl<T: ?Sized> RwLock<T> {
    fn operation(&self, op: Op, site: Site) -> Operation<'_> {
        Operation {
            tag: &self.tag,
            op,
            site,
        }
    }

    fn reader<'a>(
        &'a self,
        result: LockResult<real::RwLockReadGuard<'a, T>>,
        site: Site,
    ) -> LockResult<RwLockReadGuard<'a, T>> {
        map_poison(result, |real| RwLockReadGuard {
            _release: Release::new(&self.tag, site),
            real,
            _hold: Hold::take(&self.tag, Op::Read, 1, site),
            _news: self.queue.news(),
        })
    }

    fn writer<'a>(
        &'a self,
        result: LockResult<real::RwLockWriteGuard<'a, T>>,
        site: Site,
    ) -> LockResult<RwLockWriteGuard<'a, T>> {
        let poisoned = result.is_err();
        map_poison(result, |real| RwLockWriteGuard {
            release: Release::new(&self.tag, site),
            real,
            unpoison: Unpoison::new(&self.real, poisoned),
            hold: Hold::take(&self.tag, Op::Write, u32::MAX, site),
            news: self.queue.news(),
        })
    }

    /// Waits until nobody writes, and locks for reading.
    ///
    /// # Errors
    ///
    /// The guard all the same, if the lock is poisoned.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        let attempt = || tried(self.real.try_read());
        let result = match self.queue.read(
            self.operation(Op::Read, site),
            Overtaking::Chosen,
            None,
            attempt,
        ) {
            Some(Ok(result)) => result,
            Some(Err(_)) | None => self.real.read(),
        };
        self.reader(result, site)
    }

    /// Waits until nobody reads or writes, and locks for writing.
    ///
    /// # Errors
    ///
    /// The guard all the same, if the lock is poisoned.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        let attempt = || tried(self.real.try_write());
        let result = match self
            .queue
            .write(self.operation(Op::Write, site), None, attempt)
        {
            Some(Ok(result)) => result,
            Some(Err(_)) | None => self.real.write(),
        };
        self.writer(result, site)
    }

    /// Locks for reading, if that can be done at once.
    ///
    /// # Errors
    ///
    /// If somebody writes; and the guard all the same, if the lock is poisoned.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        self.tag.switch(Op::Read, site);
        match tried(self.real.try_read()) {
            Some(result) if !self.queue.makes_way(Overtaking::Chosen) => {
                Ok(self.reader(result, site)?)
            }
            _ => Err(TryLockError::WouldBlock),
        }
    }

    /// Locks for writing, if that can be done at once.
    ///
    /// # Errors
    ///
    /// If somebody reads or writes; and the guard all the same, if the lock is poisoned.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        self.tag.switch(Op::Write, site);
        match tried(self.real.try_write()) {
            Some(result) => Ok(self.writer(result, site)?),
            None => Err(TryLockError::WouldBlock),
        }
    }

    /// Whether somebody panicked while they wrote.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        self.tag.switch(Op::Inspect, Location::caller());
        self.real.is_poisoned()
    }

    /// The lock is no longer poisoned.
    #[track_caller]
    pub fn clear_poison(&self) {
        self.tag.switch(Op::Inspect, Location::caller());
        self.real.clear_poison();
    }

    /// The value: a mutable borrow needs no lock.
    ///
    /// # Errors
    ///
    /// The borrow all the same, if the lock is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.real.get_mut()
    }
}

impl<T: ?Sized> Poisonable for &real::RwLock<T> {
    fn clear(&self) {
        self.clear_poison();
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// The right to read what an [`RwLock`] guards, until it is dropped.
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    _release: Release<'a>,
    real: real::RwLockReadGuard<'a, T>,
    _hold: Hold,
    _news: News<'a>,
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.real
    }
}

guard_formats!(RwLockReadGuard<'_, T>);

/// The right to change what an [`RwLock`] guards, until it is dropped.
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    release: Release<'a>,
    real: real::RwLockWriteGuard<'a, T>,
    unpoison: Unpoison<&'a real::RwLock<T>>,
    hold: Hold,
    news: News<'a>,
}

#[cfg(since_1_92)]
impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Goes on with the right to read alone; nobody else writes in between. It is there from Rust
    /// 1.92 on, as std's is.
    #[clippy::msrv = "1.92"]
    pub fn downgrade(this: Self) -> RwLockReadGuard<'a, T> {
        this.release.switch();
        let Self {
            release,
            real,
            unpoison,
            mut hold,
            news,
        } = this;
        let real = real::RwLockWriteGuard::downgrade(real);
        drop(unpoison);
        hold.resize(1, Op::Read);
        news.tell();
        RwLockReadGuard {
            _release: release,
            real,
            _hold: hold,
            _news: news,
        }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.real
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.real
    }
}

guard_formats!(RwLockWriteGuard<'_, T>);
