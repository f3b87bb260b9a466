//! Notifies AddressSanitizer of stack switches. The sanitizer keeps track of each frame. A panic that
//! unwinds a stack leaves entries behind; the sanitizer clears them if it knows where that stack is.
//! Otherwise it mistakes them for poisoned memory when the stack is used again. Without the sanitizer,
//! nothing of this is compiled.

#[cfg(address_sanitizer)]
pub(super) use told::{Told, forget};
#[cfg(not(address_sanitizer))]
pub(super) use untold::{Told, forget};

#[cfg(not(address_sanitizer))]
mod untold {
    #[inline]
    pub(in crate::coroutine) fn forget(_: usize, _: usize) {}

    /// Nothing.
    pub(in crate::coroutine) struct Told;

    impl Told {
        #[inline]
        pub(in crate::coroutine) fn stack(_: usize, _: usize) -> Self {
            Self
        }

        #[inline]
        pub(in crate::coroutine) fn unknown() -> Self {
            Self
        }

        #[inline]
        pub(in crate::coroutine) fn leave(&self, _: &Self) {}

        #[inline]
        pub(in crate::coroutine) fn leave_for_good(&self, _: &Self) {}

        #[inline]
        pub(in crate::coroutine) fn arrive(&self, _: &Self) {}
    }
}

#[cfg(address_sanitizer)]
mod told {
    use std::cell::Cell;
    use std::ffi::c_void;
    use std::ptr;

    // The interface of compiler-rt, `sanitizer/asan_interface.h` and
    // `sanitizer/common_interface_defs.h`.
    unsafe extern "C" {
        fn __asan_unpoison_memory_region(bottom: *const c_void, size: usize);
        fn __sanitizer_start_switch_fiber(
            save: *mut *mut c_void,
            bottom: *const c_void,
            size: usize,
        );
        fn __sanitizer_finish_switch_fiber(
            saved: *mut c_void,
            bottom_before: *mut *const c_void,
            size_before: *mut usize,
        );
    }

    /// The mapping at `bottom` is a new one, or is about to go. The sanitizer sees only what is mapped
    /// through libc, and still knows the frames of a stack that was at that address before.
    pub(in crate::coroutine) fn forget(bottom: usize, size: usize) {
        // SAFETY: this changes what the sanitizer knows of memory, and not the memory.
        unsafe { __asan_unpoison_memory_region(ptr::with_exposed_provenance(bottom), size) }
    }

    /// A stack's bounds, and what the sanitizer has stored about the stack while it is not in use.
    pub(in crate::coroutine) struct Told {
        bottom: Cell<*const c_void>,
        size: Cell<usize>,
        noted: Cell<*mut c_void>,
    }

    impl Told {
        /// For the stack from `bottom` up to `top`.
        pub(in crate::coroutine) fn stack(bottom: usize, top: usize) -> Self {
            let told = Self::unknown();
            told.bottom.set(ptr::with_exposed_provenance(bottom));
            told.size.set(top - bottom);
            told
        }

        /// For a stack that the sanitizer knows: it reports the bounds once that stack is left.
        pub(in crate::coroutine) fn unknown() -> Self {
            Self {
                bottom: Cell::new(ptr::null()),
                size: Cell::new(0),
                noted: Cell::new(ptr::null_mut()),
            }
        }

        /// This stack, which is in use, is about to be left for another.
        #[inline]
        pub(in crate::coroutine) fn leave(&self, to: &Self) {
            // SAFETY: the location that is written to exists until `arrive`.
            unsafe {
                __sanitizer_start_switch_fiber(self.noted.as_ptr(), to.bottom.get(), to.size.get());
            }
        }

        /// The same, and this stack is never used again.
        pub(in crate::coroutine) fn leave_for_good(&self, to: &Self) {
            // SAFETY: a null pointer tells the sanitizer to keep nothing.
            unsafe {
                __sanitizer_start_switch_fiber(ptr::null_mut(), to.bottom.get(), to.size.get());
            }
        }

        /// This stack is in use again. The code that resumed what runs on it waits on `level`.
        #[inline]
        pub(in crate::coroutine) fn arrive(&self, level: &Self) {
            let (mut bottom, mut size) = (ptr::null(), 0);
            // SAFETY: what was stored belongs to this stack, and the other two locations are only
            // written to.
            unsafe {
                __sanitizer_finish_switch_fiber(self.noted.get(), &raw mut bottom, &raw mut size);
            }
            if level.size.get() == 0 {
                // The first switch since the level began: the stack that was left is that of the level.
                level.bottom.set(bottom);
                level.size.set(size);
            }
        }
    }
}
