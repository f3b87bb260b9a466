//! Reports facts to the tracer, in a run that is traced. This is out of line, and the functions get only
//! what they need to look the facts up again: on the path of a step there is one comparison, and nothing
//! is kept in registers for tracing.

use standstill_rt::ids::ResourceId;
use standstill_rt::op::Op;
use standstill_rt::site::Site;
use standstill_rt::task::TaskRef;

use crate::track::Tracker;

impl Tracker {
    /// Reports what a task is about to do, in a run that is traced or over.
    #[cold]
    #[inline(never)]
    pub(super) fn intends_aside(
        &mut self,
        task: TaskRef,
        op: Op,
        resource: Option<ResourceId>,
        site: Site,
    ) {
        if self.closing {
            return;
        }
        let record = &mut self.tasks[task.slot as usize];
        record.last = Some((op, site));
        record.on = resource;
        self.trace(|tracer, step| tracer.does(step, task, op, resource, site));
    }

    #[cold]
    #[inline(never)]
    pub(super) fn emit_wait(&mut self, record: u32) {
        if let Some(wait) = self.waits.get(record).copied() {
            self.trace(|tracer, step| {
                tracer.waits(step, wait.task, record, (wait.resource, wait.op), wait.site);
            });
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn tell_wait_ended(&mut self, record: u32, granted: bool) {
        if let Some(wait) = self.waits.get(record).copied() {
            self.trace(|tracer, step| tracer.wait_ended(step, wait.task, record, granted));
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn emit_hold(&mut self, record: u32) {
        if let Some(hold) = self.holds.get_mut(record).copied() {
            self.trace(|tracer, step| {
                tracer.takes(step, hold.task, record, (hold.resource, hold.op), hold.site);
            });
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn emit_release(&mut self, record: u32, by: Option<TaskRef>) {
        self.trace(|tracer, step| tracer.releases(step, by, record));
    }
}
