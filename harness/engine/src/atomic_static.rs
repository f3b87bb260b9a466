//! A reference that may be replaced while other threads read it.
#![expect(unsafe_code, reason = "a pointer that came from a reference")]

use std::sync::atomic::{AtomicPtr, Ordering};

/// A reference to something static that other threads may read while it is replaced.
#[derive(Debug)]
pub(crate) struct AtomicStatic<T: Sync + 'static>(AtomicPtr<T>);

impl<T: Sync + 'static> AtomicStatic<T> {
    pub(crate) const fn empty() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }

    #[inline]
    pub(crate) fn set(&self, value: &'static T) {
        self.0
            .store(std::ptr::from_ref(value).cast_mut(), Ordering::Release);
    }

    pub(crate) fn get(&self) -> Option<&'static T> {
        // SAFETY: the pointer is null or came from a `&'static T` in `set`, and nothing ever writes
        // through it.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }
}
