//! Lets one task at a time initialise something.

use std::sync as real;
use std::sync::PoisonError;

use standstill_rt::facade::{Hold, Tag};
use standstill_rt::{Op, Site};

use crate::block::{Operation, Waiters};
use crate::guard::News;

/// What a cell that is initialised once waits at.
#[derive(Debug)]
pub(crate) struct Gate {
    tag: Tag,
    waiters: Waiters,
    real: real::Mutex<()>,
}

/// The right to initialise.
#[derive(Debug)]
pub(crate) struct Inside<'a> {
    _real: real::MutexGuard<'a, ()>,
    _hold: Hold,
    _news: News<'a>,
}

impl Gate {
    pub(crate) const fn new(tag: Tag) -> Self {
        Self {
            tag,
            waiters: Waiters::new(),
            real: real::Mutex::new(()),
        }
    }

    pub(crate) fn tag(&self) -> &Tag {
        &self.tag
    }

    /// Waits until nobody initialises.
    pub(crate) fn enter(&self, site: Site) -> Inside<'_> {
        let operation = Operation {
            tag: &self.tag,
            op: Op::Init,
            site,
        };
        // Poison of the gate itself means nothing: what it guards knows whether it is there.
        let attempt = || match self.real.try_lock() {
            Ok(guard) => Some(guard),
            Err(real::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(real::TryLockError::WouldBlock) => None,
        };
        let entered = operation.wait(&self.waiters, attempt);
        let lock = || self.real.lock().unwrap_or_else(PoisonError::into_inner);
        Inside {
            _real: entered.unwrap_or_else(lock),
            _hold: Hold::take(&self.tag, Op::Init, 1, site),
            _news: News(&self.waiters),
        }
    }
}

impl Gate {
    /// Waits until `done`, which somebody's stay inside brings about.
    pub(crate) fn wait(&self, site: Site, mut done: impl FnMut() -> bool) {
        let operation = Operation {
            tag: &self.tag,
            op: Op::AwaitInit,
            site,
        };
        let waited = operation.wait(&self.waiters, || done().then_some(()));
        if waited.is_none() {
            // Outside of a run: whoever initialises is inside, or will be.
            while !done() {
                drop(self.real.lock());
                std::thread::yield_now();
            }
        }
    }
}
