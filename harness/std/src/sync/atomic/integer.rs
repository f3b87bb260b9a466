//! The integers.

use std::panic::Location;
use std::sync::atomic as real;
use std::sync::atomic::Ordering;

use standstill_rt::facade::Tag;
use standstill_rt::{Op, ResourceKind, Site};

use crate::sync::atomic::{common, fetch};

macro_rules! integers {
    ($($(#[$doc:meta])* $name:ident($value:ty);)*) => {$(
        $(#[$doc])*
        pub struct $name {
            tag: Tag,
            real: real::$name,
        }

        common!(impl[] $name, real::$name, $value);

        impl $name {
            fetch! { $value:
                /// Adds, and returns the value before.
                fetch_add
                /// Subtracts, and returns the value before.
                fetch_sub
                /// Bitwise `and`, and returns the value before.
                fetch_and
                /// Bitwise `nand`, and returns the value before.
                fetch_nand
                /// Bitwise `or`, and returns the value before.
                fetch_or
                /// Bitwise `xor`, and returns the value before.
                fetch_xor
                /// The greater of the two, and returns the value before.
                fetch_max
                /// The smaller of the two, and returns the value before.
                fetch_min
            }
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(0)
            }
        }
    )*};
}

integers! {
    /// An `i8` that threads share.
    AtomicI8(i8);
    /// An `i16` that threads share.
    AtomicI16(i16);
    /// An `i32` that threads share.
    AtomicI32(i32);
    /// An `i64` that threads share.
    AtomicI64(i64);
    /// An `isize` that threads share.
    AtomicIsize(isize);
    /// A `u8` that threads share.
    AtomicU8(u8);
    /// A `u16` that threads share.
    AtomicU16(u16);
    /// A `u32` that threads share.
    AtomicU32(u32);
    /// A `u64` that threads share.
    AtomicU64(u64);
    /// A `usize` that threads share.
    AtomicUsize(usize);
}
