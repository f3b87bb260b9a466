//! Sleeps, timeouts and intervals. In a run, waits for them are recorded. In a controlled run, the clock
//! is virtual.

pub use ::tokio::time::*;

#[cfg(feature = "test-util")]
mod clock;
mod interval;
mod sleep;
mod timeout;
mod timer;

#[cfg(feature = "test-util")]
pub use clock::{advance, pause, resume};
pub use interval::{Interval, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Timeout, timeout, timeout_at};

pub(crate) use timeout::timeout_from;
