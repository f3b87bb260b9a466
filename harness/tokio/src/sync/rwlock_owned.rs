//! The guards that keep their `RwLock` alive. Unlike in tokio, the value must be `'static`.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use ::tokio::sync as real;
use standstill_rt::Op;

use crate::raw::{MappedWriteGuards, OwnedGuard, ReadGuards, WriteGuards};
use crate::sync::{RwLock, guard_formats};

/// Gives read access to the value of a shared [`RwLock`]. The lock is released when the guard is
/// dropped.
#[clippy::has_significant_drop]
pub struct OwnedRwLockReadGuard<T: ?Sized + 'static, U: ?Sized + 'static = T> {
    kept: OwnedGuard<ReadGuards<U>, RwLock<T>>,
}

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    pub(super) fn new(kept: OwnedGuard<ReadGuards<T>, RwLock<T>>) -> Self {
        Self { kept }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockReadGuard<T, U> {
    /// The lock that is held.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.kept.owner()
    }

    /// Narrows the guard to a part of the value.
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, V>
    where
        F: FnOnce(&U) -> &V,
    {
        OwnedRwLockReadGuard {
            kept: this
                .kept
                .map::<ReadGuards<V>>(|guard, _| real::RwLockReadGuard::map(guard, f)),
        }
    }

    /// Narrows the guard to a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The unchanged guard, if `f` returns None.
    pub fn try_map<F, V: ?Sized>(this: Self, f: F) -> Result<OwnedRwLockReadGuard<T, V>, Self>
    where
        F: FnOnce(&U) -> Option<&V>,
    {
        this.kept
            .try_map::<ReadGuards<V>>(|guard, _| real::RwLockReadGuard::try_map(guard, f))
            .map(|kept| OwnedRwLockReadGuard { kept })
            .map_err(|kept| Self { kept })
    }
}

/// Gives write access to the value of a shared [`RwLock`]. The lock is released when the guard is
/// dropped.
#[clippy::has_significant_drop]
pub struct OwnedRwLockWriteGuard<T: ?Sized + 'static> {
    kept: OwnedGuard<WriteGuards<T>, RwLock<T>>,
    /// Makes the guard `Unpin` only if the value is, as in tokio.
    value: PhantomData<T>,
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    pub(super) fn new(kept: OwnedGuard<WriteGuards<T>, RwLock<T>>) -> Self {
        Self {
            kept,
            value: PhantomData,
        }
    }

    /// The lock that is held.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.kept.owner()
    }

    /// Narrows the guard to a part of the value.
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        OwnedRwLockMappedWriteGuard {
            kept: this
                .kept
                .map::<MappedWriteGuards<U>>(|guard, _| real::RwLockWriteGuard::map(guard, f)),
        }
    }

    /// Narrows the guard to a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The unchanged guard, if `f` returns None.
    pub fn try_map<F, U: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        this.kept
            .try_map::<MappedWriteGuards<U>>(|guard, _| real::RwLockWriteGuard::try_map(guard, f))
            .map(|kept| OwnedRwLockMappedWriteGuard { kept })
            .map_err(Self::new)
    }

    /// Converts the guard to a mapped one of the same value, which can be narrowed repeatedly.
    pub fn into_mapped(this: Self) -> OwnedRwLockMappedWriteGuard<T> {
        OwnedRwLockMappedWriteGuard {
            kept: this
                .kept
                .map::<MappedWriteGuards<T>>(|guard, _| real::RwLockWriteGuard::into_mapped(guard)),
        }
    }

    /// Changes the guard to read access. No other task can write in between.
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T> {
        self.kept.switch();
        let mut kept = self
            .kept
            .map::<ReadGuards<T>>(|guard, _| real::RwLockWriteGuard::downgrade(guard));
        kept.resize(1, Op::Read);
        OwnedRwLockReadGuard { kept }
    }

    /// Changes the guard to read access to a part of the value. No other task can write in between.
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, U>
    where
        F: FnOnce(&T) -> &U,
    {
        this.kept.switch();
        let mut kept = this
            .kept
            .map::<ReadGuards<U>>(|guard, _| real::RwLockWriteGuard::downgrade_map(guard, f));
        kept.resize(1, Op::Read);
        OwnedRwLockReadGuard { kept }
    }

    /// As [`OwnedRwLockWriteGuard::downgrade_map`], if `f` returns a part.
    ///
    /// # Errors
    ///
    /// The unchanged guard, if `f` returns None.
    pub fn try_downgrade_map<F, U: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockReadGuard<T, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        this.kept.switch();
        this.kept
            .try_map::<ReadGuards<U>>(|guard, _| {
                real::RwLockWriteGuard::try_downgrade_map(guard, f)
            })
            .map(|mut kept| {
                kept.resize(1, Op::Read);
                OwnedRwLockReadGuard { kept }
            })
            .map_err(Self::new)
    }
}

/// Gives write access to a part of the value of a shared [`RwLock`]. The lock is released when the
/// guard is dropped.
#[clippy::has_significant_drop]
pub struct OwnedRwLockMappedWriteGuard<T: ?Sized + 'static, U: ?Sized + 'static = T> {
    kept: OwnedGuard<MappedWriteGuards<U>, RwLock<T>>,
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockMappedWriteGuard<T, U> {
    /// The lock that is held.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.kept.owner()
    }

    /// Narrows the guard to a smaller part of the value.
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, V>
    where
        F: FnOnce(&mut U) -> &mut V,
    {
        OwnedRwLockMappedWriteGuard {
            kept: this.kept.map::<MappedWriteGuards<V>>(|guard, _| {
                real::RwLockMappedWriteGuard::map(guard, f)
            }),
        }
    }

    /// Narrows the guard to a smaller part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The unchanged guard, if `f` returns None.
    pub fn try_map<F, V: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, V>, Self>
    where
        F: FnOnce(&mut U) -> Option<&mut V>,
    {
        this.kept
            .try_map::<MappedWriteGuards<V>>(|guard, _| {
                real::RwLockMappedWriteGuard::try_map(guard, f)
            })
            .map(|kept| OwnedRwLockMappedWriteGuard { kept })
            .map_err(|kept| Self { kept })
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedRwLockReadGuard<T, U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.kept
    }
}

impl<T: ?Sized> Deref for OwnedRwLockWriteGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.kept
    }
}

impl<T: ?Sized> DerefMut for OwnedRwLockWriteGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.kept
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedRwLockMappedWriteGuard<T, U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.kept
    }
}

impl<T: ?Sized, U: ?Sized> DerefMut for OwnedRwLockMappedWriteGuard<T, U> {
    fn deref_mut(&mut self) -> &mut U {
        &mut self.kept
    }
}

guard_formats!([T: ?Sized, U: ?Sized] OwnedRwLockReadGuard<T, U> => U);
guard_formats!([T: ?Sized] OwnedRwLockWriteGuard<T> => T);
guard_formats!([T: ?Sized, U: ?Sized] OwnedRwLockMappedWriteGuard<T, U> => U);
