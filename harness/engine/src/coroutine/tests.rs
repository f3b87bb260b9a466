//! Tests that both kinds of coroutines must pass.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use crate::coroutine::Pause;

macro_rules! contract {
    ($kind:ident) => {
        mod $kind {
            use super::*;
            use crate::coroutine::$kind::{Coroutine, CoroutineStack};

            const BYTES: usize = 256 * 1024;

            /// What a test's coroutines share with the test.
            struct Shared<T: 'static> {
                seat: Rc<CoroutineStack<Shared<T>>>,
                own: T,
            }

            impl<T> Shared<T> {
                fn suspend(&self, pause: Pause) {
                    self.seat.suspend(pause);
                }

                fn rest(&self, pause: Pause) -> bool {
                    self.seat.rest(pause)
                }
            }

            /// Coroutines that are resumed at one place in the code.
            struct Several<T: 'static> {
                seat: Rc<CoroutineStack<Shared<T>>>,
                code: fn(&Shared<T>),
                /// None while the coroutine runs.
                all: Vec<Option<Coroutine<Shared<T>>>>,
            }

            impl<T> Several<T> {
                fn new(each: impl IntoIterator<Item = T>, code: fn(&Shared<T>)) -> Self {
                    let mut several = Self {
                        seat: Rc::new(CoroutineStack::default()),
                        code,
                        all: Vec::new(),
                    };
                    for own in each {
                        let one = several.one(own);
                        several.all.push(Some(one));
                    }
                    several
                }

                fn one(&self, own: T) -> Coroutine<Shared<T>> {
                    let seat = Rc::clone(&self.seat);
                    let shared = Shared { seat, own };
                    Coroutine::new(BYTES, 3, shared, self.code).expect("there is address space")
                }

                fn resume(&mut self, at: usize) -> Pause {
                    let one = self.all[at].take().expect("it does not run");
                    let (one, pause) = self.seat.resume(one);
                    self.all[at] = Some(one);
                    pause
                }

                fn own(&self, at: usize) -> &T {
                    &self.all[at].as_ref().expect("it does not run").shared().own
                }
            }

            #[test]
            fn it_goes_on_where_it_was_suspended() {
                fn count(seen: &Shared<Cell<u32>>) {
                    let mut own = 0;
                    loop {
                        own += 1;
                        seen.own.set(own);
                        seen.suspend(Pause::Preempted);
                        if !seen.rest(Pause::Pending) {
                            return;
                        }
                    }
                }
                let mut counting = Several::new((0..20).map(|_| Cell::new(0)), count);
                for round in 1..1_000 {
                    for at in 0..20 {
                        assert_eq!(counting.resume(at), Pause::Preempted);
                        assert_eq!(counting.own(at).get(), round);
                    }
                    for at in 0..20 {
                        assert_eq!(counting.resume(at), Pause::Pending);
                    }
                }
            }

            #[test]
            fn what_is_in_registers_is_kept_on_both_sides() {
                fn mix(shared: &Shared<u64>) {
                    let seed = shared.own;
                    // More live values than there are registers, including floating-point ones.
                    let mut numbers = [seed; 24];
                    let mut floats = [seed as f64; 24];
                    loop {
                        for at in 0..24 {
                            numbers[at] = numbers[at].wrapping_mul(31).wrapping_add(at as u64);
                            floats[at] = floats[at].sqrt() + at as f64;
                        }
                        shared.suspend(Pause::Preempted);
                        let mut same = [seed; 24];
                        for at in 0..24 {
                            same[at] = same[at].wrapping_mul(31).wrapping_add(at as u64);
                        }
                        let kept = same == numbers && floats[3] >= 3.0;
                        if !shared.rest(if kept { Pause::Pending } else { Pause::Stuck }) {
                            return;
                        }
                        numbers = [seed; 24];
                    }
                }
                let mut mine = [1_u64; 24];
                let mut mixing = Several::new(0..5, mix);
                for round in 0..100 {
                    for at in 0..5 {
                        assert_eq!(mixing.resume(at), Pause::Preempted);
                    }
                    for (at, number) in mine.iter_mut().enumerate() {
                        *number += at as u64;
                    }
                    for at in 0..5 {
                        assert_eq!(mixing.resume(at), Pause::Pending);
                    }
                    assert!(
                        std::iter::zip(0_u64.., mine).all(|(at, it)| it == 1 + at * (round + 1))
                    );
                }
            }

            #[test]
            fn one_takes_the_place_of_another() {
                /// The coroutine that each lets go on in its place, and how often each has run.
                #[derive(Default)]
                struct Ring {
                    waiting: RefCell<Vec<Coroutine<Shared<Rc<Ring>>>>>,
                    turns: Cell<u32>,
                }
                fn hands_on(shared: &Shared<Rc<Ring>>) {
                    let ring = &shared.own;
                    let mut mine = 0_u32;
                    loop {
                        mine += 1;
                        ring.turns.set(ring.turns.get() + 1);
                        if ring.turns.get().is_multiple_of(100) {
                            // The coroutine that is resumed is not the one that was suspended.
                            shared.suspend(Pause::Parked);
                            continue;
                        }
                        let next = ring.waiting.borrow_mut().remove(0);
                        let keep = |me| ring.waiting.borrow_mut().push(me);
                        if mine.is_multiple_of(2) {
                            shared.seat.transfer(next, keep);
                        } else if !shared.seat.rest_for(next, keep) {
                            return;
                        }
                    }
                }
                let ring = Rc::new(Ring::default());
                let mut several = Several::new([Rc::clone(&ring)], hands_on);
                for _ in 0..6 {
                    let one = several.one(Rc::clone(&ring));
                    ring.waiting.borrow_mut().push(one);
                }
                for round in 1..50 {
                    assert_eq!(several.resume(0), Pause::Parked);
                    assert_eq!(ring.turns.get(), 100 * round);
                    assert_eq!(ring.waiting.borrow().len(), 6);
                }
            }

            #[test]
            fn a_panic_is_caught_on_the_stack_it_happens_on() {
                fn panics(shared: &Shared<()>) {
                    loop {
                        let caught = catch_unwind(AssertUnwindSafe(|| {
                            shared.suspend(Pause::Preempted);
                            resume_unwind(Box::new(7_u32));
                        }));
                        let payload = caught.expect_err("it panics");
                        let goes_on = shared.rest(match payload.downcast_ref::<u32>() {
                            Some(7) => Pause::Panicked,
                            _ => Pause::Stuck,
                        });
                        if !goes_on {
                            return;
                        }
                    }
                }
                let mut two = Several::new([(), ()], panics);
                for _ in 0..100 {
                    assert_eq!(two.resume(0), Pause::Preempted);
                    assert_eq!(two.resume(1), Pause::Preempted);
                    assert_eq!(two.resume(0), Pause::Panicked);
                    assert_eq!(two.resume(1), Pause::Panicked);
                }
            }

            #[test]
            fn one_is_resumed_on_top_of_another() {
                fn inner(shared: &Shared<()>) {
                    while shared.rest(Pause::Parked) {}
                }
                fn outer(shared: &Shared<RefCell<Several<()>>>) {
                    loop {
                        let within = shared.own.borrow_mut().resume(0);
                        assert_eq!(within, Pause::Parked);
                        if !shared.rest(Pause::Preempted) {
                            return;
                        }
                    }
                }
                let inner = RefCell::new(Several::new([()], inner));
                let mut outer = Several::new([inner], outer);
                for _ in 0..100 {
                    assert_eq!(outer.resume(0), Pause::Preempted);
                }
            }

            #[test]
            fn in_one_place_one_is_resumed_on_top_of_another() {
                type Inner = RefCell<Option<Coroutine<Shared<Slot>>>>;
                #[derive(Default)]
                struct Slot(Inner);
                fn nested(shared: &Shared<Slot>) {
                    loop {
                        let inner = shared.own.0.borrow_mut().take();
                        let pause = match inner {
                            Some(inner) => {
                                let (inner, pause) = shared.seat.resume(inner);
                                *shared.own.0.borrow_mut() = Some(inner);
                                assert_eq!(pause, Pause::Parked);
                                Pause::Preempted
                            }
                            None => Pause::Parked,
                        };
                        if !shared.rest(pause) {
                            return;
                        }
                    }
                }
                let mut outer = Several::new([Slot::default()], nested);
                let inner = outer.one(Slot::default());
                *outer.own(0).0.borrow_mut() = Some(inner);
                for _ in 0..100 {
                    assert_eq!(outer.resume(0), Pause::Preempted);
                }
            }

            #[test]
            fn a_backtrace_ends_at_the_bottom_of_the_stack() {
                fn trace(shared: &Shared<Cell<usize>>) {
                    let trace = std::backtrace::Backtrace::force_capture();
                    shared.own.set(trace.to_string().lines().count());
                    while shared.rest(Pause::Pending) {}
                }
                let mut tracing = Several::new([Cell::new(0)], trace);
                assert_eq!(tracing.resume(0), Pause::Pending);
                assert!((1..500).contains(&tracing.own(0).get()));
            }

            #[test]
            fn a_dropped_one_returns_and_takes_what_it_was_given_along() {
                struct Told(Rc<Cell<u32>>);
                fn waits(shared: &Shared<Rc<Cell<u32>>>) {
                    let _told = Told(Rc::clone(&shared.own));
                    while shared.rest(Pause::Pending) {}
                }
                impl Drop for Told {
                    fn drop(&mut self) {
                        self.0.set(self.0.get() + 1);
                    }
                }
                let returned = Rc::new(Cell::new(0));
                // One that has never run, and an idle one.
                let mut two = Several::new([Rc::clone(&returned), Rc::clone(&returned)], waits);
                assert_eq!(two.resume(1), Pause::Pending);
                drop(two);
                assert_eq!(returned.get(), 1, "the one that rested has returned");
                assert_eq!(Rc::strong_count(&returned), 1);
            }

            #[test]
            fn one_that_is_dropped_in_the_middle_of_something_stays_where_it_is() {
                fn waits(shared: &Shared<Rc<()>>) {
                    let _kept = Rc::clone(&shared.own);
                    shared.suspend(Pause::Preempted);
                }
                let owned = Rc::new(());
                let mut one = Several::new([Rc::clone(&owned)], waits);
                assert_eq!(one.resume(0), Pause::Preempted);
                drop(one);
                assert_eq!(Rc::strong_count(&owned), 3);
            }

            #[test]
            #[should_panic = "suspended outside of a coroutine"]
            fn outside_of_a_coroutine_nothing_is_suspended() {
                CoroutineStack::<()>::default().suspend(Pause::Preempted);
            }
        }
    };
}

#[cfg(all(unix, target_arch = "x86_64"))]
contract!(direct);
contract!(portable);
