//! A point in virtual time that a blocking wait ends at.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::facade::{PollWait, Tag};
use crate::host::{self, TimerId};
use crate::op::{Op, ResourceKind};
use crate::site::Site;

/// The timer behind `wait_timeout`, `recv_timeout`, `sleep` and the like. It wakes the task that
/// polled it last.
#[derive(Debug)]
pub struct Deadline {
    sleep: Pin<Box<Sleep>>,
    tag: Tag,
    wait: PollWait,
    armed: Option<(u32, TimerId)>,
}

impl Deadline {
    /// The moment that is `timeout` from now. None if it is too far away to ever come.
    ///
    /// # Panics
    ///
    /// Outside of a run, unless in a runtime of tokio.
    pub fn after(timeout: Duration, site: Site) -> Option<Self> {
        let deadline = Instant::now().checked_add(timeout)?;
        Some(Self {
            sleep: Box::pin(tokio::time::sleep_until(deadline)),
            tag: Tag::at(ResourceKind::Timer, site),
            wait: PollWait::new(),
            armed: None,
        })
    }

    /// Whether it has come. If not, the current task of the run waits for it from now on, and will
    /// be woken.
    pub fn has_come(&mut self) -> bool {
        let ready = host::with(|host| {
            let waker = host.waker();
            let fired = self
                .sleep
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_ready();
            // A real runtime fires no timer while all of its workers are blocked.
            fired || !host.controlled() && Instant::now() >= self.sleep.deadline()
        });
        if ready != Some(false) {
            self.disarm();
            return true;
        }
        if self.armed.is_none() {
            self.wait.begin(&self.tag, Op::Sleep, self.tag.site());
            let left = self.sleep.deadline() - Instant::now();
            self.armed = host::with(|host| (host.epoch(), host.arm(left)));
        }
        false
    }

    fn disarm(&mut self) {
        self.wait.end();
        if let Some((epoch, timer)) = self.armed.take() {
            host::of_run(epoch, |host| host.disarm(timer));
        }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.disarm();
    }
}
