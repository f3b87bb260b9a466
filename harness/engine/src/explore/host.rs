//! The executor as the facade sees it.

#[cfg(test)]
mod tests;

use std::task::Waker;
use std::time::{Duration, Instant};

use standstill_rt::driver::Timer;
use standstill_rt::host::{NewTask, PollScoped, Schedule, TimerId, Track};
use standstill_rt::ids::{HoldId, ResourceId, ResourceInfo, WaitId};
use standstill_rt::op::Op;
use standstill_rt::site::Site;
use standstill_rt::task::TaskRef;

use crate::explore::executor::Executor;
use crate::explore::waker;

impl Schedule for Executor {
    #[inline]
    fn epoch(&self) -> u32 {
        self.epoch.get()
    }

    #[inline]
    fn current(&self) -> Option<TaskRef> {
        self.current.get()
    }

    fn closing(&self) -> bool {
        self.closing.begun()
    }

    #[inline]
    fn switch(&self, op: Op, resource: Option<ResourceId>, site: Site) {
        if let Some(me) = self.current.get() {
            self.switch_point(me, op, resource, site);
        }
    }

    fn choose(&self, bound: u32) -> u32 {
        if bound < 2 || self.closing.begun() || self.current.get().is_none() {
            return 0;
        }
        self.state.borrow_mut().choose_number(bound)
    }

    fn spawn(&self, new: NewTask) -> TaskRef {
        if self.closing.begun() {
            // Too late: the future is dropped, as tokio's runtime does when it shuts down.
            drop(new.body);
            return TaskRef {
                slot: u32::MAX,
                serial: u32::MAX,
            };
        }
        self.state.borrow_mut().add(new.local(), self.current.get())
    }

    fn abort(&self, task: TaskRef) {
        if !self.closing.begun() {
            self.state.borrow_mut().abort(task);
        }
    }

    fn panic_seen(&self, task: TaskRef) {
        let mut state = self.state.borrow_mut();
        if let Some(panicked) = state
            .panics
            .iter_mut()
            .find(|panicked| panicked.task == task)
        {
            panicked.seen = true;
        }
    }

    fn may_block(&self) -> bool {
        Executor::may_block(self)
    }

    fn is_thread(&self) -> bool {
        Executor::is_thread(self)
    }

    fn park(&self) {
        if let Some(me) = self.current.get() {
            Executor::park(self, me);
        }
    }

    fn enter_blocking(&self) {
        if let Some(me) = self.current.get() {
            self.state.borrow_mut().slots.at(me.slot).may_block += 1;
        }
    }

    fn exit_blocking(&self) {
        if let Some(me) = self.current.get() {
            let mut state = self.state.borrow_mut();
            let slot = state.slots.at(me.slot);
            slot.may_block = slot.may_block.saturating_sub(1);
            // A wake-up meant for the rest of the poll may have ended a wait in between.
            slot.woken = true;
        }
    }

    fn begin_no_preempt(&self) {
        self.state.borrow_mut().begin_no_preempt();
    }

    fn end_no_preempt(&self) {
        self.state.borrow_mut().end_no_preempt();
    }

    fn waker(&self) -> Waker {
        self.current_waker()
    }

    fn now(&self) -> Instant {
        self.state.borrow().now()
    }

    fn sleep_until(&self, deadline: Instant) -> Timer {
        let clock = self.state.borrow().source.clone();
        match clock {
            Some(clock) => clock.sleep_until(deadline),
            None => Box::pin(std::future::pending()),
        }
    }

    fn arm(&self, after: Duration, wait: Option<WaitId>) -> TimerId {
        let mut state = self.state.borrow_mut();
        state.arm(self.epoch.get(), after, wait)
    }

    fn disarm(&self, timer: TimerId) {
        self.state
            .borrow_mut()
            .timers
            .disarm(self.epoch.get(), timer);
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

    fn keep_for_run(&self, scoped: &'static dyn PollScoped) {
        self.keep_run_scope(scoped);
    }

    #[inline]
    fn probe(&self, op: Op, resource: ResourceId) -> bool {
        self.probes.get() && self.probe(op, resource)
    }

    fn probe_done(&self) {
        if let Some(me) = self.current.get() {
            self.state.borrow_mut().probe_done(me);
        }
    }

    fn unseen(&self) {
        if !self.closing.begun() {
            self.state.borrow_mut().touches_anything();
        }
    }

    fn woken(&self, word: usize) -> bool {
        self.wake(word)
    }

    fn about_to_abort(&self) {
        self.before_abort();
    }
}

impl Track for Executor {
    fn resource(&self, info: ResourceInfo) -> ResourceId {
        self.state.borrow_mut().tracker.resource(info)
    }

    fn wait(&self, resource: ResourceId, op: Op, amount: u32, site: Site) -> Option<WaitId> {
        let me = self.current.get()?;
        #[cfg(feature = "fuzz")]
        crate::coverage::blocked(&self.state.borrow().tracker, resource, site);
        Some(
            self.state
                .borrow_mut()
                .tracker
                .wait(me, resource, op, amount, site),
        )
    }

    #[inline]
    fn polled(&self, wait: WaitId, by: &Waker) {
        let state = &mut *self.state.borrow_mut();
        if !self.closing.begun() {
            state.touched_by(wait, false);
        }
        if let Some(me) = self.current.get()
            && waker::is_waker(by, self.waker_word(state.slots.at(me.slot)))
        {
            state.tracker.wait_polled(wait);
        }
    }

    fn granted(&self, wait: WaitId) {
        let state = &mut *self.state.borrow_mut();
        if !self.closing.begun() {
            state.touched_by(wait, true);
        }
        state.tracker.granted(wait);
    }

    fn abandoned(&self, wait: WaitId) {
        let state = &mut *self.state.borrow_mut();
        if !self.closing.begun() {
            state.touched_by(wait, false);
        }
        state.tracker.abandoned(wait);
    }

    #[inline]
    fn hold(&self, resource: ResourceId, op: Op, amount: u32, site: Site) -> Option<HoldId> {
        let me = self.current.get()?;
        Some(
            self.state
                .borrow_mut()
                .tracker
                .hold(me, resource, op, amount, site),
        )
    }

    #[inline]
    fn release(&self, hold: HoldId) {
        self.state
            .borrow_mut()
            .tracker
            .release(hold, self.current.get());
    }

    fn resize_hold(&self, hold: HoldId, amount: u32, op: Op) {
        self.state
            .borrow_mut()
            .tracker
            .resize_hold(hold, amount, op);
    }

    fn add_permits(&self, resource: ResourceId, change: i64) {
        self.state
            .borrow_mut()
            .tracker
            .add_permits(resource, change);
    }

    #[inline]
    fn moved(&self) {
        self.state.borrow_mut().tracker.moved();
    }
}
