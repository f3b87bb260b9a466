//! The state that tokio keeps in a thread-local while a [`LocalSet`](super::LocalSet) is polled or
//! entered.
//!
//! All tasks of a run share a thread. So this state is removed from the thread-local while a poll is
//! suspended, and at the end of the run. tokio only allows entering another set and leaving it again,
//! which restores the previous state. Therefore this module always enters a set that stays empty before
//! it enters any other set. Dropping the guard of the empty set restores the state from before both.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::mem::ManuallyDrop;

use ::tokio::task as real;
use standstill_rt::facade::NoPreempt;
use standstill_rt::host::{self, PollScoped};

thread_local! {
    /// Guards that restore the state before each set that was entered, the innermost last.
    static ENTERED: RefCell<Entered> = const {
        RefCell::new(Entered {
            all: Vec::new(),
            next: 0,
        })
    };
    static EMPTY: real::LocalSet = real::LocalSet::new();
}

struct Entered {
    all: Vec<(u64, real::LocalEnterGuard)>,
    next: u64,
}

impl Entered {
    /// Saves the current state before another set is entered. Returns a number that identifies it.
    fn enter(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        self.all.push((number, enter_empty()));
        number
    }
}

/// Enters the set that stays empty.
fn enter_empty() -> real::LocalEnterGuard {
    EMPTY.with(real::LocalSet::enter)
}

/// Restores the state that was saved last.
fn leave_last() {
    let last = ENTERED.with_borrow_mut(|entered| entered.all.pop());
    drop(last);
}

/// Restores the state that was saved under this number.
fn leave(number: u64) {
    let guard = ENTERED.with_borrow_mut(|entered| {
        let place = entered.all.iter().rposition(|(known, _)| *known == number);
        place.map(|place| entered.all.remove(place))
    });
    drop(guard);
}

fn is_entered(number: u64) -> bool {
    ENTERED.with_borrow(|entered| entered.all.iter().any(|(known, _)| *known == number))
}

/// The set that is being polled.
struct Polled;

/// The state that was in the thread-local. Dropping this does not restore it.
struct Aside(ManuallyDrop<real::LocalEnterGuard>);

impl PollScoped for Polled {
    fn suspended(&'static self) -> Box<dyn Any> {
        let aside = Aside(ManuallyDrop::new(enter_empty()));
        leave_last();
        Box::new(aside)
    }

    fn resumed(&'static self, state: Box<dyn Any>) {
        ENTERED.with_borrow_mut(Entered::enter);
        if let Ok(aside) = state.downcast::<Aside>() {
            drop(ManuallyDrop::into_inner(aside.0));
        }
    }
}

/// All sets that a run has entered.
struct OfRun;

impl PollScoped for OfRun {
    fn suspended(&'static self) -> Box<dyn Any> {
        while ENTERED.with_borrow(|entered| !entered.all.is_empty()) {
            leave_last();
        }
        Box::new(())
    }

    fn resumed(&'static self, _: Box<dyn Any>) {}
}

/// Marks a poll of a `LocalSet` until it is dropped. In a run, this poll is not preempted.
pub(super) struct Polling {
    entered: bool,
    _no_preempt: NoPreempt,
}

impl Polling {
    pub(super) fn begin() -> Self {
        let no_preempt = NoPreempt::begin();
        let entered = host::with(|host| {
            let is_task = host.controlled() && host.current().is_some();
            if is_task {
                ENTERED.with_borrow_mut(Entered::enter);
                host.enter_scope(&Polled);
            }
            is_task
        });
        Self {
            entered: entered == Some(true),
            _no_preempt: no_preempt,
        }
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        if self.entered {
            host::with(|host| host.exit_scope());
            leave_last();
        }
    }
}

/// Makes a set the one that [`spawn_local`](super::spawn_local) spawns on, until the guard is dropped.
pub struct LocalEnterGuard {
    /// None once this is dropped.
    real: Option<real::LocalEnterGuard>,
    /// In a controlled run, the number of the state that was saved before.
    below: Option<u64>,
}

impl LocalEnterGuard {
    pub(super) fn enter(set: &real::LocalSet) -> Self {
        let below = host::in_controlled_run().then(|| {
            host::with(|host| host.keep_for_run(&OfRun));
            ENTERED.with_borrow_mut(Entered::enter)
        });
        Self {
            real: Some(set.enter()),
            below,
        }
    }
}

impl Drop for LocalEnterGuard {
    fn drop(&mut self) {
        let is_entered = self.below.is_none_or(is_entered);
        let real = self.real.take();
        if is_entered {
            drop(real);
            if let Some(below) = self.below {
                leave(below);
            }
        } else {
            // Its run has ended, and all that the run had entered was left then.
            std::mem::forget(real);
        }
    }
}

impl fmt::Debug for LocalEnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEnterGuard").finish()
    }
}
