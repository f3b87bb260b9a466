//! What the atomics of an instrumented crate call. Each does its operation, and counts it if a hook of
//! the engine would take it for the program's own: if it is in a run, and not [inside][is_inside].

use std::backtrace::Backtrace;
use std::cell::Cell;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, fence};
use std::sync::{Mutex, PoisonError};

use standstill_rt::facade::is_inside;
use standstill_rt::host;

static ALL: AtomicU64 = AtomicU64::new(0);
static PROGRAMS: AtomicU64 = AtomicU64::new(0);
static FIRST: Mutex<Option<Backtrace>> = Mutex::new(None);

thread_local! {
    /// What counts is not counted.
    static COUNTING: Cell<bool> = const { Cell::new(false) };
}

/// Atomics of instrumented code.
#[derive(Debug)]
pub struct Counts {
    /// All in runs.
    pub all: u64,
    /// Those that are taken for the program's own.
    pub programs: u64,
    /// Where the first of these was.
    pub first: Option<Backtrace>,
}

/// What was counted since the last call.
pub fn take() -> Counts {
    Counts {
        all: ALL.swap(0, Relaxed),
        programs: PROGRAMS.swap(0, Relaxed),
        first: FIRST.lock().unwrap_or_else(PoisonError::into_inner).take(),
    }
}

fn count() {
    if COUNTING.replace(true) {
        return;
    }
    if host::in_controlled_run() {
        ALL.fetch_add(1, Relaxed);
        if !is_inside() && PROGRAMS.fetch_add(1, Relaxed) == 0 {
            let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
            *first = Some(Backtrace::force_capture());
        }
    }
    COUNTING.set(false);
}

macro_rules! operations {
    ($($atomic:ident($value:ty): $load:ident $store:ident $exchange:ident $compare:ident
        [$($fetch:ident = $method:ident)*];)*) => {$(
        /// # Safety
        ///
        /// As an atomic operation at this address.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $load(at: *const $atomic, _: i32) -> $value {
            count();
            // SAFETY: as the caller promises.
            unsafe { &*at }.load(SeqCst)
        }

        /// # Safety
        ///
        /// As an atomic operation at this address.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $store(at: *const $atomic, value: $value, _: i32) {
            count();
            // SAFETY: as the caller promises.
            unsafe { &*at }.store(value, SeqCst);
        }

        /// # Safety
        ///
        /// As an atomic operation at this address.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $exchange(at: *const $atomic, value: $value, _: i32) -> $value {
            count();
            // SAFETY: as the caller promises.
            unsafe { &*at }.swap(value, SeqCst)
        }

        /// # Safety
        ///
        /// As an atomic operation at this address.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $compare(
            at: *const $atomic,
            expected: $value,
            value: $value,
            _: i32,
            _: i32,
        ) -> $value {
            count();
            // SAFETY: as the caller promises.
            match unsafe { &*at }.compare_exchange(expected, value, SeqCst, SeqCst) {
                Ok(before) | Err(before) => before,
            }
        }

        $(
            /// # Safety
            ///
            /// As an atomic operation at this address.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $fetch(at: *const $atomic, value: $value, _: i32) -> $value {
                count();
                // SAFETY: as the caller promises.
                unsafe { &*at }.$method(value, SeqCst)
            }
        )*
    )*};
}

operations! {
    AtomicU8(u8): __tsan_atomic8_load __tsan_atomic8_store __tsan_atomic8_exchange
        __tsan_atomic8_compare_exchange_val [
            __tsan_atomic8_fetch_add = fetch_add
            __tsan_atomic8_fetch_sub = fetch_sub
            __tsan_atomic8_fetch_and = fetch_and
            __tsan_atomic8_fetch_or = fetch_or
            __tsan_atomic8_fetch_xor = fetch_xor
        ];
    AtomicU16(u16): __tsan_atomic16_load __tsan_atomic16_store __tsan_atomic16_exchange
        __tsan_atomic16_compare_exchange_val [
            __tsan_atomic16_fetch_add = fetch_add
            __tsan_atomic16_fetch_sub = fetch_sub
            __tsan_atomic16_fetch_and = fetch_and
            __tsan_atomic16_fetch_or = fetch_or
            __tsan_atomic16_fetch_xor = fetch_xor
        ];
    AtomicU32(u32): __tsan_atomic32_load __tsan_atomic32_store __tsan_atomic32_exchange
        __tsan_atomic32_compare_exchange_val [
            __tsan_atomic32_fetch_add = fetch_add
            __tsan_atomic32_fetch_sub = fetch_sub
            __tsan_atomic32_fetch_and = fetch_and
            __tsan_atomic32_fetch_or = fetch_or
            __tsan_atomic32_fetch_xor = fetch_xor
        ];
    AtomicU64(u64): __tsan_atomic64_load __tsan_atomic64_store __tsan_atomic64_exchange
        __tsan_atomic64_compare_exchange_val [
            __tsan_atomic64_fetch_add = fetch_add
            __tsan_atomic64_fetch_sub = fetch_sub
            __tsan_atomic64_fetch_and = fetch_and
            __tsan_atomic64_fetch_or = fetch_or
            __tsan_atomic64_fetch_xor = fetch_xor
        ];
}

/// A fence.
#[unsafe(no_mangle)]
pub extern "C" fn __tsan_atomic_thread_fence(_: i32) {
    count();
    fence(SeqCst);
}

/// Nothing is called before `main` but this.
#[unsafe(no_mangle)]
pub extern "C" fn __tsan_init() {}
