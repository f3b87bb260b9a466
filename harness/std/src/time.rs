//! The clock. In a run it is virtual.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::panic::Location;
use std::time as real;

pub use std::time::*;

use standstill_rt::{Op, facade, host};

/// The time now, not as a switch point.
pub(crate) fn now() -> real::Instant {
    host::now()
}

/// A moment of a clock that never goes back. In a run it is the run's own clock, which moves when
/// nobody can run, or when the strategy lets a timer fire early; and looking at it is a switch point,
/// so that a loop which waits for time to pass lets it pass.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(real::Instant);

impl Instant {
    /// Now.
    #[must_use]
    #[track_caller]
    pub fn now() -> Self {
        facade::switch(Op::Clock, Location::caller());
        Self(now())
    }

    /// The same moment as the real type, for interfaces that want that. A method and no `From`: a
    /// second `impl` for std's type would change what is inferred in other code.
    #[must_use]
    pub fn into_std(self) -> real::Instant {
        self.0
    }

    /// The time from `earlier` to this moment; nothing if that was not earlier.
    #[must_use]
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.0.duration_since(earlier.0)
    }

    /// The time from `earlier` to this moment, if it was earlier.
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// The time from `earlier` to this moment; nothing if that was not earlier.
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The time from this moment to now.
    #[must_use]
    #[track_caller]
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// The moment `duration` later, if there is one.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_add(duration).map(Self)
    }

    /// The moment `duration` earlier, if there is one.
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_sub(duration).map(Self)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        Self(self.0 + duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        self.0 += duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        Self(self.0 - duration)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        self.0 -= duration;
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

/// From interfaces that give the real type.
impl From<real::Instant> for Instant {
    fn from(instant: real::Instant) -> Self {
        Self(instant)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
