//! `thread_local!`: in a run each task has values of its own.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::thread as real;

use standstill_rt::facade::locals::{self, Found};

/// Declares values that each thread has of its own. In a run each task does, async ones too; they
/// are dropped where the task ends.
///
/// ```
/// use std::cell::Cell;
///
/// standstill_std::thread_local! {
///     static CALLS: Cell<u32> = const { Cell::new(0) };
/// }
///
/// CALLS.set(CALLS.get() + 1);
/// assert_eq!(CALLS.get(), 1);
/// ```
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty = const $init:block $(; $($rest:tt)*)?) => {
        $crate::__thread_local!($(#[$attribute])* $visibility $name, $type, const $init);
        $($crate::thread_local!($($rest)*);)?
    };
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty = $init:expr $(; $($rest:tt)*)?) => {
        $crate::__thread_local!($(#[$attribute])* $visibility $name, $type, $init);
        $($crate::thread_local!($($rest)*);)?
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __thread_local {
    ($(#[$attribute:meta])* $visibility:vis $name:ident, $type:ty, $($init:tt)*) => {
        $(#[$attribute])*
        $visibility static $name: $crate::thread::LocalKey<$type> = {
            ::std::thread_local! {
                static REAL: $type = $($init)*;
            }
            fn init() -> $type {
                $($init)*
            }
            $crate::thread::LocalKey::new(&REAL, init)
        };
    };
}

/// The name of a value that each thread has of its own, as `thread_local!` declares it.
pub struct LocalKey<T: 'static> {
    real: &'static real::LocalKey<T>,
    init: fn() -> T,
}

impl<T: 'static> LocalKey<T> {
    /// Only for the expansion of `thread_local!`.
    #[doc(hidden)]
    pub const fn new(real: &'static real::LocalKey<T>, init: fn() -> T) -> Self {
        Self { real, init }
    }

    fn key(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// The current task's value. None outside of runs; an error where it is gone.
    fn value(&'static self, init: impl FnOnce() -> T) -> Option<Result<Rc<T>, AccessError>> {
        Some(match locals::get::<T>(self.key())? {
            Found::Value(value) => Ok(value),
            Found::Gone => Err(AccessError(())),
            Found::Nothing => {
                let value = Rc::new(init());
                locals::put(self.key(), Rc::clone(&value) as Rc<dyn Any>);
                Ok(value)
            }
        })
    }

    /// Calls `f` with the value, which is made if it is not there yet.
    ///
    /// # Panics
    ///
    /// If the thread is ending and the value is gone.
    #[track_caller]
    pub fn with<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        match self.try_with(f) {
            Ok(result) => result,
            Err(_) => panic!(
                "cannot access a Thread Local Storage value during or after destruction: AccessError"
            ),
        }
    }

    /// As [`LocalKey::with`], if the value is not gone.
    ///
    /// # Errors
    ///
    /// If the thread is ending and the value is gone.
    pub fn try_with<F, R>(&'static self, f: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        match self.value(self.init) {
            Some(value) => Ok(f(&*value?)),
            None => self.real.try_with(f).map_err(|_| AccessError(())),
        }
    }
}

impl<T: 'static> LocalKey<Cell<T>> {
    /// Replaces the value, or makes it this one.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        if let Some(none_yet) = self.begin(value) {
            self.with(|cell| cell.set(none_yet));
        }
    }

    /// In a run a value that is only set is never initialised in the declared way, as in `std`.
    /// Hands the value back if that does not apply.
    fn begin(&'static self, value: T) -> Option<T> {
        match locals::get::<Cell<T>>(self.key()) {
            Some(Found::Nothing) => {
                locals::put(self.key(), Rc::new(Cell::new(value)));
                None
            }
            None => {
                self.real.set(value);
                None
            }
            Some(Found::Value(_) | Found::Gone) => Some(value),
        }
    }

    /// A copy of the value.
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// Takes the value and leaves the default.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    /// Replaces the value and returns the one before.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    /// Calls `f` with the value.
    ///
    /// # Panics
    ///
    /// If it is mutably borrowed.
    #[track_caller]
    pub fn with_borrow<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        self.with(|cell| f(&cell.borrow()))
    }

    /// Calls `f` with the value.
    ///
    /// # Panics
    ///
    /// If it is borrowed.
    #[track_caller]
    pub fn with_borrow_mut<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }

    /// Replaces the value, or makes it this one.
    ///
    /// # Panics
    ///
    /// If it is borrowed.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        match locals::get::<RefCell<T>>(self.key()) {
            Some(Found::Nothing) => locals::put(self.key(), Rc::new(RefCell::new(value))),
            None => self.real.set(value),
            Some(Found::Value(_) | Found::Gone) => self.with(|cell| *cell.borrow_mut() = value),
        }
    }

    /// Takes the value and leaves the default.
    ///
    /// # Panics
    ///
    /// If it is borrowed.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// Replaces the value and returns the one before.
    ///
    /// # Panics
    ///
    /// If it is borrowed.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

/// The thread is ending, and its value is gone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccessError(());

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessError").finish()
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt("already destroyed", f)
    }
}

impl std::error::Error for AccessError {}
