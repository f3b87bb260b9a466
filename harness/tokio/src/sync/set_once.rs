//! `SetOnce`.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use ::tokio::sync as real;
use standstill_rt::facade::{Inside, Tag, Wait};
use standstill_rt::{Op, ResourceKind, Site};

use crate::sync::SetOnceError;

/// A cell that is filled once and can be awaited.
pub struct SetOnce<T> {
    tag: Tag,
    real: real::SetOnce<T>,
}

impl<T> SetOnce<T> {
    /// An empty cell.
    #[track_caller]
    pub fn new() -> Self {
        Self::around(real::SetOnce::new())
    }

    /// As [`SetOnce::new`], for constants and statics.
    #[track_caller]
    pub const fn const_new() -> Self {
        Self::around(real::SetOnce::const_new())
    }

    /// A cell with this value, or an empty one if there is none.
    #[track_caller]
    pub fn new_with(value: Option<T>) -> Self {
        Self::around(real::SetOnce::new_with(value))
    }

    /// A full cell, for constants and statics.
    #[track_caller]
    pub const fn const_new_with(value: T) -> Self {
        Self::around(real::SetOnce::const_new_with(value))
    }

    #[track_caller]
    const fn around(real: real::SetOnce<T>) -> Self {
        Self {
            // The tracker treats it as a `Notify`, not as a `OnceCell`: its waiters wait for a value to
            // be sent.
            tag: Tag::of::<T>(ResourceKind::Notify, u32::MAX),
            real,
        }
    }

    /// Whether there is a value.
    #[track_caller]
    pub fn initialized(&self) -> bool {
        self.tag.switch(Op::Inspect, Location::caller());
        Inside::run(|| self.real.initialized())
    }

    /// The value, if there is one.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        self.tag.switch(Op::Inspect, Location::caller());
        Inside::run(|| self.real.get())
    }

    /// Fills the cell and wakes all tasks that wait for it.
    ///
    /// # Errors
    ///
    /// If the cell is full.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), SetOnceError<T>> {
        self.tag.switch(Op::Notify, Location::caller());
        Inside::run(|| self.real.set(value))?;
        self.tag.moved();
        Ok(())
    }

    async fn wait_at(&self, site: Site) -> &T {
        Wait::new(self.real.wait(), &self.tag, Op::Notified, site).await
    }

    /// Waits until there is a value.
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = &T> {
        self.wait_at(Location::caller())
    }

    /// The value, if there is one.
    pub fn into_inner(self) -> Option<T> {
        self.real.into_inner()
    }
}

impl<T> Default for SetOnce<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for SetOnce<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::const_new_with(value)
    }
}

impl<T: Clone> Clone for SetOnce<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self::around(self.real.clone())
    }
}

impl<T: PartialEq> PartialEq for SetOnce<T> {
    fn eq(&self, other: &Self) -> bool {
        self.real == other.real
    }
}

impl<T: Eq> Eq for SetOnce<T> {}

impl<T: fmt::Debug> fmt::Debug for SetOnce<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
