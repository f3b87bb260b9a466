//! The state that the threads of a run share: its books, behind one lock that is never held while code
//! of the program runs.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use standstill_rt::driver::{RuntimeId, Spawner};
use standstill_rt::site::Site;
use standstill_rt::task::{TaskKind, TaskRef};

use crate::pulse::Identity;
use crate::stress::member::Member;
use crate::stress::noise::Noise;
use crate::timers::Timers;
use crate::track::Tracker;
use crate::verdict::Panicked;

/// The epoch of what is tracked outside of runs. No run has it.
pub const AMBIENT_EPOCH: u32 = u32::MAX;

/// The facts of a run.
#[derive(Default)]
pub(super) struct Book {
    pub(super) tracker: Tracker,
    members: Vec<Option<Arc<Member>>>,
    free: Vec<u32>,
    pub(super) timers: Timers,
    pub(super) panics: Vec<Panicked>,
    pub(super) alive: usize,
    pub(super) root_ended: bool,
    /// The runtime is gone, or waiting for its end was given up.
    pub(super) closed: bool,
}

impl Book {
    /// Collects what the tasks record separately, so that their steps do not contend for the books: how
    /// often each was polled, and its last operation.
    pub(super) fn take_notes(&mut self) {
        for member in self.members.iter().flatten() {
            self.tracker
                .note_task(member.task, member.polls(), member.last());
        }
    }

    /// The tasks that have not ended, in slot order.
    pub(super) fn living(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.members.iter().flatten()
    }
}

/// A run's state, shared by its threads.
pub(super) struct Shared {
    pub(super) epoch: u32,
    pub(super) began: Instant,
    pub(super) noise: Noise,
    pub(super) runtime: OnceLock<Arc<dyn Spawner>>,
    closing: AtomicBool,
    /// Tasks that were woken or are being polled.
    busy: AtomicI64,
    sequence: AtomicU64,
    /// Counts polls and switch points: activity, which is not necessarily progress.
    pulses: AtomicU64,
    /// Counts values that moved and signals that were given.
    moves: AtomicU64,
    book: Mutex<Book>,
    changed: Condvar,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn new(epoch: u32, noise: Noise) -> Self {
        Self {
            epoch,
            began: Instant::now(),
            noise,
            runtime: OnceLock::new(),
            closing: AtomicBool::new(false),
            busy: AtomicI64::new(0),
            sequence: AtomicU64::new(0),
            pulses: AtomicU64::new(0),
            moves: AtomicU64::new(0),
            book: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// The books of what is tracked outside of runs, for as long as the process lives.
    pub(super) fn ambient() -> Self {
        let shared = Self::new(AMBIENT_EPOCH, Noise::none());
        shared.book().tracker.has_no_root();
        shared
    }

    pub(super) fn is_ambient(&self) -> bool {
        self.epoch == AMBIENT_EPOCH
    }

    #[inline]
    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unlocks the books until something important has happened, or for `time`.
    pub(super) fn wait<'a>(
        &self,
        book: MutexGuard<'a, Book>,
        time: Duration,
    ) -> MutexGuard<'a, Book> {
        let (book, _) = self
            .changed
            .wait_timeout(book, time)
            .unwrap_or_else(PoisonError::into_inner);
        book
    }

    pub(super) fn notify(&self) {
        self.changed.notify_all();
    }

    /// The time until the earliest armed timer; zero if it should have fired by now.
    pub(super) fn next_timer(&self) -> Option<Duration> {
        let earliest = self.book().timers.earliest();
        earliest.map(|deadline| deadline.saturating_sub(self.elapsed()))
    }

    #[inline]
    pub(super) fn closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Marks the run as over, while the books are locked, so that they do not change any more.
    pub(super) fn close(&self, book: &mut Book) {
        book.tracker.close();
        self.closing.store(true, Ordering::Release);
        self.notify();
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.busy.load(Ordering::SeqCst) == 0
    }

    #[inline]
    pub(super) fn busier(&self) {
        self.busy.fetch_add(1, Ordering::SeqCst);
    }

    #[inline]
    pub(super) fn less_busy(&self) {
        self.busy.fetch_sub(1, Ordering::SeqCst);
    }

    #[inline]
    pub(super) fn pulse(&self) {
        self.pulses.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn pulses(&self) -> u64 {
        self.pulses.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn moved(&self) {
        self.moves.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the progress of the run.
    pub(super) fn progress(&self, book: &Book) -> u64 {
        book.tracker.progress + self.moves.load(Ordering::Relaxed)
    }

    /// A number for a wait that has just begun. It is taken before the books are locked, so that it
    /// follows the order in which the primitive has queued the waits.
    #[inline]
    pub(super) fn next_in_line(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Adds a task.
    pub(super) fn add(
        self: &Arc<Self>,
        parent: Option<TaskRef>,
        kind: TaskKind,
        identity: &'static Identity,
        site: Site,
        home: Option<RuntimeId>,
    ) -> Arc<Member> {
        let mut book = self.book();
        let slot = match book.free.pop() {
            Some(slot) => slot,
            None => {
                book.members.push(None);
                u32::try_from(book.members.len() - 1).unwrap_or(u32::MAX)
            }
        };
        let task = book
            .tracker
            .spawned(slot, parent, kind, identity.type_name, site);
        let member = Member::new(self, task, kind, identity, home);
        book.members[slot as usize] = Some(Arc::clone(&member));
        book.alive += 1;
        member
    }

    /// A task has ended.
    pub(super) fn remove(&self, task: TaskRef) {
        let mut book = self.book();
        self.pulse();
        if let Some(Some(member)) = book.members.get(task.slot as usize) {
            let (polls, last) = (member.polls(), member.last());
            book.tracker.note_task(task, polls, last);
        }
        book.tracker.ended(task);
        let closing = self.closing();
        let member = book.members[task.slot as usize].take();
        if !closing {
            // While closing, every task keeps its slot: the graph is built after that.
            book.free.push(task.slot);
        }
        book.alive -= 1;
        book.root_ended |= task.serial == 0;
        let important = book.root_ended && (task.serial == 0 || book.alive == 0);
        drop(book);
        drop(member);
        if important {
            self.notify();
        }
    }

    /// The member of a task reference, if it still exists.
    pub(super) fn member(&self, task: TaskRef) -> Option<Arc<Member>> {
        let book = self.book();
        let member = book.members.get(task.slot as usize)?.as_ref()?;
        (member.task == task).then(|| Arc::clone(member))
    }
}
