//! `Once`.

use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU8, Ordering};

use standstill_rt::facade::Tag;
use standstill_rt::{Op, ResourceKind, Site};

use crate::block;
use crate::sync::gate::Gate;

/// Something that is done once.
///
/// std's own type can only block, so this one does what it does, with a state of its own.
pub struct Once {
    gate: Gate,
    state: AtomicU8,
}

const INCOMPLETE: u8 = 0;
const POISONED: u8 = 1;
const COMPLETE: u8 = 2;

impl Once {
    /// Something that was not done yet.
    #[expect(clippy::new_without_default, reason = "std's own has none")]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            gate: Gate::new(Tag::new(ResourceKind::StdOnce)),
            state: AtomicU8::new(INCOMPLETE),
        }
    }

    #[inline(never)]
    fn done(&self) -> bool {
        self.state.load(Ordering::Acquire) == COMPLETE
    }

    /// Begins a try, unless it was done before. Says whether an earlier one panicked.
    #[inline(never)]
    fn begin(&self, even_if_poisoned: bool) -> Option<Unfinished<'_>> {
        let poisoned = match self.state.load(Ordering::Acquire) {
            COMPLETE => return None,
            state => state == POISONED,
        };
        assert!(
            !poisoned || even_if_poisoned,
            "Once instance has previously been poisoned"
        );
        Some(Unfinished {
            state: &self.state,
            poisoned,
        })
    }

    fn call(&self, site: Site, even_if_poisoned: bool, f: impl FnOnce(&OnceState)) {
        if self.done() {
            self.gate.switch(Op::Inspect, site);
            return;
        }
        let mut f = Some(f);
        self.gate.enter(site, &mut || {
            if let Some(unfinished) = self.begin(even_if_poisoned)
                && let Some(f) = f.take()
            {
                f(&OnceState {
                    poisoned: unfinished.poisoned,
                });
                unfinished.finish();
            }
        });
    }

    /// Calls `f`, unless that was done before; waits for whoever does it now.
    ///
    /// # Panics
    ///
    /// If it was tried before, and `f` panicked.
    #[track_caller]
    pub fn call_once<F: FnOnce()>(&self, f: F) {
        self.call(Location::caller(), false, |_| f());
    }

    /// As [`Once::call_once`], also if an earlier try panicked.
    #[track_caller]
    pub fn call_once_force<F: FnOnce(&OnceState)>(&self, f: F) {
        self.call(Location::caller(), true, f);
    }

    /// Whether it was done.
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        self.gate.switch(Op::Inspect, Location::caller());
        self.done()
    }

    /// Waits until it was done.
    ///
    /// # Panics
    ///
    /// If it was tried, and panicked.
    #[track_caller]
    pub fn wait(&self) {
        self.wait_at(Location::caller(), false);
    }

    /// As [`Once::wait`], also if an earlier try panicked.
    #[track_caller]
    pub fn wait_force(&self) {
        self.wait_at(Location::caller(), true);
    }

    fn wait_at(&self, site: Site, even_if_poisoned: bool) {
        self.gate
            .wait(site, &mut || match self.state.load(Ordering::Acquire) {
                COMPLETE => true,
                POISONED if !even_if_poisoned => {
                    panic!("Once instance has previously been poisoned")
                }
                _ => false,
            });
    }
}

/// A try that does not come to its end. A run that is over leaves no poison behind.
struct Unfinished<'a> {
    state: &'a AtomicU8,
    /// An earlier one panicked.
    poisoned: bool,
}

impl Unfinished<'_> {
    /// It did.
    #[inline(never)]
    fn finish(self) {
        self.state.store(COMPLETE, Ordering::Release);
        std::mem::forget(self);
    }
}

impl Drop for Unfinished<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        let state = if block::unwound_with_run() {
            INCOMPLETE
        } else {
            POISONED
        };
        self.state.store(state, Ordering::Release);
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

/// How earlier tries went.
#[derive(Debug)]
pub struct OnceState {
    poisoned: bool,
}

impl OnceState {
    /// Whether the last one panicked.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
}
