//! Atomics: in a run each operation is a switch point.
//!
//! What the engine explores is sequentially consistent, whatever the orderings say.

pub use std::sync::atomic::*;

mod boolean;
mod integer;
mod pointer;

pub use boolean::AtomicBool;
pub use integer::{
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32,
    AtomicU64, AtomicUsize,
};
pub use pointer::AtomicPtr;

use std::panic::Location;

use standstill_rt::{Op, facade};

/// Orders what comes before and after it. In a run it is a switch point.
#[track_caller]
pub fn fence(order: Ordering) {
    facade::switch(Op::Atomic, Location::caller());
    std::sync::atomic::fence(order);
}

/// What all atomics have: how they are made, and the operations that need no arithmetic.
macro_rules! common {
    (
        impl[$($generics:tt)*] $name:ty, $real:ty, $value:ty
    ) => {
        impl<$($generics)*> $name {
            /// An atomic of this value.
            #[track_caller]
            pub const fn new(value: $value) -> Self {
                Self {
                    tag: Tag::new(ResourceKind::Atomic),
                    real: <$real>::new(value),
                }
            }

            #[inline]
            fn switch(&self, site: Site) -> &$real {
                self.tag.switch(Op::Atomic, site);
                &self.real
            }

            /// Does `operation`, which returns the value before. A change is progress.
            #[inline]
            fn change(&self, site: Site, operation: impl FnOnce(&$real) -> $value) -> $value {
                let before = operation(self.switch(site));
                self.note(before);
                before
            }

            #[inline]
            fn note(&self, before: $value) {
                if self.real.load(Ordering::Relaxed) != before {
                    self.tag.moved();
                }
            }

            /// The value: a mutable borrow needs no atomic operation.
            pub fn get_mut(&mut self) -> &mut $value {
                self.real.get_mut()
            }

            /// The value.
            pub fn into_inner(self) -> $value {
                self.real.into_inner()
            }

            /// Where the value is.
            pub const fn as_ptr(&self) -> *mut $value {
                self.real.as_ptr()
            }

            /// Reads the value.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                self.switch(Location::caller()).load(order)
            }

            /// Replaces the value.
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                let real = self.switch(Location::caller());
                let before = real.load(Ordering::Relaxed);
                real.store(value, order);
                self.note(before);
            }

            /// Replaces the value, and returns the one before.
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.change(Location::caller(), |real| real.swap(value, order))
            }

            /// Replaces the value if it is `current`; returns the one before.
            #[deprecated(note = "Use `compare_exchange` or `compare_exchange_weak` instead")]
            #[track_caller]
            pub fn compare_and_swap(
                &self,
                current: $value,
                new: $value,
                order: Ordering,
            ) -> $value {
                #[expect(deprecated, reason = "the same by the same name")]
                self.change(Location::caller(), |real| {
                    real.compare_and_swap(current, new, order)
                })
            }

            /// Replaces the value if it is `current`.
            ///
            /// # Errors
            ///
            /// The value, if it is another one.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let real = self.switch(Location::caller());
                let result = real.compare_exchange(current, new, success, failure);
                if let Ok(before) = result {
                    self.note(before);
                }
                result
            }

            /// As `compare_exchange`, and on some processors it may fail without a reason.
            ///
            /// # Errors
            ///
            /// The value, if it was not replaced.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let real = self.switch(Location::caller());
                let result = real.compare_exchange_weak(current, new, success, failure);
                if let Ok(before) = result {
                    self.note(before);
                }
                result
            }

            /// Replaces the value by what `f` makes of it, until that is nothing.
            ///
            /// # Errors
            ///
            /// The value, if `f` makes nothing of it.
            #[track_caller]
            pub fn fetch_update<F>(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: F,
            ) -> Result<$value, $value>
            where
                F: FnMut($value) -> Option<$value>,
            {
                let mut before = self.load(fetch_order);
                while let Some(next) = f(before) {
                    match self.compare_exchange_weak(before, next, set_order, fetch_order) {
                        Ok(before) => return Ok(before),
                        Err(other) => before = other,
                    }
                }
                Err(before)
            }

        }

        impl<$($generics)*> From<$value> for $name {
            #[track_caller]
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }

        impl<$($generics)*> std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.real.fmt(f)
            }
        }
    };
}
use common;

/// Operations that combine the value with another one, and return the one before.
macro_rules! fetch {
    ($value:ty: $($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(&self, value: $value, order: Ordering) -> $value {
            self.change(Location::caller(), |real| real.$name(value, order))
        }
    )*};
}
use fetch;
