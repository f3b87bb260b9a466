//! Whether the code that runs is the program's, or what a facade does for it.

use std::cell::Cell;
use std::marker::PhantomData;

thread_local! {
    /// How many [`Inside`]s there are on the stack that runs on this thread.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// What a facade wraps is at work for as long as this lives.
///
/// The generic code of a wrapped type, such as the fast path of std's `Mutex`, is compiled in the crate
/// of its user and with that crate's flags. Where those instrument atomics, each atomic of the wrapped
/// type calls the runtime, as the program's own atomics do. It must not switch to another task there:
/// the facade has passed its switch point already, and the tracker does not know yet what came of the
/// operation. So whatever is called in the middle of the program's code, by an instrumented atomic or
/// by a function of the system that was replaced, asks [`is_inside`] first.
///
/// Nests. It belongs to the stack that it was made on: when the engine lets another task run in the
/// middle of it, that task is not inside. Program code that a wrapped type calls back is let out by
/// [`Outside`]; the destructors of values that the wrapped type owns are not.
#[must_use = "the wrapped type is at work until this is dropped"]
#[derive(Debug)]
pub struct Inside {
    of_this_thread: PhantomData<*const ()>,
}

impl Inside {
    /// From now on it is at work.
    #[inline(never)]
    pub fn enter() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self {
            of_this_thread: PhantomData,
        }
    }

    /// Calls `operation`, which must not run code of the program, in the middle of it.
    #[inline]
    pub fn run<R>(operation: impl FnOnce() -> R) -> R {
        let _inside = Self::enter();
        operation()
    }
}

impl Drop for Inside {
    #[inline(never)]
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Whether what runs on this thread is a wrapped type at work.
#[inline(never)]
#[must_use]
pub fn is_inside() -> bool {
    DEPTH.get() > 0
}

/// The program's code runs for as long as this lives, called back by a wrapped type.
#[must_use = "the program's code runs until this is dropped"]
#[derive(Debug)]
pub struct Outside {
    depth: u32,
    of_this_thread: PhantomData<*const ()>,
}

impl Outside {
    /// From now on it is the program's code.
    #[inline(never)]
    pub fn enter() -> Self {
        Self {
            depth: put_aside(),
            of_this_thread: PhantomData,
        }
    }
}

impl Drop for Outside {
    #[inline(never)]
    fn drop(&mut self) {
        put_back(self.depth);
    }
}

/// Another stack runs on this thread from now on. It is not inside.
#[inline]
pub fn put_aside() -> u32 {
    DEPTH.replace(0)
}

/// The stack goes on whose depth was [put aside](put_aside).
#[inline]
pub fn put_back(depth: u32) {
    DEPTH.set(depth);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_nests_and_lets_the_programs_code_out() {
        assert!(!is_inside());
        let outer = Inside::enter();
        let inner = Inside::enter();
        drop(inner);
        assert!(is_inside());
        let called_back = Outside::enter();
        assert!(!is_inside());
        assert!(Inside::run(is_inside));
        drop(called_back);
        assert!(is_inside());
        drop(outer);
        assert!(!is_inside());
    }

    #[test]
    fn a_panic_leaves_it() {
        let panicked = std::panic::catch_unwind(|| {
            let _inside = Inside::enter();
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(panicked.is_err());
        assert!(!is_inside());
    }
}
