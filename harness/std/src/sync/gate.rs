//! Lets one task at a time initialise something.

use std::sync as real;
use std::sync::PoisonError;

use standstill_rt::facade::{Hold, Tag};
use standstill_rt::{Op, Site};

use crate::guard::WakeOnDrop;
use crate::lock::Lock;
use crate::sync::tried;

/// What a cell that is initialised once waits at.
#[derive(Debug)]
pub(crate) struct Gate {
    lock: Lock,
    real: real::Mutex<()>,
}

impl Gate {
    pub(crate) const fn new(tag: Tag) -> Self {
        Self {
            lock: Lock::new(tag),
            real: real::Mutex::new(()),
        }
    }

    /// A switch point before something that does not initialise.
    pub(crate) fn switch(&self, op: Op, site: Site) {
        self.lock.switch(op, site);
    }

    /// Waits until nobody initialises, and calls `initialise` with the right to.
    #[inline(never)]
    pub(crate) fn enter(&self, site: Site, initialise: &mut dyn FnMut()) {
        /// Given back in this order.
        struct Entered<'a> {
            _real: real::MutexGuard<'a, ()>,
            _hold: Hold,
            _wake: WakeOnDrop<'a>,
        }

        // Poison of the gate itself means nothing: what it guards knows whether it is there.
        let attempt = || {
            tried(self.real.try_lock()).map(|locked| locked.unwrap_or_else(PoisonError::into_inner))
        };
        let entered = self.lock.wait(Op::Init, site, attempt);
        let lock = || self.real.lock().unwrap_or_else(PoisonError::into_inner);
        let _entered = Entered {
            _real: entered.unwrap_or_else(lock),
            _hold: Hold::take(self.lock.tag(), Op::Init, 1, site),
            _wake: self.lock.wake_on_drop(),
        };
        initialise();
    }

    /// Waits until `done`, which somebody's stay inside brings about.
    #[inline(never)]
    pub(crate) fn wait(&self, site: Site, done: &mut dyn FnMut() -> bool) {
        let waited = self.lock.wait(Op::AwaitInit, site, || done().then_some(()));
        if waited.is_none() {
            // Outside of a run: whoever initialises is inside, or will be.
            while !done() {
                drop(self.real.lock());
                std::thread::yield_now();
            }
        }
    }
}
