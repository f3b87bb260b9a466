//! What a facade type wraps.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr;

use crate::facade::Inside;

/// The real value that a facade type wraps, where the real type has atomics in its generic code. It is
/// used and dropped [`Inside`].
pub struct Wrapped<R>(ManuallyDrop<R>);

impl<R> Wrapped<R> {
    /// Wraps `real`.
    pub const fn new(real: R) -> Self {
        Self(ManuallyDrop::new(real))
    }

    /// Calls `operation`, which must not run code of the program.
    #[inline]
    pub fn inside<'a, O>(&'a self, operation: impl FnOnce(&'a R) -> O) -> O {
        let _inside = Inside::enter();
        operation(&self.0)
    }

    /// As [`Wrapped::inside`], for what changes it.
    #[inline]
    pub fn inside_mut<'a, O>(&'a mut self, operation: impl FnOnce(&'a mut R) -> O) -> O {
        let _inside = Inside::enter();
        operation(&mut self.0)
    }

    /// As [`Wrapped::inside`], for what uses it up.
    #[inline]
    pub fn inside_once<O>(self, operation: impl FnOnce(R) -> O) -> O {
        let _inside = Inside::enter();
        operation(self.into_inner())
    }

    /// The real value.
    pub fn into_inner(self) -> R {
        let this = ManuallyDrop::new(self);
        // SAFETY: it is read once, and `this` is never dropped.
        unsafe { ptr::read(&*this.0) }
    }
}

impl<R> Drop for Wrapped<R> {
    #[inline]
    fn drop(&mut self) {
        let _inside = Inside::enter();
        // SAFETY: it is dropped here alone: `into_inner`, which takes it out, prevents this.
        unsafe { ManuallyDrop::drop(&mut self.0) }
    }
}

impl<R> Deref for Wrapped<R> {
    type Target = R;

    #[inline]
    fn deref(&self) -> &R {
        &self.0
    }
}

impl<R> DerefMut for Wrapped<R> {
    #[inline]
    fn deref_mut(&mut self) -> &mut R {
        &mut self.0
    }
}

impl<R: fmt::Debug> fmt::Debug for Wrapped<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facade::is_inside;

    struct Watched<'a>(&'a mut Vec<bool>);

    impl Drop for Watched<'_> {
        fn drop(&mut self) {
            self.0.push(is_inside());
        }
    }

    #[test]
    fn it_is_used_and_dropped_inside() {
        let mut seen = Vec::new();
        let mut wrapped = Wrapped::new(Watched(&mut seen));
        wrapped.inside_mut(|watched| watched.0.push(is_inside()));
        drop(wrapped);
        assert_eq!(seen, [true, true]);
        assert!(!is_inside());
    }

    #[test]
    fn what_was_taken_out_is_dropped_once() {
        let mut seen = Vec::new();
        drop(Wrapped::new(Watched(&mut seen)).into_inner());
        assert_eq!(seen, [false]);
    }
}
