//! What AddressSanitizer is told of a switch of stacks. It keeps book of each frame, and a panic that
//! unwinds a stack leaves entries behind which it clears if it knows where that stack is; if not, it
//! takes them for a wall when the stack is used again. Nothing of this is compiled without it.

#[cfg(address_sanitizer)]
pub(super) use told::Told;
#[cfg(not(address_sanitizer))]
pub(super) use untold::Told;

#[cfg(not(address_sanitizer))]
mod untold {
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

    // The interface of compiler-rt, `sanitizer/common_interface_defs.h`.
    unsafe extern "C" {
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

    /// Where a stack is, and what the sanitizer has noted of it while it is not in use.
    pub(in crate::coroutine) struct Told {
        bottom: Cell<*const c_void>,
        size: Cell<usize>,
        noted: Cell<*mut c_void>,
    }

    impl Told {
        /// Of the stack from `bottom` up to `top`.
        pub(in crate::coroutine) fn stack(bottom: usize, top: usize) -> Self {
            let told = Self::unknown();
            told.bottom.set(ptr::with_exposed_provenance(bottom));
            told.size.set(top - bottom);
            told
        }

        /// Of a stack that the sanitizer knows: it says where it is once that stack is left.
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
            // SAFETY: the place that is written to is there until `arrive`.
            unsafe {
                __sanitizer_start_switch_fiber(self.noted.as_ptr(), to.bottom.get(), to.size.get());
            }
        }

        /// The same, and is never used again.
        pub(in crate::coroutine) fn leave_for_good(&self, to: &Self) {
            // SAFETY: nought says that nothing is to be kept.
            unsafe {
                __sanitizer_start_switch_fiber(ptr::null_mut(), to.bottom.get(), to.size.get());
            }
        }

        /// This stack is in use again. Whoever resumed what runs on it waits on `level`.
        #[inline]
        pub(in crate::coroutine) fn arrive(&self, level: &Self) {
            let (mut bottom, mut size) = (ptr::null(), 0);
            // SAFETY: what was noted is of this stack, and the other two are written to alone.
            unsafe {
                __sanitizer_finish_switch_fiber(self.noted.get(), &raw mut bottom, &raw mut size);
            }
            if level.size.get() == 0 {
                // The first switch since the level began: it is the one that was left.
                level.bottom.set(bottom);
                level.size.set(size);
            }
        }
    }
}
