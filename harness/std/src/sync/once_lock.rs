//! `OnceLock`.

use std::fmt;
use std::panic::Location;
use std::sync as real;

use standstill_rt::facade::{Inside, Tag};
use standstill_rt::{Op, ResourceKind, Site};

use crate::sync::gate::Gate;

/// A value that is set once.
pub struct OnceLock<T> {
    gate: Gate,
    real: real::OnceLock<T>,
}

impl<T> OnceLock<T> {
    /// No value yet.
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            gate: Gate::new(Tag::of::<T>(ResourceKind::StdOnceLock, 1)),
            real: real::OnceLock::new(),
        }
    }

    fn made(&self) -> Option<&T> {
        Inside::run(|| self.real.get())
    }

    fn get_at(&self, site: Site) -> Option<&T> {
        self.gate.switch(Op::Inspect, site);
        self.made()
    }

    /// The value, if it is there.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        self.get_at(Location::caller())
    }

    /// The value, if it is there.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.real.get_mut()
    }

    /// The value, once it is there.
    #[track_caller]
    pub fn wait(&self) -> &T {
        let site = Location::caller();
        self.gate.wait(site, &mut || self.made().is_some());
        match self.made() {
            Some(value) => value,
            None => unreachable!("the wait for a value ended without one"),
        }
    }

    /// Sets the value, if there is none; waits for whoever does it now.
    ///
    /// # Errors
    ///
    /// The value, if there was one already.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.gate.enter(Location::caller(), &mut || {
            if let Some(new) = value.take() {
                value = Inside::run(|| self.real.set(new)).err();
            }
        });
        value.map_or(Ok(()), Err)
    }

    /// The value, which `f` makes if it is not there; waits for whoever makes it now.
    #[track_caller]
    pub fn get_or_init<F>(&self, f: F) -> &T
    where
        F: FnOnce() -> T,
    {
        self.get_or_init_at(f, Location::caller())
    }

    fn get_or_init_at(&self, f: impl FnOnce() -> T, site: Site) -> &T {
        if let Some(value) = self.made() {
            self.gate.switch(Op::Inspect, site);
            return value;
        }
        let mut f = Some(f);
        self.gate.enter(site, &mut || {
            if self.made().is_none()
                && let Some(f) = f.take()
            {
                // Nobody else is in here: what `f` makes is what is set.
                let value = f();
                Inside::run(|| self.real.get_or_init(|| value));
            }
        });
        match self.made() {
            Some(value) => value,
            None => unreachable!("a value was made that is not there"),
        }
    }

    /// Takes the value out.
    pub fn take(&mut self) -> Option<T> {
        self.real.take()
    }

    /// The value, if it is there.
    pub fn into_inner(self) -> Option<T> {
        self.real.into_inner()
    }
}

impl<T> Default for OnceLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        match self.get() {
            Some(value) => Self::from(value.clone()),
            None => Self::new(),
        }
    }
}

impl<T> From<T> for OnceLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        let mut cell = Self::new();
        cell.real = real::OnceLock::from(value);
        cell
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    fn eq(&self, other: &Self) -> bool {
        self.real == other.real
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
