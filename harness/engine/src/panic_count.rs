//! The standard library's count of the panics that unwind a thread, on which
//! [`panicking`](std::thread::panicking) is based.
//!
//! All tasks of a run share one thread, and so its count. A stack that is being unwound may have to
//! wait, and then other tasks run on top of it. Or it is abandoned in the middle, and the panic that
//! unwinds it is never caught. In both cases the other tasks must not appear to be panicking. So the
//! panics of that stack are taken out of the count, and put back before the stack is resumed.
//!
//! There is a documented way to add a panic to the count, and to take that same panic out again: begin a
//! panic on a coroutine, suspend the coroutine while it unwinds, and have the panic caught later
//! (`Holder`). There is no documented way to take out another panic. The code that does so relies on how
//! std counts (`one_less`): a panic that begins within a panic hook is not counted, but is subtracted
//! when it is caught. Whether std counts like this is tested on a separate thread before the first use
//! in a process, and whether our hook is in place is checked each time. If the test fails, the method is
//! not used, and the caller is told that it is unavailable.

use std::cell::{Cell, RefCell};
use std::panic;
use std::rc::Rc;
use std::sync::OnceLock;

use standstill_rt::panics::{Uncounted, uncounted_seen};

use crate::coroutine::{self, Pause};

/// The most panics that may unwind one thread at once.
const MOST: usize = 64;

thread_local! {
    static HOLDERS: Holders = const { Holders::new() };
    /// For tests: whether this thread acts as if std counted in another way.
    #[cfg(test)]
    static DISTRUSTED: Cell<bool> = const { Cell::new(false) };
}

/// Panics that were taken out of the count.
#[derive(Debug)]
#[must_use = "a stack that goes on while it is unwound has to be counted again"]
pub struct Taken(usize);

impl Taken {
    /// How many panics were taken out.
    pub fn count(&self) -> usize {
        self.0
    }

    /// Adds them to the count again.
    pub fn put_back(self) {
        HOLDERS.with(|holders| {
            holders.owed.set(holders.owed.get() - self.0);
            (0..self.0).for_each(|_| holders.one_more());
        });
    }

    /// The panics are never caught: the stacks that they unwind were abandoned.
    pub fn forget(self) {
        HOLDERS.with(|holders| holders.owed.set(holders.owed.get() - self.0));
    }
}

/// Takes all panics out of the thread's count, so that the thread does not count as panicking. None if
/// that is not possible here: then the count is as before.
pub fn take_all() -> Option<Taken> {
    let mut taken = Taken(0);
    while std::thread::panicking() {
        // For each panic that is taken out, there must be a free holder to put it back later.
        let is_out = HOLDERS.with(|holders| {
            let owed = holders.owed.get() + 1;
            let is_out = holders.one_less()
                || owed <= MOST && holders.reserve(owed) && works() && one_less();
            if is_out {
                holders.owed.set(owed);
            }
            is_out
        });
        if !is_out {
            taken.put_back();
            return None;
        }
        taken.0 += 1;
    }
    Some(taken)
}

/// Subtracts one panic from the count. The outer panic is counted when it begins and subtracted when it
/// is caught; within its hook a second one begins, which is only subtracted when it is caught. False if
/// our hook did not see the outer panic: then the count has not changed.
fn one_less() -> bool {
    let before = uncounted_seen();
    let _ = panic::catch_unwind(|| panic::panic_any(Uncounted));
    uncounted_seen() != before
}

/// Whether std counts in such a way that [`one_less`] works. It must be called only once our hook is in
/// place, and not before the result is needed: from then on [`panicking`](std::thread::panicking) takes
/// longer, since std also has a global count of all threads, which does not return to zero.
fn works() -> bool {
    static WORKS: OnceLock<bool> = OnceLock::new();
    #[cfg(test)]
    if DISTRUSTED.get() {
        return false;
    }
    *WORKS.get_or_init(|| {
        // Whatever happens to the count of that thread, it disappears with the thread.
        let trial = std::thread::Builder::new()
            .name("standstill-check".to_owned())
            .spawn(|| HOLDERS.with(tried));
        trial.is_ok_and(|trial| trial.join().unwrap_or(false))
    })
}

/// The test: the count goes from 0 to 2 and back, as it does when tasks are abandoned.
fn tried(holders: &Holders) -> bool {
    let panicking = std::thread::panicking;
    let counts = |more: usize| {
        let ready = holders.reserve(more);
        if ready {
            (0..more).for_each(|_| holders.one_more());
        }
        ready && panicking()
    };
    !panicking()
        && counts(2)
        && one_less()
        && panicking()
        && one_less()
        && !panicking()
        // Panics that are caught after that are counted as usual.
        && counts(1)
        && holders.one_less()
        && !panicking()
        && panic::catch_unwind(|| panic::resume_unwind(Box::new(Uncounted))).is_err()
        && !panicking()
}

/// Coroutines, each of which is either suspended while a panic unwinds it, or idle.
struct Holders {
    holding: RefCell<Vec<Holder>>,
    /// At least as many as are owed.
    free: RefCell<Vec<Holder>>,
    /// How many panics were taken out and may be put back.
    owed: Cell<usize>,
}

type Holder = coroutine::Coroutine<Rc<Place>>;

/// Where the holders of a thread run.
struct Place(coroutine::CoroutineStack<Rc<Place>>);

/// Enough for a panic to unwind a few small frames, even in a build without optimisation.
const STACK_BYTES: usize = 128 * 1024;

thread_local! {
    static PLACE: Rc<Place> = Rc::new(Place(coroutine::CoroutineStack::default()));
}

impl Holders {
    const fn new() -> Self {
        Self {
            holding: RefCell::new(Vec::new()),
            free: RefCell::new(Vec::new()),
            owed: Cell::new(0),
        }
    }

    /// Ensures that this many are free. False if there is no address space left for them.
    fn reserve(&self, count: usize) -> bool {
        let mut free = self.free.borrow_mut();
        while free.len() < count {
            let place = PLACE.with(Rc::clone);
            match Holder::new(STACK_BYTES, free.len(), place, hold) {
                Ok(holder) => free.push(holder),
                Err(_) => return false,
            }
        }
        true
    }

    /// Lets a free holder begin to panic.
    fn one_more(&self) {
        let Some(holder) = self.free.borrow_mut().pop() else {
            unreachable!("more panics are put back than were taken out");
        };
        let (holder, pause) = PLACE.with(Rc::clone).0.resume(holder);
        debug_assert_eq!(pause, Pause::Parked, "it unwinds");
        self.holding.borrow_mut().push(holder);
    }

    /// Lets the panic of a holder be caught. False if no holder has one.
    fn one_less(&self) -> bool {
        let Some(holder) = self.holding.borrow_mut().pop() else {
            return false;
        };
        let (holder, pause) = PLACE.with(Rc::clone).0.resume(holder);
        debug_assert_eq!(pause, Pause::Pending, "it has caught its panic");
        self.free.borrow_mut().push(holder);
        true
    }
}

/// The code of a holder.
fn hold(place: &Rc<Place>) {
    struct Suspends<'a>(&'a Place);

    impl Drop for Suspends<'_> {
        fn drop(&mut self) {
            self.0.0.suspend(Pause::Parked);
        }
    }

    loop {
        let _ = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            let _suspends = Suspends(place);
            panic::resume_unwind(Box::new(Uncounted));
        }));
        if !place.0.rest(Pause::Pending) {
            return;
        }
    }
}

/// For tests: from now on only holders take panics out of this thread's count.
#[cfg(test)]
pub fn distrust() {
    DISTRUSTED.set(true);
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::thread::panicking;

    use standstill_rt::panics;

    use super::{distrust, take_all, works};

    /// Calls `f` on a new thread while that thread is panicking.
    fn while_panicking(f: impl FnOnce() + Send + 'static) {
        struct OnDrop<F: FnOnce()>(Option<F>);

        impl<F: FnOnce()> Drop for OnDrop<F> {
            fn drop(&mut self) {
                if let Some(f) = self.0.take() {
                    f();
                }
            }
        }

        panics::install_hook();
        let thread = std::thread::spawn(|| {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                let _on_drop = OnDrop(Some(f));
                resume_unwind(Box::new("on purpose"));
            }));
            assert_eq!(
                caught.unwrap_err().downcast_ref::<&str>(),
                Some(&"on purpose")
            );
            assert!(!panicking(), "the count is what it was");
        });
        thread.join().unwrap();
    }

    #[test]
    fn std_counts_panics_in_the_way_that_is_relied_on() {
        panics::install_hook();
        assert!(works());
    }

    #[test]
    fn what_is_taken_out_is_put_back() {
        while_panicking(|| {
            for _ in 0..100 {
                let taken = take_all().unwrap();
                assert_eq!(taken.count(), 1);
                assert!(!panicking());
                let nothing = take_all().unwrap();
                assert_eq!(nothing.count(), 0);
                nothing.put_back();
                taken.put_back();
                assert!(panicking());
            }
        });
    }

    #[test]
    fn panics_within_panics_are_told_apart() {
        while_panicking(|| {
            let outer = take_all().unwrap();
            let caught = catch_unwind(|| {
                struct Looks;
                impl Drop for Looks {
                    fn drop(&mut self) {
                        let inner = take_all().unwrap();
                        assert_eq!(inner.count(), 1);
                        assert!(!panicking());
                        inner.put_back();
                    }
                }
                let _looks = Looks;
                resume_unwind(Box::new(7_u32));
            });
            assert_eq!(caught.unwrap_err().downcast_ref(), Some(&7_u32));
            assert!(!panicking());
            outer.put_back();
        });
    }

    #[test]
    fn a_thread_that_is_distrusted_keeps_its_count() {
        while_panicking(|| {
            distrust();
            assert!(take_all().is_none());
            assert!(panicking());
        });
    }
}
