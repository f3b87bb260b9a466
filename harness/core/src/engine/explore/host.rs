//! The executor as the facade sees it.

use std::task::Waker;
use std::time::Duration;

use crate::engine::explore::executor::{CLOSING_PATIENCE, Executor};
use crate::engine::explore::fiber::{self, Pause};
use crate::host::{Host, NewTask, PollScoped, TimerId};
use crate::op::Op;
use crate::site::Site;
use crate::task::{TaskKind, TaskRef};
use crate::track::{HoldId, Intent, ResourceId, ResourceInfo, WaitId};

impl Host for Executor {
    #[inline]
    fn epoch(&self) -> u32 {
        self.epoch.get()
    }

    #[inline]
    fn current(&self) -> Option<TaskRef> {
        self.current.get()
    }

    fn closing(&self) -> bool {
        self.closing.get()
    }

    #[inline]
    fn switch(&self, intent: Intent) {
        let Some(me) = self.current.get() else {
            return;
        };
        self.tracker.borrow_mut().intends(me, intent);
        if self.closing.get() {
            return self.switch_while_closing();
        }
        self.announce(intent.op, intent.site);
        self.switch_from(me);
    }

    fn choose(&self, bound: u32) -> u32 {
        match self.current.get() {
            Some(_) => self.choose_number(bound),
            None => 0,
        }
    }

    fn spawn(&self, new: NewTask) -> TaskRef {
        if self.closing.get() {
            // Too late: the future is dropped, as tokio's runtime does when it shuts down.
            drop(new.body);
            return TaskRef {
                slot: u32::MAX,
                serial: u32::MAX,
            };
        }
        self.add(new)
    }

    fn abort(&self, task: TaskRef) {
        if !self.closing.get() {
            self.request_abort(task);
        }
    }

    fn panic_seen(&self, task: TaskRef) {
        let mut panics = self.panics.borrow_mut();
        if let Some(panicked) = panics.iter_mut().find(|panicked| panicked.task == task) {
            panicked.seen = true;
        }
    }

    fn may_block(&self) -> bool {
        self.current
            .get()
            .is_some_and(|me| self.kind_of(me) == TaskKind::Blocking)
    }

    fn park(&self) {
        if let Some(me) = self.current.get() {
            self.park_current(me);
        }
    }

    fn waker(&self) -> Waker {
        match self.current.get() {
            Some(me) => self.waker_of(&self.slots.borrow()[me.slot as usize]),
            None => Waker::noop().clone(),
        }
    }

    fn arm(&self, after: Duration) -> TimerId {
        self.arm_timer(after)
    }

    fn disarm(&self, timer: TimerId) {
        self.disarm_timer(timer);
    }

    fn enter_scope(&self, scoped: &'static dyn PollScoped) {
        if let Some(me) = self.current.get() {
            self.push_scope(me, scoped);
        }
    }

    fn exit_scope(&self) {
        if let Some(me) = self.current.get() {
            self.pop_scope(me);
        }
    }

    fn resource(&self, info: ResourceInfo) -> ResourceId {
        self.tracker.borrow_mut().resource(info)
    }

    fn wait(&self, resource: ResourceId, op: Op, amount: u32, site: Site) -> Option<WaitId> {
        let me = self.current.get()?;
        Some(
            self.tracker
                .borrow_mut()
                .wait(me, resource, op, amount, site),
        )
    }

    fn granted(&self, wait: WaitId) {
        self.tracker.borrow_mut().granted(wait);
    }

    fn abandoned(&self, wait: WaitId) {
        self.tracker.borrow_mut().abandoned(wait);
    }

    #[inline]
    fn hold(&self, resource: ResourceId, op: Op, amount: u32, site: Site) -> Option<HoldId> {
        let me = self.current.get()?;
        Some(
            self.tracker
                .borrow_mut()
                .hold(me, resource, op, amount, site),
        )
    }

    #[inline]
    fn release(&self, hold: HoldId) {
        self.tracker.borrow_mut().release(hold, self.current.get());
    }

    fn resize_hold(&self, hold: HoldId, amount: u32, op: Op) {
        self.tracker.borrow_mut().resize_hold(hold, amount, op);
    }

    fn add_permits(&self, resource: ResourceId, change: i64) {
        self.tracker.borrow_mut().add_permits(resource, change);
    }

    #[inline]
    fn moved(&self, resource: ResourceId) {
        self.tracker.borrow_mut().moved(resource);
    }

    fn woken(&self, word: usize) -> bool {
        self.wake(word)
    }
}

impl Executor {
    fn kind_of(&self, task: TaskRef) -> TaskKind {
        self.slots.borrow()[task.slot as usize].kind()
    }

    /// A run that is being closed goes straight on, but not for ever: a poll that spins is unwound.
    fn switch_while_closing(&self) {
        let passed = self.closing_switches.get() + 1;
        self.closing_switches.set(passed);
        if passed > CLOSING_PATIENCE && !std::thread::panicking() {
            fiber::suspend(Pause::Stuck);
        }
    }
}
