//! A drop-in for `std::sync`, `std::thread` and `std::time` whose waits, holds and wakes Standstill
//! can schedule and explain.
//!
//! ```
//! use standstill_std::sync::{Arc, Mutex};
//! use standstill_std::thread;
//!
//! let sum = Arc::new(Mutex::new(0));
//! let threads: Vec<_> = (1..=4)
//!     .map(|number| {
//!         let sum = Arc::clone(&sum);
//!         thread::spawn(move || *sum.lock().unwrap() += number)
//!     })
//!     .collect();
//! for thread in threads {
//!     thread.join().unwrap();
//! }
//! assert_eq!(*sum.lock().unwrap(), 10);
//! ```
//!
//! With the feature `standstill` off this crate *is* std: nothing but `pub use`. With it on, every
//! type wraps the real one, and outside of a run of Standstill behaves as that does. In a run a
//! thread is a task of the engine, and a call that would block tries, notes what it waits for, and
//! lets others run: it never blocks the engine's own thread. Time is virtual.
//!
//! In reading order:
//!
//! - [`sync`]: locks, condition variables, barriers, cells, channels, atomics;
//! - [`thread`]: threads, scopes, parking, [`thread_local!`];
//! - [`time`] and [`hint`]: the clock, and what a spinning loop says;
//! - `parking_lot`, with the feature of that name: its `Mutex`, `RwLock` and `Condvar`.

#[cfg(feature = "standstill")]
mod block;
#[cfg(feature = "standstill")]
mod guard;
#[cfg(feature = "standstill")]
pub mod hint;
#[cfg(feature = "standstill")]
mod lock;
#[cfg(all(feature = "standstill", feature = "parking_lot"))]
pub mod parking_lot;
#[cfg(feature = "standstill")]
mod queue;
#[cfg(feature = "standstill")]
mod raw;
#[cfg(feature = "standstill")]
pub mod sync;
#[cfg(feature = "standstill")]
pub mod thread;
#[cfg(feature = "standstill")]
pub mod time;

#[cfg(not(feature = "standstill"))]
pub use std::{hint, sync, thread, thread_local, time};

/// `parking_lot`'s three types by name.
#[cfg(all(not(feature = "standstill"), feature = "parking_lot"))]
pub mod parking_lot {
    pub use ::parking_lot::{
        Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, WaitTimeoutResult,
    };
}

/// Lets writers go first, for the rest of the current run: a reader of a
/// [`RwLock`](sync::RwLock) waits whenever a writer does. This is how a run begins, and what `std` does
/// today.
///
/// Outside of a run it does nothing.
pub fn prefer_writers() {
    #[cfg(feature = "standstill")]
    queue::prefer_writers();
}

/// Has the strategy choose, for the rest of the current run, each time whether a reader of a
/// [`RwLock`](sync::RwLock) overtakes a writer that waits: `std` promises no policy.
///
/// Call this at the beginning of a program that is to be right whatever the policy. It is a call and
/// no option of the command, so that it is part of the program: a token means the same run wherever it
/// is replayed.
///
/// Outside of a run it does nothing.
pub fn let_readers_overtake() {
    #[cfg(feature = "standstill")]
    queue::let_readers_overtake();
}
