//! A point in time that a blocking wait ends at.

use std::fmt;
use std::task::Context;
use std::time::{Duration, Instant};

use crate::driver::Timer;
use crate::facade::{PollWait, Tag};
use crate::host::{self, TimerId};
use crate::op::{Op, ResourceKind};
use crate::site::Site;

/// The timer behind `wait_timeout`, `recv_timeout`, `sleep` and the like. It wakes the task that
/// polled it last.
pub struct Deadline {
    at: Instant,
    sleep: Option<Timer>,
    tag: Tag,
    wait: PollWait,
    armed: Option<(u32, TimerId)>,
}

impl Deadline {
    /// The moment that is `timeout` from now. None if it is too far away to ever come.
    #[inline(never)]
    pub fn after(timeout: Duration, site: Site) -> Option<Self> {
        let at = host::now().checked_add(timeout)?;
        Some(Self {
            at,
            sleep: host::with(|host| host.sleep_until(at)),
            tag: Tag::at(ResourceKind::Timer, site),
            wait: PollWait::new(),
            armed: None,
        })
    }

    /// Whether it has come. If not, the current task of the run waits for it from now on, and will
    /// be woken.
    #[inline(never)]
    pub fn has_come(&mut self) -> bool {
        let ready = host::with(|host| {
            let waker = host.waker();
            let mut cx = Context::from_waker(&waker);
            self.sleep
                .as_mut()
                .is_none_or(|sleep| sleep.as_mut().poll(&mut cx).is_ready())
        });
        if ready != Some(false) {
            self.disarm();
            return true;
        }
        if self.armed.is_none() {
            self.wait.begin(&self.tag, Op::Sleep, self.tag.site());
            let left = self.at.saturating_duration_since(host::now());
            self.armed =
                host::with_epoch(|host, epoch| (epoch, host.arm(left, self.wait.id_in(epoch))));
        }
        false
    }

    #[inline(never)]
    fn disarm(&mut self) {
        self.wait.end();
        if let Some((epoch, timer)) = self.armed.take() {
            host::of_run(epoch, |host| host.disarm(timer));
        }
    }
}

impl Drop for Deadline {
    #[inline(never)]
    fn drop(&mut self) {
        self.disarm();
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
