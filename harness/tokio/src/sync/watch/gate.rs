//! Keeps a run's one thread from blocking in the `std` lock around a watch channel's value.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use standstill_rt::facade::{self, MayBlock, PollWait, Shared, Tag};
use standstill_rt::host::{self, Host};
use standstill_rt::{Op, Site, TaskRef};

/// Who reads the value now, and who is changing it. Kept in runs only.
///
/// tokio guards the value by a lock of `std`, held by a `Ref` and during the closures of
/// `send_modify` and `wait_for`. A task that is preempted meanwhile must not make another block
/// the thread that both run on: so the other is suspended in the middle of its poll until the lock
/// is free, and whoever looks at the run sees for whom it waits.
///
/// The gate follows the policy of that lock: a writer that waits goes before readers that come later,
/// and a task that waits for itself waits for ever.
#[derive(Debug, Default)]
pub(super) struct Gate {
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    epoch: u32,
    readers: Vec<Option<TaskRef>>,
    writer: Option<Option<TaskRef>>,
    /// How many wait to write.
    writers_waiting: u32,
    waiting: Vec<Waker>,
}

/// One reader or the writer; it leaves when dropped.
#[derive(Debug)]
pub(super) struct Entered<'a> {
    gate: &'a Gate,
    /// The run and the task, unless it came in outside of any run.
    who: Option<(u32, Option<TaskRef>)>,
    writes: bool,
}

/// A writer that waits. It leaves when dropped: to the readers that made way for it that is news.
struct Queued<'a> {
    gate: &'a Gate,
    epoch: u32,
}

/// Where tasks have threads of their own the real lock may block.
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

    /// Waits until nobody writes or waits to.
    #[inline(never)]
    #[track_caller]
    pub(super) fn await_reading(&self, tag: &Tag, site: Site) {
        self.wait(tag, Op::Inspect, site, |inside| {
            inside.writer.is_none() && inside.writers_waiting == 0
        });
    }

    /// Notes a reader, who must have awaited it. Hold this for as long as the real lock, and drop
    /// it after that.
    #[inline(never)]
    pub(super) fn read(&self) -> Entered<'_> {
        self.enter(false)
    }

    /// Waits until nobody reads or writes, and notes a writer.
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
        // Not before it has entered: no reader comes in between.
        drop(queued);
        entered
    }

    /// Those who wait look again.
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

    /// Waits until `comes_in` says so.
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
