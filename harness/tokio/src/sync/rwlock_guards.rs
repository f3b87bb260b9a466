//! The guards that borrow their `RwLock`.

use std::ops::{Deref, DerefMut};

use ::tokio::sync as real;
use standstill_rt::Op;
use standstill_rt::facade::{Hold, Release};

use crate::sync::guard_formats;

/// Gives read access to the value of an [`RwLock`](crate::sync::RwLock). The lock is released when the
/// guard is dropped.
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    pub(super) release: Release<'a>,
    pub(super) real: real::RwLockReadGuard<'a, T>,
    pub(super) hold: Hold,
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// Narrows the guard to a part of the value.
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        RwLockReadGuard {
            release: this.release,
            real: real::RwLockReadGuard::map(this.real, f),
            hold: this.hold,
        }
    }

    /// Narrows the guard to a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The unchanged guard, if `f` returns None.
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        match real::RwLockReadGuard::try_map(this.real, f) {
            Ok(real) => Ok(RwLockReadGuard {
                release: this.release,
                real,
                hold: this.hold,
            }),
            Err(real) => Err(Self { real, ..this }),
        }
    }
}

/// Gives write access to the value of an [`RwLock`](crate::sync::RwLock). The lock is released when the
/// guard is dropped.
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    pub(super) release: Release<'a>,
    pub(super) real: real::RwLockWriteGuard<'a, T>,
    pub(super) hold: Hold,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Narrows the guard to a part of the value.
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        RwLockMappedWriteGuard {
            release: this.release,
            real: real::RwLockWriteGuard::map(this.real, f),
            hold: this.hold,
        }
    }

    /// Narrows the guard to a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The unchanged guard, if `f` returns None.
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match real::RwLockWriteGuard::try_map(this.real, f) {
            Ok(real) => Ok(RwLockMappedWriteGuard {
                release: this.release,
                real,
                hold: this.hold,
            }),
            Err(real) => Err(Self { real, ..this }),
        }
    }

    /// Converts the guard to a mapped one of the same value, which can be narrowed repeatedly.
    pub fn into_mapped(this: Self) -> RwLockMappedWriteGuard<'a, T> {
        RwLockMappedWriteGuard {
            release: this.release,
            real: real::RwLockWriteGuard::into_mapped(this.real),
            hold: this.hold,
        }
    }

    /// Changes the guard to read access. No other task can write in between.
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        self.release.switch();
        let Self {
            release,
            real,
            mut hold,
        } = self;
        let real = real.downgrade();
        hold.resize(1, Op::Read);
        RwLockReadGuard {
            release,
            real,
            hold,
        }
    }

    /// Changes the guard to read access to a part of the value. No other task can write in between.
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        this.release.switch();
        let Self {
            release,
            real,
            mut hold,
        } = this;
        let real = real::RwLockWriteGuard::downgrade_map(real, f);
        hold.resize(1, Op::Read);
        RwLockReadGuard {
            release,
            real,
            hold,
        }
    }

    /// As [`RwLockWriteGuard::downgrade_map`], if `f` returns a part.
    ///
    /// # Errors
    ///
    /// The unchanged guard, if `f` returns None.
    pub fn try_downgrade_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        this.release.switch();
        let Self {
            release,
            real,
            mut hold,
        } = this;
        match real::RwLockWriteGuard::try_downgrade_map(real, f) {
            Ok(real) => {
                hold.resize(1, Op::Read);
                Ok(RwLockReadGuard {
                    release,
                    real,
                    hold,
                })
            }
            Err(real) => Err(Self {
                release,
                real,
                hold,
            }),
        }
    }
}

/// Gives write access to a part of the value of an [`RwLock`](crate::sync::RwLock). The lock is
/// released when the guard is dropped.
#[clippy::has_significant_drop]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized> {
    release: Release<'a>,
    real: real::RwLockMappedWriteGuard<'a, T>,
    hold: Hold,
}

impl<'a, T: ?Sized> RwLockMappedWriteGuard<'a, T> {
    /// Narrows the guard to a smaller part of the value.
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        RwLockMappedWriteGuard {
            release: this.release,
            real: real::RwLockMappedWriteGuard::map(this.real, f),
            hold: this.hold,
        }
    }

    /// Narrows the guard to a smaller part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The unchanged guard, if `f` returns None.
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match real::RwLockMappedWriteGuard::try_map(this.real, f) {
            Ok(real) => Ok(RwLockMappedWriteGuard {
                release: this.release,
                real,
                hold: this.hold,
            }),
            Err(real) => Err(Self { real, ..this }),
        }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.real
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.real
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.real
    }
}

impl<T: ?Sized> Deref for RwLockMappedWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.real
    }
}

impl<T: ?Sized> DerefMut for RwLockMappedWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.real
    }
}

guard_formats!([T: ?Sized] RwLockReadGuard<'_, T> => T);
guard_formats!([T: ?Sized] RwLockWriteGuard<'_, T> => T);
guard_formats!([T: ?Sized] RwLockMappedWriteGuard<'_, T> => T);
