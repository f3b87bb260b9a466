//! Prevents the only thread of a run from blocking in the `std` lock around a watch channel's value.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use standstill_rt::facade::{self, MayBlock, PollWait, Shared, Tag};
use standstill_rt::host::{self, Host};
use standstill_rt::{Op, Site, TaskRef};

/// Records which tasks read the value now, and which one is changing it. It is used only in controlled
/// runs.
///
/// tokio protects the value with a lock of `std`. A `Ref` holds it, and it is held during the closures
/// of `send_modify` and `wait_for`. A task may be preempted meanwhile. Another task that needs the lock
/// must not block the thread that both run on, so it is suspended in the middle of its poll until the
/// lock is free. Its wait is recorded, so that a report can name the task it waits for.
///
/// The gate follows the policy of that lock: a waiting writer goes before readers that come later, and
/// a task that waits for itself waits for ever.
#[derive(Debug, Default)]
pub(super) struct Gate {
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    epoch: u32,
    readers: Vec<Option<TaskRef>>,
    writer: Option<Option<TaskRef>>,
    /// The number of tasks that wait to write.
    writers_waiting: u32,
    waiting: Vec<Waker>,
}

/// One reader or the writer. It leaves the gate when dropped.
#[derive(Debug)]
pub(super) struct Entered<'a> {
    gate: &'a Gate,
    /// The run and the task. None if it entered outside a controlled run.
    who: Option<(u32, Option<TaskRef>)>,
    writes: bool,
}

/// A waiting writer. Dropping it ends its wait, and wakes the readers that made way for it.
struct Queued<'a> {
    gate: &'a Gate,
    epoch: u32,
}

/// Calls `f` in a controlled run only. Where tasks have their own threads, the real lock may block.
fn controlled<R>(f: impl FnOnce(&dyn Host) -> R) -> Option<R> {
    host::with(|host| host.controlled().then(|| f(host))).flatten()
}

impl Gate {
    #[inline(never)]
    pub(super) fn new() -> Shared<Self> {
        Shared::new(Self::default())
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self, host: &dyn Host) -> MutexGuard<'_, Inside> {
        let mut inside = self.inside();
        if inside.epoch != host.epoch() {
            *inside = Inside {
                epoch: host.epoch(),
                ..Inside::default()
            };
        }
        inside
    }

    /// Waits until no task writes or waits to write.
    #[inline(never)]
    #[track_caller]
    pub(super) fn await_reading(&self, tag: &Tag, site: Site) {
        self.wait(tag, Op::Inspect, site, |inside| {
            inside.writer.is_none() && inside.writers_waiting == 0
        });
    }

    /// Records a reader, which must have called `await_reading` before. Keep the result as long as the
    /// real lock, and drop it after the lock.
    #[inline(never)]
    pub(super) fn read(&self) -> Entered<'_> {
        self.enter(false)
    }

    /// Waits until no task reads or writes, and records a writer.
    #[inline(never)]
    #[track_caller]
    pub(super) fn write(&self, tag: &Tag, site: Site) -> Entered<'_> {
        let mut queued = None;
        self.wait(tag, Op::Send, site, |inside| {
            let free = inside.readers.is_empty() && inside.writer.is_none();
            if !free && queued.is_none() {
                inside.writers_waiting += 1;
                queued = Some(Queued {
                    gate: self,
                    epoch: inside.epoch,
                });
            }
            free
        });
        let entered = self.enter(true);
        // Only after entering, so that no reader enters in between.
        drop(queued);
        entered
    }

    /// Wakes all waiting tasks, which then check again.
    fn wake_all(mut inside: MutexGuard<'_, Inside>) {
        let waiting = std::mem::take(&mut inside.waiting);
        drop(inside);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn enter(&self, writes: bool) -> Entered<'_> {
        let who = controlled(|host| {
            let me = host.current();
            let mut inside = self.current(host);
            if writes {
                inside.writer = Some(me);
            } else {
                inside.readers.push(me);
            }
            (host.epoch(), me)
        });
        Entered {
            gate: self,
            who,
            writes,
        }
    }

    /// Waits until `comes_in` returns true.
    #[track_caller]
    fn wait(&self, tag: &Tag, op: Op, site: Site, mut comes_in: impl FnMut(&mut Inside) -> bool) {
        let mut wait = PollWait::new();
        let mut blocking = None;
        loop {
            let comes_in = controlled(|host| {
                let mut inside = self.current(host);
                let comes_in = comes_in(&mut inside);
                if !comes_in {
                    inside.waiting.push(host.waker());
                }
                comes_in
            });
            if comes_in != Some(false) {
                break;
            }
            wait.begin(tag, op, site);
            blocking.get_or_insert_with(MayBlock::begin);
            if !facade::park_in_poll() {
                break;
            }
        }
        wait.granted();
    }
}

impl Drop for Entered<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        let Some((epoch, me)) = self.who else {
            return;
        };
        let mut inside = self.gate.inside();
        if inside.epoch != epoch {
            return;
        }
        if self.writes {
            inside.writer = None;
        } else if let Some(place) = inside.readers.iter().position(|reader| *reader == me) {
            inside.readers.swap_remove(place);
        }
        Gate::wake_all(inside);
    }
}

impl Drop for Queued<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        let mut inside = self.gate.inside();
        if inside.epoch != self.epoch {
            return;
        }
        inside.writers_waiting = inside.writers_waiting.saturating_sub(1);
        Gate::wake_all(inside);
    }
}
