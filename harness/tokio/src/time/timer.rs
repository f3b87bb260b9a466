//! A timer that the engine knows.

use std::task::{Context, Poll};

use ::tokio::time::Instant;
use standstill_rt::facade::{PollWait, Tag};
use standstill_rt::host::{self, TimerId};
use standstill_rt::{Op, ResourceKind, Site};

/// The wait for a deadline, and the timer that is armed during the wait.
#[derive(Debug)]
pub(super) struct Timer {
    tag: Tag,
    wait: PollWait,
    armed: Option<(u32, TimerId)>,
}

impl Timer {
    #[track_caller]
    pub(super) fn new() -> Self {
        Self {
            tag: Tag::new(ResourceKind::Timer),
            wait: PollWait::new(),
            armed: None,
        }
    }

    pub(super) fn at(site: Site) -> Self {
        Self {
            tag: Tag::at(ResourceKind::Timer, site),
            wait: PollWait::new(),
            armed: None,
        }
    }

    pub(super) fn site(&self) -> Site {
        self.tag.site()
    }

    /// Calls `poll`, which becomes ready at the deadline, or never if there is none.
    pub(super) fn poll<R>(
        &mut self,
        cx: &mut Context<'_>,
        deadline: Option<Instant>,
        site: impl FnOnce() -> Site,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let polled = self.wait.poll_with(cx, &self.tag, Op::Sleep, site, poll);
        if polled.is_ready() {
            self.disarm();
        } else if self.armed.is_none() {
            self.arm(deadline);
        }
        polled
    }

    /// Changes the deadline.
    pub(super) fn reset(&mut self, deadline: Instant) {
        if self.armed.is_some() {
            self.disarm();
            self.arm(Some(deadline));
        }
    }

    /// Ends the wait.
    pub(super) fn end(&mut self) {
        self.wait.end();
        self.disarm();
    }

    fn arm(&mut self, deadline: Option<Instant>) {
        let Some(deadline) = deadline else {
            return;
        };
        self.armed = host::with(|host| {
            let after = deadline.saturating_duration_since(Instant::now());
            let epoch = host.epoch();
            (epoch, host.arm(after, self.wait.id_in(epoch)))
        });
    }

    fn disarm(&mut self) {
        if let Some((epoch, timer)) = self.armed.take() {
            host::of_run(epoch, |host| host.disarm(timer));
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.disarm();
    }
}
