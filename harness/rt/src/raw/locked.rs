//! A value behind a lock that is taken by a function that is not generic.

use std::cell::UnsafeCell;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Mutex, PoisonError};

/// As `Mutex`, without poison, for values that generic code keeps.
///
/// A `Mutex` is locked and unlocked by code, with atomics, that is compiled in each crate which does so:
/// for what a facade keeps of its user's types that is the crate of the user. Here it is this crate.
pub struct Locked<T> {
    lock: Lock,
    value: UnsafeCell<T>,
}

struct Lock(Mutex<()>);

impl Lock {
    /// Calls `f` while nobody else is in this function with this lock.
    #[inline(never)]
    fn hold(&self, f: &mut dyn FnMut()) {
        let _locked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f();
    }
}

// SAFETY: a `&Locked` lets one thread at a time have the value, as if it was sent from one to the
// other.
unsafe impl<T: Send> Sync for Locked<T> {}

// As for a `Mutex`, whose poison nobody looks at.
impl<T> UnwindSafe for Locked<T> {}
impl<T> RefUnwindSafe for Locked<T> {}

impl<T> Locked<T> {
    /// A value that nobody uses.
    pub const fn new(value: T) -> Self {
        Self {
            lock: Lock(Mutex::new(())),
            value: UnsafeCell::new(value),
        }
    }

    /// The value: a mutable borrow needs no lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Calls `f` with the value, once nobody else uses it. `f` must neither wait for anything nor use
    /// the value again by way of this.
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let mut f = Some(f);
        let mut result = None;
        self.lock.hold(&mut || {
            if let Some(f) = f.take() {
                // SAFETY: only this function makes a reference to the value, and never two at a time:
                // the lock is held for as long as this one is used. It is no recursive lock.
                result = Some(f(unsafe { &mut *self.value.get() }));
            }
        });
        match result {
            Some(result) => result,
            None => unreachable!("a lock was held without being used"),
        }
    }
}

impl<T> fmt::Debug for Locked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn one_at_a_time_has_it() {
        let number = Locked::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        number.with(|number| *number += 1);
                    }
                });
            }
        });
        assert_eq!(number.with(|number| *number), 4_000);
    }

    #[test]
    fn a_panic_lets_go_of_it() {
        let number = Locked::new(1);
        let panicked = std::panic::catch_unwind(|| {
            number.with(|_| std::panic::resume_unwind(Box::new(())));
        });
        assert!(panicked.is_err());
        assert_eq!(number.with(|number| *number), 1);
    }
}
