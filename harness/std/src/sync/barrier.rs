//! `Barrier`.

use std::fmt;
use std::panic::Location;
use std::sync as real;
use std::sync::PoisonError;

use standstill_rt::facade::Tag;
use standstill_rt::{Op, ResourceKind};

use crate::block::{self, Operation, Waiters};

/// A place where threads wait until there are enough of them.
pub struct Barrier {
    tag: Tag,
    size: usize,
    round: real::Mutex<Round>,
    waiters: Waiters,
    real: real::Barrier,
}

/// Those who came in a run.
#[derive(Debug)]
struct Round {
    number: u64,
    came: usize,
}

impl Barrier {
    /// A barrier for `size` threads.
    #[must_use]
    #[track_caller]
    pub const fn new(size: usize) -> Self {
        Self {
            tag: Tag::new(ResourceKind::StdBarrier),
            size,
            round: real::Mutex::new(Round { number: 0, came: 0 }),
            waiters: Waiters::new(),
            real: real::Barrier::new(size),
        }
    }

    fn round(&self) -> real::MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until as many threads as the barrier asks for do.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        if !block::in_task() {
            return BarrierWaitResult(self.real.wait().is_leader());
        }
        let operation = Operation {
            tag: &self.tag,
            op: Op::BarrierWait,
            site: Location::caller(),
        };
        let mut here: Option<Here<'_>> = None;
        let leads = operation.wait(&self.waiters, || match &here {
            Some(here) => (self.round().number != here.number).then_some(false),
            None => {
                let mut round = self.round();
                round.came += 1;
                let number = round.number;
                if round.came < self.size {
                    here = Some(Here {
                        barrier: self,
                        number,
                    });
                    return None;
                }
                round.came = 0;
                round.number += 1;
                Some(true)
            }
        });
        let leads = leads == Some(true);
        if leads {
            self.tag.moved();
            self.waiters.wake();
        }
        BarrierWaitResult(leads)
    }
}

/// Somebody at the barrier. If it is unwound there, it was not there.
struct Here<'a> {
    barrier: &'a Barrier,
    number: u64,
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        let mut round = self.barrier.round();
        if round.number == self.number {
            round.came -= 1;
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// Which one of those at a barrier this is.
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether it is the one that leads: one of each round does.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl fmt::Debug for BarrierWaitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWaitResult")
            .field("is_leader", &self.0)
            .finish()
    }
}
