//! The runtime of programs that use no other: a clock, timers, and one future to poll.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::driver::threads::Threads;
use crate::driver::{
    Clock, Driver, LocalFuture, ParallelRuntime, PausedRuntime, Spawner, ThreadObserver,
};

/// Makes simple runtimes.
#[derive(Clone, Copy, Debug)]
pub struct Simple;

impl Driver for Simple {
    fn paused(&self) -> Box<dyn PausedRuntime> {
        Box::new(Paused {
            timers: Rc::new(Timers {
                began: Instant::now(),
                elapsed: Cell::new(Duration::ZERO),
                wakers: RefCell::default(),
                armed: Cell::new(0),
            }),
        })
    }

    fn parallel(&self, _: usize, observer: ThreadObserver) -> Box<dyn ParallelRuntime> {
        Box::new(Threads::new(observer))
    }

    fn current(&self) -> Option<Arc<dyn Spawner>> {
        None
    }

    fn explain(&self, _: &str, _: Option<&str>) -> Option<String> {
        None
    }
}

struct Paused {
    timers: Rc<Timers>,
}

impl PausedRuntime for Paused {
    fn clock(&self) -> Rc<dyn Clock> {
        Rc::new(SimpleClock(Rc::clone(&self.timers)))
    }

    fn block_on(&self, mut future: Pin<&mut dyn Future<Output = ()>>) {
        let unpark = Arc::new(Unpark {
            woken: AtomicBool::new(false),
            thread: std::thread::current(),
        });
        let waker = Waker::from(Arc::clone(&unpark));
        let mut cx = Context::from_waker(&waker);
        loop {
            self.timers.fire_due();
            unpark.woken.store(false, Ordering::SeqCst);
            if future.as_mut().poll(&mut cx).is_ready() {
                return;
            }
            if !unpark.woken.load(Ordering::SeqCst) && !self.timers.jump() {
                // Without a timer only another thread can go on with it.
                while !unpark.woken.load(Ordering::SeqCst) {
                    std::thread::park();
                }
            }
        }
    }

    fn unscheduled(&self) -> usize {
        0
    }

    fn shut_down(self: Box<Self>) {}
}

struct Unpark {
    woken: AtomicBool,
    thread: Thread,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// A timer's place: the millisecond in which it is due, and its number among all timers.
type Place = (u64, u64);

/// A clock and its timers.
struct Timers {
    began: Instant,
    elapsed: Cell<Duration>,
    /// The timers that are armed, and whom each wakes.
    wakers: RefCell<BTreeMap<Place, Waker>>,
    /// How many there were so far.
    armed: Cell<u64>,
}

impl Timers {
    fn tick(&self) -> u64 {
        millis(self.elapsed.get())
    }

    /// Wakes the timers that are due, in the order of their deadlines; at one instant, in the order in
    /// which they were armed.
    fn fire_due(&self) {
        let tick = self.tick();
        loop {
            let due = {
                let mut wakers = self.wakers.borrow_mut();
                match wakers.first_entry() {
                    Some(first) if first.key().0 <= tick => first.remove(),
                    _ => break,
                }
            };
            due.wake();
        }
    }

    /// Moves to the next timer. False if there is none.
    fn jump(&self) -> bool {
        let next = self.wakers.borrow().keys().next().copied();
        let Some((due, _)) = next else { return false };
        // By whole milliseconds, as tokio's clock: what is left over of one stays.
        let by = Duration::from_millis(due.saturating_sub(self.tick()));
        self.elapsed.set(self.elapsed.get() + by);
        true
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers")
            .field("elapsed", &self.elapsed.get())
            .finish_non_exhaustive()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The clock, as others have it.
#[derive(Debug)]
struct SimpleClock(Rc<Timers>);

impl Clock for SimpleClock {
    fn now(&self) -> Instant {
        self.0.began + self.0.elapsed.get()
    }

    fn sleep_until(&self, deadline: Instant) -> LocalFuture {
        let after = deadline.saturating_duration_since(self.0.began);
        let due = millis(after.saturating_add(Duration::from_nanos(999_999)));
        let mut armed = Armed {
            timers: Rc::clone(&self.0),
            place: None,
        };
        Box::pin(poll_fn(move |cx| armed.poll(due, cx)))
    }

    fn advance(&self, by: Duration) {
        self.0.elapsed.set(self.0.elapsed.get() + by);
    }
}

/// A timer that is taken out when it is dropped.
struct Armed {
    timers: Rc<Timers>,
    place: Option<Place>,
}

impl Armed {
    fn poll(&mut self, due: u64, cx: &Context<'_>) -> Poll<()> {
        if due <= self.timers.tick() {
            self.disarm();
            return Poll::Ready(());
        }
        let place = *self.place.get_or_insert_with(|| {
            let number = self.timers.armed.get();
            self.timers.armed.set(number + 1);
            (due, number)
        });
        let mut wakers = self.timers.wakers.borrow_mut();
        match wakers.get_mut(&place) {
            Some(waker) => waker.clone_from(cx.waker()),
            None => {
                wakers.insert(place, cx.waker().clone());
            }
        }
        Poll::Pending
    }

    fn disarm(&mut self) {
        if let Some(place) = self.place.take() {
            let waker = self.timers.wakers.borrow_mut().remove(&place);
            drop(waker);
        }
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.disarm();
    }
}
