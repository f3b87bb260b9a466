//! The guards that keep their `Mutex` alive.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, RwLock};

use ::tokio::sync as real;

use crate::raw::{MappedMutexGuards, MutexGuards, OwnedGuard};
use crate::sync::{Mutex, guard_formats};

/// Gives access to the value of a locked, shared [`Mutex`]. The mutex is released when the guard is
/// dropped.
///
/// Unlike in tokio, the value must be `'static`. It always is if the guard can be sent to another task.
#[clippy::has_significant_drop]
pub struct OwnedMutexGuard<T: ?Sized + 'static> {
    kept: OwnedGuard<MutexGuards<T>, Mutex<T>>,
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    pub(super) fn new(kept: OwnedGuard<MutexGuards<T>, Mutex<T>>) -> Self {
        Self { kept }
    }

    /// The mutex that is locked.
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        this.kept.owner()
    }

    /// Narrows the guard to a part of the value.
    pub fn map<U, F>(this: Self, f: F) -> OwnedMappedMutexGuard<T, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        OwnedMappedMutexGuard::new(
            this.kept
                .map::<MappedMutexGuards<U>>(|guard, _| real::MutexGuard::map(guard, f)),
        )
    }

    /// Narrows the guard to a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The unchanged guard, if `f` returns None.
    pub fn try_map<U, F>(this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        this.kept
            .try_map::<MappedMutexGuards<U>>(|guard, _| real::MutexGuard::try_map(guard, f))
            .map(OwnedMappedMutexGuard::new)
            .map_err(Self::new)
    }
}

impl<T: ?Sized> Deref for OwnedMutexGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.kept
    }
}

impl<T: ?Sized> DerefMut for OwnedMutexGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.kept
    }
}

guard_formats!([T: ?Sized] OwnedMutexGuard<T> => T);

/// Gives access to a part of the value of a locked, shared [`Mutex`]. The mutex is released when the
/// guard is dropped.
#[clippy::has_significant_drop]
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct OwnedMappedMutexGuard<T: ?Sized + 'static, U: ?Sized + 'static = T> {
    kept: OwnedGuard<MappedMutexGuards<U>, Mutex<T>>,
    /// Makes the guard `Sync` only if the part is also `Send`, as in tokio.
    part: PhantomData<Box<RwLock<U>>>,
}

impl<T: ?Sized, U: ?Sized> OwnedMappedMutexGuard<T, U> {
    fn new(kept: OwnedGuard<MappedMutexGuards<U>, Mutex<T>>) -> Self {
        Self {
            kept,
            part: PhantomData,
        }
    }

    /// Narrows the guard to a smaller part of the value.
    pub fn map<S, F>(this: Self, f: F) -> OwnedMappedMutexGuard<T, S>
    where
        F: FnOnce(&mut U) -> &mut S,
    {
        OwnedMappedMutexGuard::new(
            this.kept
                .map::<MappedMutexGuards<S>>(|guard, _| real::MappedMutexGuard::map(guard, f)),
        )
    }

    /// Narrows the guard to a smaller part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The unchanged guard, if `f` returns None.
    pub fn try_map<S, F>(this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, S>, Self>
    where
        F: FnOnce(&mut U) -> Option<&mut S>,
    {
        this.kept
            .try_map::<MappedMutexGuards<S>>(|guard, _| real::MappedMutexGuard::try_map(guard, f))
            .map(OwnedMappedMutexGuard::new)
            .map_err(Self::new)
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedMappedMutexGuard<T, U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.kept
    }
}

impl<T: ?Sized, U: ?Sized> DerefMut for OwnedMappedMutexGuard<T, U> {
    fn deref_mut(&mut self) -> &mut U {
        &mut self.kept
    }
}

guard_formats!([T: ?Sized, U: ?Sized] OwnedMappedMutexGuard<T, U> => U);
