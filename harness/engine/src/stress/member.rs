//! A task of a stress run: whether it waits, was woken or is being polled, and its waker.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use standstill_rt::driver::{Abort, RuntimeId};
use standstill_rt::ids::ResourceId;
use standstill_rt::op::{Op, Side};
use standstill_rt::site::Site;
use standstill_rt::task::{TaskKind, TaskRef};

use crate::atomic_static::AtomicStatic;
use crate::pulse::Identity;
use crate::stress::shared::Shared;
use crate::threads;

/// It was woken, and has not been polled since.
const WOKEN: u8 = 1;
/// It is being polled, or, if it is a blocking task, it runs.
const RUNNING: u8 = 2;

/// How many of the sides of resources that a task uses are remembered with it.
const PARTS_REMEMBERED: usize = 16;

/// How often a task that blocks its thread checks for a timer that is due and that the runtime has not
/// fired yet.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The payload that unwinds a blocking task at the end of a run. Never reported.
pub(super) struct Unwound;

/// A task, with the state that its wakers, its polls and the watchdog share.
pub(super) struct Member {
    pub(super) shared: Arc<Shared>,
    pub(super) task: TaskRef,
    pub(super) kind: TaskKind,
    pub(super) identity: &'static Identity,
    /// When it was spawned, since the run began.
    pub(super) born: Duration,
    /// The runtime that it was spawned on.
    pub(super) home: Option<RuntimeId>,
    pub(super) random: AtomicU64,
    this: Weak<Member>,
    state: AtomicU8,
    /// The waker of the runtime's own task: waking it makes the runtime poll this task.
    runtime: Mutex<Option<Waker>>,
    abort: OnceLock<Box<dyn Abort>>,
    /// The thread that it blocks, in the middle of a poll or as a blocking task.
    parked: Mutex<Option<Thread>>,
    /// How many nested `block_in_place` calls it is in.
    blocking: AtomicU32,
    /// Woken while its poll was blocked: the wake-up may have been meant for the rest of the poll.
    poll_again: AtomicBool,
    /// The sides of resources that it is known to use. Locked only by its own thread.
    parts: Mutex<Vec<(ResourceId, Side)>>,
    doing: Doing,
}

/// What a task is doing. Written only by its own thread.
struct Doing {
    /// Milliseconds into the run, plus one; 0 between polls.
    since: AtomicU64,
    thread: AtomicU32,
    beats: AtomicU64,
    polls: AtomicU64,
    op: AtomicU32,
    site: AtomicStatic<std::panic::Location<'static>>,
}

/// An observation of a task that is being polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// When the poll began, in time since the run began.
    pub(super) since: Duration,
    /// The OS thread's number, 0 if the platform does not provide it.
    pub(super) thread: u32,
    /// Changes with each poll and each operation.
    pub(super) beats: u64,
    pub(super) last: Option<(Op, Site)>,
}

impl Member {
    pub(super) fn new(
        shared: &Arc<Shared>,
        task: TaskRef,
        kind: TaskKind,
        identity: &'static Identity,
        home: Option<RuntimeId>,
    ) -> Arc<Self> {
        // It waits for its first poll.
        shared.busier();
        Arc::new_cyclic(|this| Self {
            shared: Arc::clone(shared),
            task,
            kind,
            identity,
            born: shared.elapsed(),
            home,
            random: AtomicU64::new(shared.noise.seed_of(task.serial)),
            this: Weak::clone(this),
            state: AtomicU8::new(WOKEN),
            runtime: Mutex::new(None),
            abort: OnceLock::new(),
            parked: Mutex::new(None),
            blocking: AtomicU32::new(0),
            poll_again: AtomicBool::new(false),
            parts: Mutex::default(),
            doing: Doing {
                since: AtomicU64::new(0),
                thread: AtomicU32::new(0),
                beats: AtomicU64::new(0),
                polls: AtomicU64::new(0),
                op: AtomicU32::new(u32::MAX),
                site: AtomicStatic::empty(),
            },
        })
    }

    /// The waker that is passed to the task's own code.
    pub(super) fn own_waker(&self) -> Waker {
        self.this
            .upgrade()
            .map_or_else(|| Waker::noop().clone(), Waker::from)
    }

    pub(super) fn may_be_aborted_by(&self, abort: Box<dyn Abort>) {
        // The first is the only one.
        let _ = self.abort.set(abort);
    }

    /// Cancels it at its next `.await`. A blocking task that has begun is not cancelled.
    pub(super) fn abort(&self) {
        if let Some(abort) = self.abort.get() {
            abort.abort();
        }
    }

    /// Whether it waits and has not been woken.
    pub(super) fn is_idle(&self) -> bool {
        self.state.load(Ordering::SeqCst) == 0
    }

    /// A poll begins. `runtime` is the waker that causes the next one.
    pub(super) fn begin(&self, runtime: Option<&Waker>) {
        if let Some(waker) = runtime {
            let mut known = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *known {
                Some(known) => known.clone_from(waker),
                none => *none = Some(waker.clone()),
            }
        }
        if self.state.swap(RUNNING, Ordering::SeqCst) == 0 {
            self.shared.busier();
        }
        let now = self.shared.elapsed().as_millis();
        self.doing
            .thread
            .store(threads::current().unwrap_or(0), Ordering::Relaxed);
        self.doing.since.store(
            u64::try_from(now).unwrap_or(u64::MAX - 1) + 1,
            Ordering::Relaxed,
        );
        self.beat();
        self.shared.pulse();
        let polls = self.doing.polls.load(Ordering::Relaxed);
        self.doing.polls.store(polls + 1, Ordering::Relaxed);
    }

    /// How often it was polled.
    pub(super) fn polls(&self) -> u64 {
        self.doing.polls.load(Ordering::Relaxed)
    }

    /// Whether it is new that the task uses this side of a resource, by this operation. What the books
    /// already contain need not be recorded again.
    pub(super) fn is_new_part(&self, op: Op, resource: ResourceId) -> bool {
        if self.shared.is_ambient() {
            // Outside of runs the records of resources are reused.
            return true;
        }
        let mut known = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let part = (resource, op.plays());
        if matches!(op, Op::CloseSource | Op::CloseSink) || self.shared.closing() {
            known.retain(|known| *known != part);
            return true;
        }
        if known.contains(&part) {
            return false;
        }
        if known.len() == PARTS_REMEMBERED {
            known.remove(0);
        }
        known.push(part);
        true
    }

    /// The poll has returned, and the task goes on later.
    pub(super) fn pause(&self) {
        self.doing.since.store(0, Ordering::Relaxed);
        if self.poll_again.swap(false, Ordering::Relaxed) {
            // The runtime was notified, too, and will poll.
            self.state.fetch_or(WOKEN, Ordering::SeqCst);
        }
        if self.state.fetch_and(!RUNNING, Ordering::SeqCst) & WOKEN == 0 {
            self.shared.less_busy();
        }
    }

    /// It has ended, in whatever way.
    pub(super) fn end(&self) {
        self.doing.since.store(0, Ordering::Relaxed);
        self.shared.remove(self.task);
        // Breaks a reference cycle: the runtime's waker refers to the task, which refers to this.
        let runtime = self
            .runtime
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(runtime);
        if self.state.swap(0, Ordering::SeqCst) != 0 {
            self.shared.less_busy();
        }
    }

    /// Whether it may block its thread.
    pub(super) fn may_block(&self) -> bool {
        self.kind.may_block() || self.blocking.load(Ordering::Relaxed) > 0
    }

    pub(super) fn enter_blocking(&self) {
        self.blocking.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn exit_blocking(&self) {
        self.blocking.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether it blocks its thread in a wait that the tracker knows.
    pub(super) fn is_parked(&self) -> bool {
        self.parked().is_some()
    }

    /// Whether it keeps a worker thread of the runtime from polling anything else until it is woken.
    pub(super) fn blocks_worker(&self) -> bool {
        self.kind == TaskKind::Async
            && self.task.serial != 0
            && self.blocking.load(Ordering::Relaxed) == 0
            && self.is_parked()
            && self.is_idle()
    }

    /// Whether it was woken, and waits for a worker thread to poll it.
    pub(super) fn awaits_worker(&self) -> bool {
        self.kind == TaskKind::Async
            && self.task.serial != 0
            && self.state.load(Ordering::SeqCst) == WOKEN
            && !self.is_parked()
    }

    fn parked(&self) -> MutexGuard<'_, Option<Thread>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks the task's thread until it is woken, or unwinds it if the run is over.
    pub(super) fn park(&self) {
        *self.parked() = Some(std::thread::current());
        let woken = self.state.fetch_and(!RUNNING, Ordering::SeqCst) & WOKEN != 0;
        if !woken {
            self.shared.less_busy();
        }
        while self.state.load(Ordering::SeqCst) & WOKEN == 0 && !self.shared.closing() {
            let next_timer = self.shared.next_timer();
            if next_timer.is_some_and(|after| after.is_zero()) {
                // The timer may be its own: no other thread fires it.
                break;
            }
            std::thread::park_timeout(next_timer.map_or(LOOK_AGAIN, |after| after.min(LOOK_AGAIN)));
        }
        if self.state.swap(RUNNING, Ordering::SeqCst) == 0 {
            self.shared.busier();
        }
        *self.parked() = None;
        self.poll_again
            .store(!self.kind.may_block(), Ordering::Relaxed);
        self.beat();
        if self.shared.closing() && !std::thread::panicking() {
            std::panic::resume_unwind(Box::new(Unwound));
        }
    }

    /// Makes the thread or the runtime that runs the task check it again.
    pub(super) fn nudge(&self) {
        let waker = {
            let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
            runtime.clone()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        if let Some(thread) = &*self.parked() {
            thread.unpark();
        }
    }

    #[inline]
    fn beat(&self) {
        let beats = self.doing.beats.load(Ordering::Relaxed);
        self.doing
            .beats
            .store(beats.wrapping_add(1), Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn intends(&self, op: Op, site: Site) {
        self.doing.op.store(op as u32, Ordering::Relaxed);
        self.doing.site.set(site);
        self.beat();
    }

    /// The last operation that it announced.
    pub(super) fn last(&self) -> Option<(Op, Site)> {
        let op = self.doing.op.load(Ordering::Relaxed);
        Op::ALL.get(op as usize).copied().zip(self.doing.site.get())
    }

    /// Whether it is being polled, and does not wait in the middle of the poll.
    pub(super) fn is_running(&self) -> bool {
        self.state.load(Ordering::SeqCst) & RUNNING != 0
    }

    /// What it is doing, or what it waits for in the middle of a poll. None between polls.
    pub(super) fn reading(&self) -> Option<Reading> {
        let since = self.doing.since.load(Ordering::Relaxed).checked_sub(1)?;
        if !self.is_running() && !self.is_parked() {
            return None;
        }
        Some(Reading {
            since: Duration::from_millis(since),
            thread: self.doing.thread.load(Ordering::Relaxed),
            beats: self.doing.beats.load(Ordering::Relaxed),
            last: self.last(),
        })
    }
}

impl Wake for Member {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.fetch_or(WOKEN, Ordering::SeqCst) == 0 {
            self.shared.busier();
        }
        self.nudge();
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member")
            .field("task", &self.task)
            .field("type_name", &self.identity.type_name)
            .finish_non_exhaustive()
    }
}
