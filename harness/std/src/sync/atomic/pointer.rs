//! The pointer.

use std::fmt;
use std::panic::Location;
use std::ptr;
use std::sync::atomic as real;
use std::sync::atomic::Ordering;

use standstill_rt::facade::Tag;
use standstill_rt::{Op, ResourceKind, Site};

use crate::sync::atomic::common;

/// A raw pointer that threads share.
pub struct AtomicPtr<T> {
    tag: Tag,
    real: real::AtomicPtr<T>,
}

common!(impl[T] AtomicPtr<T>, real::AtomicPtr<T>, *mut T);

impl<T> Default for AtomicPtr<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(ptr::null_mut())
    }
}

impl<T> fmt::Pointer for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.real, f)
    }
}
