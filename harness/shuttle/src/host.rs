//! The machine as the facade sees it: what is not about who runs next is the executor's.

use std::task::Waker;
use std::time::{Duration, Instant};

use shuttle_engine::runtime::execution::ExecutionState;
use standstill_rt::driver::Timer;
use standstill_rt::host::{NewTask, PollScoped, Schedule, TimerId, Track};
use standstill_rt::ids::{HoldId, ResourceId, ResourceInfo, WaitId};
use standstill_rt::op::Op;
use standstill_rt::site::Site;
use standstill_rt::task::TaskRef;

use crate::machine::Machine;

impl Schedule for Machine {
    fn epoch(&self) -> u32 {
        self.executor.epoch()
    }

    fn current(&self) -> Option<TaskRef> {
        self.executor.current()
    }

    fn closing(&self) -> bool {
        self.executor.closing()
    }

    fn switch(&self, op: Op, resource: Option<ResourceId>, site: Site) {
        if let Some(me) = self.executor.current() {
            self.switch_point(me, op, resource, site);
        }
    }

    fn choose(&self, bound: u32) -> u32 {
        if bound < 2 || self.executor.closing() || self.executor.current().is_none() {
            return 0;
        }
        self.bound.set(bound);
        let number = ExecutionState::next_u64() % u64::from(bound);
        let number = u32::try_from(number).unwrap_or(0);
        let mut state = self.executor.state.borrow_mut();
        state.record_number(number, bound);
        number
    }

    fn spawn(&self, new: NewTask) -> TaskRef {
        if self.executor.closing() {
            // There the future is dropped.
            return self.executor.spawn(new);
        }
        Machine::spawn(self, new.local())
    }

    fn abort(&self, task: TaskRef) {
        self.may_wake(task.slot, |executor| executor.abort(task));
    }

    fn panic_seen(&self, task: TaskRef) {
        self.executor.panic_seen(task);
    }

    fn may_block(&self) -> bool {
        self.executor.may_block()
    }

    fn is_thread(&self) -> bool {
        self.executor.is_thread()
    }

    fn park(&self) {
        if let Some(me) = self.executor.current() {
            Machine::park(self, me);
        }
    }

    fn enter_blocking(&self) {
        self.executor.enter_blocking();
    }

    fn exit_blocking(&self) {
        self.executor.exit_blocking();
    }

    fn begin_no_preempt(&self) {
        self.executor.begin_no_preempt();
    }

    fn end_no_preempt(&self) {
        self.executor.end_no_preempt();
    }

    fn waker(&self) -> Waker {
        self.executor.current_waker()
    }

    fn now(&self) -> Instant {
        self.executor.now()
    }

    fn sleep_until(&self, deadline: Instant) -> Timer {
        self.executor.sleep_until(deadline)
    }

    fn arm(&self, after: Duration, wait: Option<WaitId>) -> TimerId {
        self.executor.arm(after, wait)
    }

    fn disarm(&self, timer: TimerId) {
        self.executor.disarm(timer);
    }

    fn enter_scope(&self, scoped: &'static dyn PollScoped) {
        self.executor.enter_scope(scoped);
    }

    fn exit_scope(&self) {
        self.executor.exit_scope();
    }

    fn keep_for_run(&self, scoped: &'static dyn PollScoped) {
        self.executor.keep_for_run(scoped);
    }

    fn woken(&self, word: usize) -> bool {
        Machine::woken(self, word)
    }

    fn about_to_abort(&self) {
        self.executor.about_to_abort();
    }
}

impl Track for Machine {
    fn resource(&self, info: ResourceInfo) -> ResourceId {
        self.executor.resource(info)
    }

    fn wait(&self, resource: ResourceId, op: Op, amount: u32, site: Site) -> Option<WaitId> {
        self.executor.wait(resource, op, amount, site)
    }

    fn polled(&self, wait: WaitId, by: &Waker) {
        self.executor.polled(wait, by);
    }

    fn granted(&self, wait: WaitId) {
        self.executor.granted(wait);
    }

    fn abandoned(&self, wait: WaitId) {
        self.executor.abandoned(wait);
    }

    fn hold(&self, resource: ResourceId, op: Op, amount: u32, site: Site) -> Option<HoldId> {
        self.executor.hold(resource, op, amount, site)
    }

    fn release(&self, hold: HoldId) {
        self.executor.release(hold);
    }

    fn resize_hold(&self, hold: HoldId, amount: u32, op: Op) {
        self.executor.resize_hold(hold, amount, op);
    }

    fn add_permits(&self, resource: ResourceId, change: i64) {
        self.executor.add_permits(resource, change);
    }

    fn moved(&self) {
        self.executor.moved();
    }
}
