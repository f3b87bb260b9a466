//! The host that the facade sees in a task of a stress run. Each poll is made in the host of its own
//! task, so that "the current task" needs no lookup.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use standstill_model::random;
use standstill_rt::driver::{self, Timer};
use standstill_rt::host::{NewTask, PollScoped, Schedule, TimerId, Track};
use standstill_rt::ids::{HoldId, ResourceId, ResourceInfo, WaitId};
use standstill_rt::op::{Op, Side};
use standstill_rt::site::Site;
use standstill_rt::task::{TaskKind, TaskRef};

use crate::pulse;
use crate::stress::body::Tracked;
use crate::stress::member::Member;
use crate::stress::shared::Shared;

/// The result of a spawn when the run is over.
const NOBODY: TaskRef = TaskRef {
    slot: u32::MAX,
    serial: u32::MAX,
};

impl Schedule for Member {
    fn epoch(&self) -> u32 {
        self.shared.epoch
    }

    fn current(&self) -> Option<TaskRef> {
        Some(self.task)
    }

    fn closing(&self) -> bool {
        self.shared.closing()
    }

    fn controlled(&self) -> bool {
        false
    }

    fn switch(&self, op: Op, resource: Option<ResourceId>, site: Site) {
        self.intends(op, site);
        self.shared.pulse();
        if let (Side::Source | Side::Sink, Some(resource)) = (op.plays(), resource)
            && self.is_new_part(op, resource)
        {
            self.shared.book().tracker.plays(self.task, op, resource);
        }
        if !self.shared.closing() && !std::thread::panicking() {
            self.shared.noise.at_switch(&self.random, op, site);
        }
    }

    fn choose(&self, bound: u32) -> u32 {
        random::drawn(&self.random, bound)
    }

    fn spawn(&self, new: NewTask) -> TaskRef {
        self.shared.spawn(new, Some(self.task))
    }

    fn abort(&self, task: TaskRef) {
        self.shared.abort(task);
    }

    fn panic_seen(&self, task: TaskRef) {
        self.shared.panic_seen(task);
    }

    fn may_block(&self) -> bool {
        Member::may_block(self)
    }

    fn is_thread(&self) -> bool {
        self.kind == TaskKind::Thread
    }

    fn park(&self) {
        Member::park(self);
    }

    fn enter_blocking(&self) {
        Member::enter_blocking(self);
    }

    fn exit_blocking(&self) {
        Member::exit_blocking(self);
    }

    fn waker(&self) -> Waker {
        self.own_waker()
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, deadline: Instant) -> Timer {
        real_timer(deadline)
    }

    fn arm(&self, after: Duration, wait: Option<WaitId>) -> TimerId {
        self.shared.arm(after, wait)
    }

    fn disarm(&self, timer: TimerId) {
        self.shared.disarm(timer);
    }

    // A poll stays on its thread to its end, so what it keeps in thread-locals stays there, too.
    fn enter_scope(&self, _: &'static dyn PollScoped) {}

    fn exit_scope(&self) {}

    fn about_to_abort(&self) {
        // Its run is over, and the verdict is reported although this thread never ends.
        while self.shared.closing() {
            std::thread::park();
        }
    }
}

impl Track for Member {
    fn resource(&self, info: ResourceInfo) -> ResourceId {
        self.shared.book().tracker.resource(info)
    }

    fn wait(&self, resource: ResourceId, op: Op, amount: u32, site: Site) -> Option<WaitId> {
        let place = self.shared.next_in_line();
        let mut book = self.shared.book();
        let wait = book
            .tracker
            .wait_in_line(self.task, resource, op, amount, site, place);
        Some(wait)
    }

    fn polled(&self, wait: WaitId, by: &Waker) {
        // As `will_wake`, without making a waker for the comparison.
        if std::ptr::eq(by.data(), std::ptr::from_ref(self).cast()) {
            self.shared.book().tracker.wait_polled(wait);
        }
    }

    fn granted(&self, wait: WaitId) {
        self.shared.book().tracker.granted(wait);
    }

    fn abandoned(&self, wait: WaitId) {
        self.shared.book().tracker.abandoned(wait);
    }

    fn hold(&self, resource: ResourceId, op: Op, amount: u32, site: Site) -> Option<HoldId> {
        let mut book = self.shared.book();
        Some(book.tracker.hold(self.task, resource, op, amount, site))
    }

    fn release(&self, hold: HoldId) {
        self.shared.book().tracker.release(hold, Some(self.task));
    }

    fn resize_hold(&self, hold: HoldId, amount: u32, op: Op) {
        self.shared.book().tracker.resize_hold(hold, amount, op);
    }

    fn add_permits(&self, resource: ResourceId, change: i64) {
        self.shared.book().tracker.add_permits(resource, change);
    }

    fn moved(&self) {
        self.shared.moved();
    }

    fn forget(&self, resource: ResourceId) {
        self.shared.forget(resource);
    }
}

impl Shared {
    fn spawn(self: &Arc<Self>, new: NewTask, parent: Option<TaskRef>) -> TaskRef {
        if self.closing() {
            // Too late: the future is dropped, as the runtime does when it shuts down.
            drop(new.body);
            return NOBODY;
        }
        // A program may have created a runtime of its own.
        let here = driver::get().current();
        let Some(runtime) = here.as_ref().or_else(|| self.runtime.get()) else {
            panic!(
                "there is no reactor running, must be called from the context of a Tokio 1.x runtime"
            )
        };
        let identity = pulse::identity(new.type_name, new.site);
        let member = self.add(parent, new.kind, identity, new.site, Some(runtime.id()));
        let task = member.task;
        let tracked = Tracked::new(member.clone(), new.body);
        let abort = match new.kind {
            TaskKind::Async => runtime.spawn(Box::pin(tracked)),
            // A thread comes from the runtime's pool, so that it ends with the run.
            TaskKind::Blocking | TaskKind::Thread => {
                runtime.spawn_blocking(Box::new(|| tracked.block()))
            }
        };
        member.may_be_aborted_by(abort);
        task
    }

    fn abort(&self, task: TaskRef) {
        if self.closing() {
            return;
        }
        if let Some(member) = self.member(task) {
            member.abort();
        }
    }

    fn panic_seen(&self, task: TaskRef) {
        let mut book = self.book();
        let known = book.panics.iter_mut().find(|known| known.task == task);
        if let Some(panicked) = known {
            panicked.seen = true;
        }
    }

    fn arm(&self, after: Duration, wait: Option<WaitId>) -> TimerId {
        let deadline = self.elapsed().saturating_add(after);
        self.book().timers.arm(self.epoch, deadline, wait)
    }

    fn disarm(&self, timer: TimerId) {
        self.book().timers.disarm(self.epoch, timer);
    }

    /// Outside of runs the books are kept as long as the process lives, so records of dropped resources
    /// are removed.
    fn forget(&self, resource: ResourceId) {
        if self.is_ambient() {
            self.book().tracker.forget(resource);
        }
    }
}

/// Code that belongs to no tracked task, where tasks are tracked outside of runs.
#[derive(Debug)]
pub(super) struct Visitor {
    pub(super) shared: Arc<Shared>,
    pub(super) random: AtomicU64,
}

impl Schedule for Visitor {
    fn epoch(&self) -> u32 {
        self.shared.epoch
    }

    fn current(&self) -> Option<TaskRef> {
        None
    }

    fn closing(&self) -> bool {
        false
    }

    fn controlled(&self) -> bool {
        false
    }

    fn switch(&self, _: Op, _: Option<ResourceId>, _: Site) {}

    fn choose(&self, bound: u32) -> u32 {
        random::drawn(&self.random, bound)
    }

    fn spawn(&self, new: NewTask) -> TaskRef {
        self.shared.spawn(new, None)
    }

    fn abort(&self, task: TaskRef) {
        self.shared.abort(task);
    }

    fn panic_seen(&self, task: TaskRef) {
        self.shared.panic_seen(task);
    }

    fn may_block(&self) -> bool {
        false
    }

    fn park(&self) {}

    fn waker(&self) -> Waker {
        Waker::noop().clone()
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, deadline: Instant) -> Timer {
        real_timer(deadline)
    }

    fn arm(&self, after: Duration, wait: Option<WaitId>) -> TimerId {
        self.shared.arm(after, wait)
    }

    fn disarm(&self, timer: TimerId) {
        self.shared.disarm(timer);
    }

    fn enter_scope(&self, _: &'static dyn PollScoped) {}

    fn exit_scope(&self) {}
}

impl Track for Visitor {
    fn resource(&self, info: ResourceInfo) -> ResourceId {
        self.shared.book().tracker.resource(info)
    }

    fn wait(&self, _: ResourceId, _: Op, _: u32, _: Site) -> Option<WaitId> {
        None
    }

    fn granted(&self, wait: WaitId) {
        self.shared.book().tracker.granted(wait);
    }

    fn abandoned(&self, wait: WaitId) {
        self.shared.book().tracker.abandoned(wait);
    }

    fn hold(&self, _: ResourceId, _: Op, _: u32, _: Site) -> Option<HoldId> {
        None
    }

    fn release(&self, hold: HoldId) {
        self.shared.book().tracker.release(hold, None);
    }

    fn resize_hold(&self, hold: HoldId, amount: u32, op: Op) {
        self.shared.book().tracker.resize_hold(hold, amount, op);
    }

    fn add_permits(&self, resource: ResourceId, change: i64) {
        self.shared.book().tracker.add_permits(resource, change);
    }

    fn moved(&self) {
        self.shared.moved();
    }

    fn forget(&self, resource: ResourceId) {
        self.shared.forget(resource);
    }
}

impl Member {
    /// Whether this poll is deferred, as part of the noise.
    pub(super) fn defers(&self) -> bool {
        !self.shared.closing() && self.shared.noise.defers(&self.random)
    }
}

/// Ready once the time has come. It does not wake its task: a task that blocks its thread checks by
/// itself when the earliest timer of its run is due.
fn real_timer(deadline: Instant) -> Timer {
    Box::pin(poll_fn(move |_| {
        if Instant::now() >= deadline {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }))
}
