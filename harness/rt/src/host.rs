//! The narrow door between the facade and the engine of the current run.

use std::any::Any;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::current;
use crate::driver::Timer;
use crate::ids::{HoldId, ResourceId, ResourceInfo, WaitId};
use crate::op::Op;
use crate::site::Site;
use crate::task::{TaskKind, TaskRef};

pub use crate::unmodelled::refuse;

/// What an engine offers to the facade while a run is on.
///
/// Every method of its two parts may be called from the program's code and from destructors; none may
/// panic for the state it is called in, save where it says so.
pub trait Host: Schedule + Track {}

impl<T: Schedule + Track + ?Sized> Host for T {}

/// The part of a [`Host`] that says who runs, and when.
pub trait Schedule {
    /// Tells this run from every other one of the process.
    fn epoch(&self) -> u32;

    /// The task whose step is running. None in code that the engine does not schedule.
    fn current(&self) -> Option<TaskRef>;

    /// Whether the run is over and only being taken down.
    fn closing(&self) -> bool;

    /// Whether the engine decides who runs: one task at a time, on virtual time. If not, tasks run
    /// in parallel on a real runtime, and what is real may block, take its time and be left to it.
    /// What a controlled engine does not model is refused, by [`refuse`].
    fn controlled(&self) -> bool {
        true
    }

    /// A switch point: the engine may run somebody else before it returns. What the caller does next
    /// is `op`, on `resource`, at `site`.
    fn switch(&self, op: Op, resource: Option<ResourceId>, site: Site);

    /// A number below `bound`, as the strategy chooses. 0 for a bound of 0 or 1.
    fn choose(&self, bound: u32) -> u32;

    /// Adds a task. It is ready at once.
    fn spawn(&self, new: NewTask) -> TaskRef;

    /// Asks for a task to be cancelled: its future is dropped once its current poll has returned.
    /// A blocking task that has begun, and any thread, is left alone. Stale references are ignored.
    fn abort(&self, task: TaskRef);

    /// Somebody took notice of how `task` panicked: its join error was handed out.
    fn panic_seen(&self, task: TaskRef);

    /// Whether the current task may block its thread: it is not a [`TaskKind::Async`] one.
    fn may_block(&self) -> bool;

    /// Whether the current task is a thread, of which a runtime knows nothing.
    fn is_thread(&self) -> bool {
        false
    }

    /// Suspends the current task until [`Schedule::waker`]'s waker is woken. May return early; the
    /// caller looks again.
    ///
    /// An async task may be suspended, too, in the middle of its poll: what waits for a lock of
    /// `std` there blocks its thread. Wakes that arrive meanwhile count for its poll as well.
    ///
    /// While the run is being closed it unwinds a task that nobody has woken. In a destructor of a
    /// task that is being unwound, where it can neither suspend nor unwind, it ends other tasks until
    /// one of them may have let go of what the caller waits for; a run that was not being closed is
    /// closed by that.
    ///
    /// # Panics
    ///
    /// In such a destructor, if there is nobody left to end.
    fn park(&self);

    /// The current task may block its thread until [`Schedule::exit_blocking`], as in
    /// `block_in_place`. Nests.
    fn enter_blocking(&self) {}

    /// See [`Schedule::enter_blocking`].
    fn exit_blocking(&self) {}

    /// The current poll is not preempted until [`Schedule::end_no_preempt`]: it has something in a
    /// thread-local that nobody can put aside. Nests.
    fn begin_no_preempt(&self) {}

    /// See [`Schedule::begin_no_preempt`].
    fn end_no_preempt(&self) {}

    /// The current task's waker.
    fn waker(&self) -> Waker;

    /// The time by the run's clock.
    fn now(&self) -> Instant;

    /// A timer that wakes whoever polled it last, rounded up to milliseconds.
    fn sleep_until(&self, deadline: Instant) -> Timer;

    /// A timer that will wake a task after `after` of virtual time is armed from now on. One-shot
    /// timers delay the verdict on tasks left behind; all may be fired early by the strategy.
    /// `wait` is the wait that it ends.
    fn arm(&self, after: Duration, wait: Option<WaitId>) -> TimerId;

    /// The timer fired, was re-armed or was dropped.
    fn disarm(&self, timer: TimerId);

    /// Puts `scoped` on the current poll: it is told when the poll is suspended and resumed.
    fn enter_scope(&self, scoped: &'static dyn PollScoped);

    /// Takes the latest `scoped` off again.
    fn exit_scope(&self);

    /// Whatever `scoped` has in thread-locals when the run ends is to be taken out of them, by
    /// [`PollScoped::suspended`].
    fn keep_for_run(&self, scoped: &'static dyn PollScoped) {
        let _ = scoped;
    }

    /// Whether `op`, which is the first attempt of a future, is not to be made yet: the future comes
    /// back pending, and its task is polled again at once. So it is seen whether the task awaits
    /// nothing else.
    fn probe(&self, op: Op, resource: ResourceId) -> bool {
        let _ = (op, resource);
        false
    }

    /// The operation that was held back is attempted now.
    fn probe_done(&self) {}

    /// The current step did something that other steps may notice and that no other call tells of.
    fn unseen(&self) {}

    /// The process is about to abort: a destructor of the current task panics while the task is
    /// being unwound. An engine that can do without the task does not return.
    #[doc(hidden)]
    fn about_to_abort(&self) {}

    /// One of the engine's own wakers was woken on the run's thread. False if `word` is not of
    /// this engine.
    #[doc(hidden)]
    fn woken(&self, word: usize) -> bool {
        let _ = word;
        false
    }
}

/// The part of a [`Host`] that is told who waits and who holds.
pub trait Track {
    /// Enters a resource.
    fn resource(&self, info: ResourceInfo) -> ResourceId;

    /// The current task begins to wait. None when there is no current task.
    fn wait(&self, resource: ResourceId, op: Op, amount: u32, site: Site) -> Option<WaitId>;

    /// A wait was polled again, or for the first time, and is pending. `by` is the waker it was
    /// polled with: only a future that is polled with the task's own waker is polled whenever its
    /// task is, if anybody still polls it.
    fn polled(&self, wait: WaitId, by: &Waker) {
        let _ = (wait, by);
    }

    /// A wait was granted.
    fn granted(&self, wait: WaitId);

    /// A wait was dropped.
    fn abandoned(&self, wait: WaitId);

    /// The current task holds permits from now on. None when there is no current task.
    fn hold(&self, resource: ResourceId, op: Op, amount: u32, site: Site) -> Option<HoldId>;

    /// Permits were given back.
    fn release(&self, hold: HoldId);

    /// A hold now covers `amount` permits, taken by `op`.
    fn resize_hold(&self, hold: HoldId, amount: u32, op: Op);

    /// Permits were added to a resource, or taken out for good.
    fn add_permits(&self, resource: ResourceId, change: i64);

    /// A value moved, or a signal was given: the run went forward.
    fn moved(&self);

    /// A resource is no more.
    fn forget(&self, resource: ResourceId) {
        let _ = resource;
    }
}

/// The epoch of what is tracked outside of runs, which no run has.
pub const AMBIENT_EPOCH: u32 = u32::MAX;

/// An armed timer of the current run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerId(pub u64);

/// A task to be spawned. What a program spawns may go to another thread; an engine's own root need
/// not.
pub struct NewTask<B: ?Sized = dyn TaskBody + Send> {
    /// What it runs.
    pub body: Pin<Box<B>>,
    /// How it runs.
    pub kind: TaskKind,
    /// The type of its future or closure; its role comes from it.
    pub type_name: &'static str,
    /// Where it is spawned.
    pub site: Site,
}

impl NewTask {
    /// The same for an engine that keeps it on its own thread.
    pub fn local(self) -> NewTask<dyn TaskBody> {
        NewTask {
            body: self.body,
            kind: self.kind,
            type_name: self.type_name,
            site: self.site,
        }
    }
}

impl<B: ?Sized> std::fmt::Debug for NewTask<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewTask")
            .field("type_name", &self.type_name)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

/// A task's code, together with the place its result goes to.
pub trait TaskBody {
    /// Goes on with the task. `Ready` when its result has been delivered. A blocking task runs
    /// to its end in the first call.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// Drops the code and delivers this result instead: the task panicked or was cancelled.
    fn fail(self: Pin<&mut Self>, failure: Failure);
}

/// How a task ended, if not by returning.
#[derive(Debug)]
pub enum Failure {
    /// It panicked with this payload.
    Panicked(Box<dyn Any + Send>),
    /// It was aborted.
    Cancelled,
}

/// State that lives in a thread-local while a task is being polled, and so must be put aside
/// while another task runs in the middle of that poll.
///
/// Neither method calls code of the program.
pub trait PollScoped {
    /// The poll is suspended: take the state out of the thread-local. If the poll never goes on, the
    /// state is dropped, which must not put it back.
    fn suspended(&'static self) -> Box<dyn Any>;

    /// The poll goes on: put back what [`PollScoped::suspended`] took out.
    fn resumed(&'static self, state: Box<dyn Any>);
}

/// Calls `f` with the host of the run that the current thread is in.
///
/// Outside of any run it returns None: the facade then behaves as what it wraps.
#[inline]
pub fn with<R>(f: impl FnOnce(&dyn Host) -> R) -> Option<R> {
    current::with_host(f)
}

/// Calls `f` with the host, and with its run's epoch.
#[inline]
pub fn with_epoch<R>(f: impl FnOnce(&dyn Host, u32) -> R) -> Option<R> {
    current::with_host(|host| {
        let epoch = match current::epoch() {
            // Outside of runs there may be a host all the same.
            0 => host.epoch(),
            epoch => epoch,
        };
        f(host, epoch)
    })
}

/// Calls `f` with the host if it is still that of the run with this epoch. What was noted in one run
/// means nothing to another.
#[inline]
pub fn of_run<R>(epoch: u32, f: impl FnOnce(&dyn Host) -> R) -> Option<R> {
    with_epoch(|host, current| (current == epoch).then(|| f(host))).flatten()
}

/// The time by the clock of the run that the current thread is in; the real time outside of runs.
pub fn now() -> Instant {
    current::with_host(|host| host.now()).unwrap_or_else(Instant::now)
}

/// Whether the current thread is in a run whose engine decides who runs when.
#[inline(never)]
pub fn in_controlled_run() -> bool {
    current::with_host(|host| host.controlled()) == Some(true)
}

/// Whether the current thread is in a run.
#[inline]
pub fn in_run() -> bool {
    current::with_host(|_| ()).is_some()
}
