//! The runtime of programs that use no other: a clock, timers, and one future to poll.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::driver::threads::Threads;
use crate::driver::{
    Clock, Driver, ParallelRuntime, PausedRuntime, Spawner, ThreadObserver, Timer,
};

/// Makes simple runtimes.
#[derive(Clone, Copy, Debug)]
pub struct Simple;

impl Driver for Simple {
    fn paused(&self) -> Box<dyn PausedRuntime> {
        Box::new(Paused(Arc::new(Timers {
            began: Instant::now(),
            state: Mutex::default(),
        })))
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

struct Paused(Arc<Timers>);

impl PausedRuntime for Paused {
    fn clock(&self) -> Rc<dyn Clock> {
        Rc::new(SimpleClock(Arc::clone(&self.0)))
    }

    fn block_on(&self, mut future: Pin<&mut dyn Future<Output = ()>>) {
        let unpark = Arc::new(Unpark {
            woken: AtomicBool::new(false),
            thread: std::thread::current(),
        });
        let waker = Waker::from(Arc::clone(&unpark));
        let mut cx = Context::from_waker(&waker);
        loop {
            self.0.fire_due();
            unpark.woken.store(false, Ordering::SeqCst);
            if future.as_mut().poll(&mut cx).is_ready() {
                return;
            }
            if !unpark.woken.load(Ordering::SeqCst) && !self.0.jump() {
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

/// A timer's place: the millisecond in which it is due, and its number among all timers. At one
/// instant timers fire in the order in which they were armed.
type Place = (u64, u64);

/// A clock and its timers.
struct Timers {
    began: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    elapsed: Duration,
    /// The timers that are armed, and whom each wakes.
    wakers: BTreeMap<Place, Waker>,
    /// How many there were so far.
    armed: u64,
}

impl State {
    fn tick(&self) -> u64 {
        millis(self.elapsed)
    }

    fn take_due(&mut self) -> Option<Waker> {
        let tick = self.tick();
        let first = self.wakers.first_entry()?;
        (first.key().0 <= tick).then(|| first.remove())
    }
}

impl Timers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the timers that are due.
    fn fire_due(&self) {
        loop {
            let due = self.state().take_due();
            match due {
                Some(waker) => waker.wake(),
                None => break,
            }
        }
    }

    /// Moves to the next timer. False if there is none.
    fn jump(&self) -> bool {
        let state = &mut *self.state();
        let Some((due, _)) = state.wakers.keys().next() else {
            return false;
        };
        // By whole milliseconds, as tokio's clock: what is left over of one stays.
        state.elapsed += Duration::from_millis(due.saturating_sub(state.tick()));
        true
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

struct SimpleClock(Arc<Timers>);

impl fmt::Debug for SimpleClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimpleClock")
            .field(&self.0.state().elapsed)
            .finish()
    }
}

impl Clock for SimpleClock {
    fn now(&self) -> Instant {
        self.0.began + self.0.state().elapsed
    }

    fn sleep_until(&self, deadline: Instant) -> Timer {
        let after = deadline.saturating_duration_since(self.0.began);
        let due = millis(after.saturating_add(Duration::from_nanos(999_999)));
        let mut armed = Armed {
            timers: Arc::clone(&self.0),
            place: None,
        };
        Box::pin(poll_fn(move |cx| armed.poll(due, cx)))
    }

    fn unscheduled(&self) -> usize {
        0
    }

    fn advance(&self, by: Duration) {
        self.0.state().elapsed += by;
    }
}

/// A timer that is taken out when it is dropped.
struct Armed {
    timers: Arc<Timers>,
    place: Option<Place>,
}

impl Armed {
    fn poll(&mut self, due: u64, cx: &Context<'_>) -> Poll<()> {
        let state = &mut *self.timers.state();
        if due <= state.tick() {
            return Poll::Ready(());
        }
        let place = *self.place.get_or_insert_with(|| {
            state.armed += 1;
            (due, state.armed)
        });
        state.wakers.insert(place, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            let waker = self.timers.state().wakers.remove(&place);
            // What its drop does is not known.
            drop(waker);
        }
    }
}
