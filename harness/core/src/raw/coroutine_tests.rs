//! What both kinds of coroutines keep to.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use crate::engine::explore::Pause;

macro_rules! contract {
    ($kind:ident) => {
        mod $kind {
            use super::*;
            use crate::raw::$kind::{Coroutine, rest, suspend};

            const BYTES: usize = 256 * 1024;

            fn coroutine<T>(shared: T, code: fn(&T) -> !) -> Coroutine<T> {
                Coroutine::new(BYTES, 3, shared, code).expect("there is address space")
            }

            #[test]
            fn it_goes_on_where_it_was_suspended() {
                fn count(seen: &Cell<u32>) -> ! {
                    let mut own = 0;
                    loop {
                        own += 1;
                        seen.set(own);
                        suspend(Pause::Preempted);
                        rest(Pause::Pending);
                    }
                }
                let mut counting: Vec<_> =
                    (0..20).map(|_| coroutine(Cell::new(0), count)).collect();
                for round in 1..1_000 {
                    for coroutine in &mut counting {
                        assert_eq!(coroutine.resume(), Pause::Preempted);
                        assert_eq!(coroutine.shared().get(), round);
                    }
                    for coroutine in &mut counting {
                        assert_eq!(coroutine.resume(), Pause::Pending);
                    }
                }
            }

            #[test]
            fn what_is_in_registers_is_kept_on_both_sides() {
                fn mix(seed: &u64) -> ! {
                    // More live values than there are registers, floating-point ones among them.
                    let mut numbers = [*seed; 24];
                    let mut floats = [*seed as f64; 24];
                    loop {
                        for at in 0..24 {
                            numbers[at] = numbers[at].wrapping_mul(31).wrapping_add(at as u64);
                            floats[at] = floats[at].sqrt() + at as f64;
                        }
                        suspend(Pause::Preempted);
                        let mut same = [*seed; 24];
                        for at in 0..24 {
                            same[at] = same[at].wrapping_mul(31).wrapping_add(at as u64);
                        }
                        suspend(if same == numbers && floats[3] >= 3.0 {
                            Pause::Pending
                        } else {
                            Pause::Stuck
                        });
                        numbers = [*seed; 24];
                    }
                }
                let mut mine = [1_u64; 24];
                let mut mixing: Vec<_> = (0..5).map(|seed| coroutine(seed, mix)).collect();
                for round in 0..100 {
                    for coroutine in &mut mixing {
                        assert_eq!(coroutine.resume(), Pause::Preempted);
                    }
                    for (at, number) in mine.iter_mut().enumerate() {
                        *number += at as u64;
                    }
                    for coroutine in &mut mixing {
                        assert_eq!(coroutine.resume(), Pause::Pending);
                    }
                    assert!(
                        std::iter::zip(0_u64.., mine).all(|(at, it)| it == 1 + at * (round + 1))
                    );
                }
            }

            #[test]
            fn a_panic_is_caught_on_the_stack_it_happens_on() {
                fn panics(_: &()) -> ! {
                    loop {
                        let caught = catch_unwind(AssertUnwindSafe(|| {
                            suspend(Pause::Preempted);
                            resume_unwind(Box::new(7_u32));
                        }));
                        let payload = caught.expect_err("it panics");
                        rest(match payload.downcast_ref::<u32>() {
                            Some(7) => Pause::Panicked,
                            _ => Pause::Stuck,
                        });
                    }
                }
                let mut one = coroutine((), panics);
                let mut two = coroutine((), panics);
                for _ in 0..100 {
                    assert_eq!(one.resume(), Pause::Preempted);
                    assert_eq!(two.resume(), Pause::Preempted);
                    assert_eq!(one.resume(), Pause::Panicked);
                    assert_eq!(two.resume(), Pause::Panicked);
                }
            }

            #[test]
            fn one_is_resumed_on_top_of_another() {
                type Inner = RefCell<Option<Coroutine<()>>>;
                fn inner(_: &()) -> ! {
                    loop {
                        suspend(Pause::Parked);
                    }
                }
                fn outer(inner: &Inner) -> ! {
                    loop {
                        let within = inner.borrow_mut().as_mut().map(Coroutine::resume);
                        assert_eq!(within, Some(Pause::Parked));
                        suspend(Pause::Preempted);
                    }
                }
                let mut outer = coroutine(RefCell::new(Some(coroutine((), inner))), outer);
                for _ in 0..100 {
                    assert_eq!(outer.resume(), Pause::Preempted);
                }
            }

            #[test]
            fn a_backtrace_ends_at_the_bottom_of_the_stack() {
                fn trace(seen: &Cell<usize>) -> ! {
                    loop {
                        let trace = std::backtrace::Backtrace::force_capture();
                        seen.set(trace.to_string().lines().count());
                        rest(Pause::Pending);
                    }
                }
                let mut tracing = coroutine(Cell::new(0), trace);
                assert_eq!(tracing.resume(), Pause::Pending);
                assert!((1..500).contains(&tracing.shared().get()));
            }

            #[test]
            fn a_dropped_one_takes_what_it_was_given_along() {
                fn waits(_: &Rc<()>) -> ! {
                    loop {
                        rest(Pause::Pending);
                    }
                }
                let owned = Rc::new(());
                // One that has never run, and one that rests.
                drop(coroutine(Rc::clone(&owned), waits));
                let mut resting = coroutine(Rc::clone(&owned), waits);
                assert_eq!(resting.resume(), Pause::Pending);
                drop(resting);
                assert_eq!(Rc::strong_count(&owned), 1);
            }

            #[test]
            #[should_panic = "suspended outside of a coroutine"]
            fn outside_of_a_coroutine_nothing_is_suspended() {
                suspend(Pause::Preempted);
            }
        }
    };
}

#[cfg(switch_by_jump)]
contract!(direct);
contract!(portable);
