//! Keeps a run's one thread from blocking in the `std` lock around a watch channel's value.

use std::sync::{Mutex, MutexGuard, PoisonError};

use standstill_core::facade::Tag;
use standstill_core::host::{self, Host};
use standstill_core::{Op, Site, TaskRef};

/// Who reads the value now, and who is changing it. Kept in runs only.
///
/// tokio guards the value by a lock of `std`, held by a `Ref` and during the closures of
/// `send_modify` and `wait_for`. A task that is preempted meanwhile must not make another block
/// the thread that both run on: so the other goes round its switch points until the lock is free.
#[derive(Debug, Default)]
pub(super) struct Gate {
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    epoch: u32,
    readers: Vec<Option<TaskRef>>,
    writer: Option<Option<TaskRef>>,
}

/// One reader or the writer; it leaves when dropped.
#[derive(Debug)]
pub(super) struct Entered<'a> {
    gate: &'a Gate,
    /// The run and the task, unless it came in outside of any run.
    who: Option<(u32, Option<TaskRef>)>,
    writes: bool,
}

/// Where tasks have threads of their own the real lock may block.
fn controlled<R>(f: impl FnOnce(&dyn Host) -> R) -> Option<R> {
    host::with(|host| host.controlled().then(|| f(host))).flatten()
}

impl Gate {
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
    #[track_caller]
    pub(super) fn await_reading(&self, tag: &Tag, site: Site) {
        self.wait(tag, site, |inside, me| match inside.writer {
            Some(writer) if writer == me => {
                panic!("watch: the value is read inside of `send_modify` on it: this deadlocks")
            }
            Some(_) => false,
            None => true,
        });
    }

    /// Notes a reader, who must have awaited it. Hold this for as long as the real lock, and drop
    /// it after that.
    pub(super) fn read(&self) -> Entered<'_> {
        self.enter(false)
    }

    /// Waits until nobody reads or writes, and notes a writer.
    #[track_caller]
    pub(super) fn write(&self, tag: &Tag, site: Site) -> Entered<'_> {
        self.wait(tag, site, |inside, me| {
            assert!(
                !inside.readers.contains(&me),
                "watch::Sender::send while the same task holds a watch::Ref: this deadlocks"
            );
            assert!(
                inside.writer != Some(me),
                "watch::Sender::send inside of `send_modify` on it: this deadlocks"
            );
            inside.readers.is_empty() && inside.writer.is_none()
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
    fn wait(&self, tag: &Tag, site: Site, free: impl Fn(&Inside, Option<TaskRef>) -> bool) {
        loop {
            let state = controlled(|host| {
                let me = host.current();
                let inside = self.current(host);
                (free(&inside, me), host.closing())
            });
            match state {
                None | Some((true, _)) => return,
                // Switch points do nothing any more, and the real lock would never be free.
                Some((false, true)) => std::panic::resume_unwind(Box::new("the run is over")),
                Some((false, false)) => tag.switch(Op::Yield, site),
            }
        }
    }
}

impl Drop for Entered<'_> {
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
    }
}
