//! `interval`.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::task::{Context, Poll};

use ::tokio::time as real;
use standstill_rt::Site;

use crate::driver;
use crate::place;
use crate::time::timer::Timer;
use crate::time::{Duration, Instant, MissedTickBehavior};

/// An interval that ticks immediately, and then every `period`.
///
/// # Panics
///
/// If `period` is zero.
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    driver::require();
    let next = Instant::now();
    Interval::new(real::interval(period), next)
}

/// An interval that ticks at `start`, and then every `period`.
///
/// # Panics
///
/// If `period` is zero.
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    driver::require();
    Interval::new(real::interval_at(start, period), start)
}

/// One period after `than`. If that overflows, thirty years from now, as in tokio.
fn later(than: Instant, period: Duration) -> Instant {
    const FAR_FUTURE: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    than.checked_add(period)
        .unwrap_or_else(|| Instant::now() + FAR_FUTURE)
}

/// A sequence of ticks, returned by [`interval`].
#[derive(Debug)]
pub struct Interval {
    real: real::Interval,
    /// When the next tick is due. The real interval does not reveal it.
    next: Instant,
    timer: Timer,
}

impl Interval {
    #[track_caller]
    fn new(real: real::Interval, next: Instant) -> Self {
        Self {
            real,
            next,
            timer: Timer::new(),
        }
    }

    fn poll_at(&mut self, cx: &mut Context<'_>, site: impl FnOnce() -> Site) -> Poll<Instant> {
        let Self { real, next, timer } = self;
        let polled = timer.poll(cx, Some(*next), site, |cx| real.poll_tick(cx));
        if let Poll::Ready(due) = polled {
            self.next = self.after(due);
        }
        polled
    }

    /// When the next tick is due, after the one that was due at `due` has completed. The rules are
    /// those of the real interval.
    fn after(&self, due: Instant) -> Instant {
        let (now, period) = (Instant::now(), self.real.period());
        if now <= due + Duration::from_millis(5) {
            return later(due, period);
        }
        match self.real.missed_tick_behavior() {
            MissedTickBehavior::Burst => later(due, period),
            MissedTickBehavior::Delay => later(now, period),
            MissedTickBehavior::Skip => {
                let late = (now - due).as_nanos() % period.as_nanos();
                let late = u64::try_from(late).unwrap_or(u64::MAX);
                later(now, period.saturating_sub(Duration::from_nanos(late)))
            }
        }
    }

    async fn tick_at(&mut self, site: Site) -> Instant {
        let waiting = Waiting(self);
        poll_fn(|cx| waiting.0.poll_at(cx, || site)).await
    }

    /// Waits for the next tick, and returns when it was due.
    #[track_caller]
    pub fn tick(&mut self) -> impl Future<Output = Instant> {
        self.tick_at(Location::caller())
    }

    /// As [`Interval::tick`], for hand-written futures.
    #[track_caller]
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let caller = Location::caller();
        let made = self.timer.site();
        self.poll_at(cx, || place::of_poll(caller, made))
    }

    /// Makes the next tick due one period from now.
    pub fn reset(&mut self) {
        self.real.reset();
        self.is_due(Instant::now() + self.real.period());
    }

    /// Makes the next tick due immediately.
    pub fn reset_immediately(&mut self) {
        self.real.reset_immediately();
        self.is_due(Instant::now());
    }

    /// Makes the next tick due when `after` has passed from now.
    pub fn reset_after(&mut self, after: Duration) {
        self.real.reset_after(after);
        self.is_due(Instant::now().checked_add(after).unwrap_or(self.next));
    }

    /// Makes the next tick due at `deadline`.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.real.reset_at(deadline);
        self.is_due(deadline);
    }

    fn is_due(&mut self, next: Instant) {
        self.next = next;
        self.timer.reset(next);
    }

    /// What happens to ticks that were missed.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.real.missed_tick_behavior()
    }

    /// Sets what happens to ticks that were missed.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.real.set_missed_tick_behavior(behavior);
    }

    /// The time between ticks.
    pub fn period(&self) -> Duration {
        self.real.period()
    }
}

/// Ends the recorded wait when the waiting future is dropped.
struct Waiting<'a>(&'a mut Interval);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.timer.end();
    }
}
