//! `LazyLock`.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync as real;

use standstill_rt::facade::{Inside, Locked, Tag};
use standstill_rt::{Op, ResourceKind, Site};

use crate::sync::gate::Gate;

/// A value that is made when it is first used.
///
/// One in a `static` outlives the run that first used it, and the next run finds it made. If a run
/// ends in the middle of making it, the value can never be made again: make such values in the
/// program itself.
pub struct LazyLock<T, F = fn() -> T> {
    gate: Gate,
    value: real::OnceLock<T>,
    init: Locked<Option<F>>,
}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// A value that `f` makes.
    #[track_caller]
    pub const fn new(f: F) -> Self {
        Self {
            gate: Gate::new(Tag::of::<T>(ResourceKind::StdLazyLock, 1)),
            value: real::OnceLock::new(),
            init: Locked::new(Some(f)),
        }
    }

    /// Makes the value now, if it was not made before.
    ///
    /// # Panics
    ///
    /// If making it panicked before.
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        this.force_at(Location::caller())
    }

    fn force_at(&self, site: Site) -> &T {
        if let Some(value) = self.made() {
            self.gate.switch(Op::Inspect, site);
            return value;
        }
        self.gate.enter(site, &mut || {
            if self.made().is_some() {
                return;
            }
            let Some(init) = self.init.with(Option::take) else {
                panic!("LazyLock instance has previously been poisoned");
            };
            let value = init();
            Inside::run(|| self.value.get_or_init(|| value));
        });
        match self.made() {
            Some(value) => value,
            None => unreachable!("a value was made that is not there"),
        }
    }

    fn made(&self) -> Option<&T> {
        Inside::run(|| self.value.get())
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[track_caller]
    fn deref(&self) -> &T {
        self.force_at(Location::caller())
    }
}

impl<T: Default> Default for LazyLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_tuple("LazyLock");
        match self.value.get() {
            Some(value) => debug.field(value),
            None => debug.field(&format_args!("<uninit>")),
        };
        debug.finish()
    }
}
