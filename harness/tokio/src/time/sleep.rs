//! `sleep`.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::time as real;

use crate::driver;
use crate::place;
use crate::time::timer::Timer;
use crate::time::{Duration, Instant};

/// Waits for `duration` to pass.
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    driver::require();
    Sleep::new(real::sleep(duration))
}

/// Waits until `deadline`.
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    driver::require();
    Sleep::new(real::sleep_until(deadline))
}

pin_project_lite::pin_project! {
    /// The future that [`sleep`] returns.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    #[derive(Debug)]
    pub struct Sleep {
        #[pin]
        real: real::Sleep,
        timer: Timer,
    }
}

impl Sleep {
    #[track_caller]
    fn new(real: real::Sleep) -> Self {
        Self {
            real,
            timer: Timer::new(),
        }
    }

    /// When the sleep ends.
    pub fn deadline(&self) -> Instant {
        self.real.deadline()
    }

    /// Whether the sleep has ended.
    pub fn is_elapsed(&self) -> bool {
        self.real.is_elapsed()
    }

    /// Changes when the sleep ends. This works while it is being awaited, and after it has ended.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.project();
        this.real.reset(deadline);
        this.timer.reset(deadline);
    }
}

impl Future for Sleep {
    type Output = ();

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let caller = Location::caller();
        let this = self.project();
        let made = this.timer.site();
        let deadline = this.real.deadline();
        this.timer.poll(
            cx,
            Some(deadline),
            || place::of_poll(caller, made),
            |cx| this.real.poll(cx),
        )
    }
}
