//! A value with several owners, which are counted by functions that are not generic.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::process;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

/// As `Arc`, without weak references.
///
/// An `Arc` is cloned and dropped by code, with atomics, that is compiled in each crate which does so:
/// for what a facade's types consist of that is the crate of their user, and its atomics look like the
/// program's own. Here both are calls of functions in this crate; and the value itself is dropped by
/// code of the crate that has called [`Shared::new`].
pub struct Shared<T> {
    inner: NonNull<Inner<T>>,
    /// It drops the value.
    owns: PhantomData<Inner<T>>,
}

#[repr(C)]
struct Inner<T> {
    /// First, so that a pointer to the whole is one to this.
    header: Header,
    value: T,
}

/// What all values that are shared begin with.
struct Header {
    owners: AtomicUsize,
    /// Drops the whole, of which this is the header, and frees it.
    free: unsafe fn(NonNull<Header>),
}

impl Header {
    /// One owner more.
    #[inline(never)]
    fn add_owner(&self) {
        let before = self.owners.fetch_add(1, Ordering::Relaxed);
        // As in `Arc`: only a program that forgets owners comes here, and if it went on the count
        // would come round to nought.
        if before > isize::MAX.unsigned_abs() {
            process::abort();
        }
    }

    /// One owner less. The last frees the value.
    ///
    /// # Safety
    ///
    /// The caller is an owner, and is none after this.
    #[inline(never)]
    unsafe fn remove_owner(header: NonNull<Self>) {
        // SAFETY: it is there until its last owner is removed, and the caller is one.
        let Self { owners, free } = unsafe { header.as_ref() };
        if owners.fetch_sub(1, Ordering::Release) == 1 {
            // What other owners have done with the value happens before it is dropped.
            fence(Ordering::Acquire);
            // SAFETY: there is no owner left who could use it or free it again.
            unsafe { free(header) }
        }
    }

    /// What `free` is for a value of type `T`.
    ///
    /// # Safety
    ///
    /// `header` is that of an `Inner<T>` which was leaked from a box, and to which nobody refers.
    unsafe fn free<T>(header: NonNull<Self>) {
        // SAFETY: as the caller promises. The header comes first in `Inner`, and the pointer was made
        // of one to the whole.
        drop(unsafe { Box::from_raw(header.cast::<Inner<T>>().as_ptr()) });
    }
}

// SAFETY: it hands out `&T` on whatever thread it is, and drops the `T` where the last owner is
// dropped: both may happen on any thread.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: a `&Shared` can be cloned, so it gives what a `Shared` gives, and no more.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T: RefUnwindSafe> UnwindSafe for Shared<T> {}

impl<T> Shared<T> {
    /// A value with one owner.
    pub fn new(value: T) -> Self {
        let inner = Box::new(Inner {
            header: Header {
                owners: AtomicUsize::new(1),
                free: Header::free::<T>,
            },
            value,
        });
        Self {
            inner: NonNull::from(Box::leak(inner)),
            owns: PhantomData,
        }
    }

    fn inner(&self) -> &Inner<T> {
        // SAFETY: it is there until its last owner is removed, and this is one. Nobody has a `&mut` to
        // it meanwhile.
        unsafe { self.inner.as_ref() }
    }

    /// Whether both own the same value.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        self.inner().header.add_owner();
        Self {
            inner: self.inner,
            owns: PhantomData,
        }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: this is an owner, and is none after this.
        unsafe { Header::remove_owner(self.inner.cast()) }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner().value
    }
}

impl<T> AsRef<T> for Shared<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;
    use std::thread;

    use super::*;

    #[test]
    fn the_last_owner_drops_it() {
        struct Value(Rc<Cell<u32>>);

        impl Drop for Value {
            fn drop(&mut self) {
                self.0.set(self.0.get() + 1);
            }
        }

        let dropped = Rc::new(Cell::new(0));
        let first = Shared::new(Value(Rc::clone(&dropped)));
        let second = first.clone();
        assert!(first.is_same(&second));
        drop(first);
        assert_eq!((dropped.get(), second.0.get()), (0, 0));
        drop(second);
        assert_eq!(dropped.get(), 1);
    }

    #[test]
    fn threads_share_it() {
        let sum = Shared::new(AtomicUsize::new(0));
        let threads: Vec<_> = (1..=4)
            .map(|number| {
                let sum = sum.clone();
                thread::spawn(move || sum.fetch_add(number, Ordering::Relaxed))
            })
            .collect();
        for thread in threads {
            assert!(thread.join().is_ok());
        }
        assert_eq!(sum.load(Ordering::Relaxed), 10);
    }
}
