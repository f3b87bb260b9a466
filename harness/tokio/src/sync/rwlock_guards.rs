//! The guards that borrow their `RwLock`.

use std::ops::{Deref, DerefMut};

use ::tokio::sync as real;
use standstill_rt::Op;
use standstill_rt::facade::{Hold, Release};

use crate::sync::guard_formats;

/// The right to read what an [`RwLock`](crate::sync::RwLock) guards, until it is dropped.
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    pub(super) release: Release<'a>,
    pub(super) real: real::RwLockReadGuard<'a, T>,
    pub(super) hold: Hold,
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// A guard of a part of the value.
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

    /// A guard of a part of the value, if `f` finds it.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` finds nothing.
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

/// The right to use what an [`RwLock`](crate::sync::RwLock) guards, until it is dropped.
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    pub(super) release: Release<'a>,
    pub(super) real: real::RwLockWriteGuard<'a, T>,
    pub(super) hold: Hold,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// A guard of a part of the value.
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

    /// A guard of a part of the value, if `f` finds it.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` finds nothing.
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

    /// A guard of the same value that further parts can be taken of.
    pub fn into_mapped(this: Self) -> RwLockMappedWriteGuard<'a, T> {
        RwLockMappedWriteGuard {
            release: this.release,
            real: real::RwLockWriteGuard::into_mapped(this.real),
            hold: this.hold,
        }
    }

    /// From now on only reads, without anybody else writing in between.
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

    /// From now on only reads a part of the value, without anybody else writing in between.
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

    /// As [`RwLockWriteGuard::downgrade_map`], if `f` finds a part.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` finds nothing.
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

/// The right to use a part of what an [`RwLock`](crate::sync::RwLock) guards, until it is dropped.
#[clippy::has_significant_drop]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized> {
    release: Release<'a>,
    real: real::RwLockMappedWriteGuard<'a, T>,
    hold: Hold,
}

impl<'a, T: ?Sized> RwLockMappedWriteGuard<'a, T> {
    /// A guard of a smaller part of the value.
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

    /// A guard of a smaller part of the value, if `f` finds it.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` finds nothing.
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
