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
#[derive(Debug, Default)]
pub(super) struct Gate {
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    epoch: u32,
    readers: Vec<Option<TaskRef>>,
    writer: Option<Option<TaskRef>>,
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

/// Whether somebody may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Now,
    /// When somebody else has left.
    Later,
    /// Whoever asks keeps itself out.
    Never(&'static str),
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

    /// Waits until nobody writes.
    #[inline(never)]
    #[track_caller]
    pub(super) fn await_reading(&self, tag: &Tag, site: Site) {
        self.wait(tag, Op::Inspect, site, |inside, me| match inside.writer {
            Some(writer) if writer == me => Turn::Never(
                "watch: the value is read inside of `send_modify` on it: this deadlocks",
            ),
            Some(_) => Turn::Later,
            None => Turn::Now,
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
        self.wait(tag, Op::Send, site, |inside, me| {
            if inside.readers.contains(&me) {
                Turn::Never(
                    "watch::Sender::send while the same task holds a watch::Ref: this deadlocks",
                )
            } else if inside.writer == Some(me) {
                Turn::Never("watch::Sender::send inside of `send_modify` on it: this deadlocks")
            } else if inside.readers.is_empty() && inside.writer.is_none() {
                Turn::Now
            } else {
                Turn::Later
            }
        });
        self.enter(true)
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

    #[track_caller]
    fn wait(&self, tag: &Tag, op: Op, site: Site, turn: impl Fn(&Inside, Option<TaskRef>) -> Turn) {
        let mut wait = PollWait::new();
        let mut blocking = None;
        loop {
            let state = controlled(|host| {
                let mut inside = self.current(host);
                let turn = turn(&inside, host.current());
                if turn == Turn::Later {
                    inside.waiting.push(host.waker());
                }
                turn
            });
            match state {
                None | Some(Turn::Now) => break,
                Some(Turn::Never(why)) => panic!("{why}"),
                Some(Turn::Later) => {
                    wait.begin(tag, op, site);
                    blocking.get_or_insert_with(MayBlock::begin);
                    if !facade::park_in_poll() {
                        break;
                    }
                }
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
        let waiting = std::mem::take(&mut inside.waiting);
        drop(inside);
        waiting.into_iter().for_each(Waker::wake);
    }
}
