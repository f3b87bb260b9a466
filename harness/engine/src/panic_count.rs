//! The standard library's count of the panics that unwind a thread. It is what
//! [`panicking`](std::thread::panicking) goes by.
//!
//! All tasks of a run share one thread, and so its count. A stack that is being unwound may have to
//! wait, and then others run on top of it; or it is abandoned in the middle, and whatever unwinds it is
//! never caught. In both cases the others must not look as if they were panicking. So its panics are
//! taken out of the count, and put back before it goes on.
//!
//! There is a documented way to add a panic to the count, and to take that very one out again: begin a
//! panic on a coroutine and suspend it while it unwinds; let it be caught later (`Holder`). There is
//! none to take out another. What takes out others relies on how std counts (`one_less`): a panic
//! that begins within a panic hook is not counted, but is taken out when it is caught. Whether it is so
//! is tried on a thread of its own before the first time in a process, and whether our hook is in place
//! is seen each time. If not, it is not used, and who needs it is told that it is not to be had.

use std::cell::{Cell, RefCell};
use std::panic;
use std::rc::Rc;
use std::sync::OnceLock;

use standstill_rt::panics::{Uncounted, uncounted_seen};

use crate::coroutine::{self, Pause};

/// More panics do not unwind one thread at once.
const MOST: usize = 64;

thread_local! {
    static HOLDERS: Holders = const { Holders::new() };
    /// For tests: this thread's count is as if std counted in another way.
    #[cfg(test)]
    static DISTRUSTED: Cell<bool> = const { Cell::new(false) };
}

/// Panics that were taken out of the count.
#[derive(Debug)]
#[must_use = "a stack that goes on while it is unwound has to be counted again"]
pub struct Taken(usize);

impl Taken {
    /// How many.
    pub fn count(&self) -> usize {
        self.0
    }

    /// They count again.
    pub fn put_back(self) {
        HOLDERS.with(|holders| {
            holders.owed.set(holders.owed.get() - self.0);
            (0..self.0).for_each(|_| holders.one_more());
        });
    }

    /// They are never caught: what they unwind was abandoned.
    pub fn forget(self) {
        HOLDERS.with(|holders| holders.owed.set(holders.owed.get() - self.0));
    }
}

/// Takes all panics out of the thread's count, so that it does not count as panicking. None if that
/// does not work here: then the count is as before.
pub fn take_all() -> Option<Taken> {
    let mut taken = Taken(0);
    while std::thread::panicking() {
        // For each that is taken out there is a free holder by which it can be put back.
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

/// One panic less: this one counts when it begins and when it is caught, and within its hook there is
/// one that counts when it is caught alone. False if our hook did not see it: then nothing has changed.
fn one_less() -> bool {
    let before = uncounted_seen();
    let _ = panic::catch_unwind(|| panic::panic_any(Uncounted));
    uncounted_seen() != before
}

/// Whether std counts in such a way that [`one_less`] does what it says. To be asked for the first time
/// once our hook is in place, and no earlier than it matters: from then on
/// [`panicking`](std::thread::panicking) takes longer, since std has another count, of all threads, that
/// is not brought back.
fn works() -> bool {
    static WORKS: OnceLock<bool> = OnceLock::new();
    #[cfg(test)]
    if DISTRUSTED.get() {
        return false;
    }
    *WORKS.get_or_init(|| {
        // Whatever comes of the count of that thread, it ends with it.
        let trial = std::thread::Builder::new()
            .name("standstill-check".to_owned())
            .spawn(|| HOLDERS.with(tried));
        trial.is_ok_and(|trial| trial.join().unwrap_or(false))
    })
}

/// The trial: the count goes from 0 to 2 and back, as it does when tasks are abandoned.
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
        // What is caught after that is counted as ever.
        && counts(1)
        && holders.one_less()
        && !panicking()
        && panic::catch_unwind(|| panic::resume_unwind(Box::new(Uncounted))).is_err()
        && !panicking()
}

/// Coroutines, each of which panics and is suspended while it unwinds, or has nothing to do.
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

/// Enough for a panic to unwind a few small frames, in a build without optimisation as well.
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

    /// Sees to it that so many are free. False if there is no address space left for them.
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

    /// One of the free ones begins to panic.
    fn one_more(&self) {
        let Some(holder) = self.free.borrow_mut().pop() else {
            unreachable!("more panics are put back than were taken out");
        };
        let (holder, pause) = PLACE.with(Rc::clone).0.resume(holder);
        debug_assert_eq!(pause, Pause::Parked, "it unwinds");
        self.holding.borrow_mut().push(holder);
    }

    /// The panic of one that holds is caught. False if there is none.
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

/// For tests: from now on nothing is taken out of this thread's count but by holders.
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

    /// Calls `f` on a thread of its own, while that is panicking.
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
