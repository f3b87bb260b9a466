//! What a lock has besides the real one, and its guards besides the real ones: the same for the locks of
//! `std` and those of `parking_lot`.

use std::time::Duration;

use standstill_rt::facade::{Hold, Release, Tag, Wrapped};
use standstill_rt::{Op, Site};

use crate::block::{Operation, TimedOut, Waiters};
use crate::guard::WakeOnDrop;

/// Which resource a lock is, and who waits for it.
#[derive(Debug)]
pub(crate) struct Lock {
    tag: Tag,
    waiters: Waiters,
}

impl Lock {
    pub(crate) const fn new(tag: Tag) -> Self {
        Self {
            tag,
            waiters: Waiters::new(),
        }
    }

    pub(crate) fn tag(&self) -> &Tag {
        &self.tag
    }

    /// A switch point before something that does not block.
    pub(crate) fn switch(&self, op: Op, site: Site) {
        self.tag.switch(op, site);
    }

    /// What others wait for may have come true.
    pub(crate) fn wake(&self) {
        self.waiters.wake();
    }

    /// As [`Lock::wake`], when dropped.
    pub(crate) fn wake_on_drop(&self) -> WakeOnDrop<'_> {
        WakeOnDrop(&self.waiters)
    }

    /// Blocks the current task until `attempt` succeeds: see [`Operation::wait`].
    pub(crate) fn wait<R>(
        &self,
        op: Op,
        site: Site,
        attempt: impl FnMut() -> Option<R>,
    ) -> Option<R> {
        self.operation(op, site).wait(&self.waiters, attempt)
    }

    /// As [`Lock::wait`], but no longer than `limit`.
    pub(crate) fn wait_for<R>(
        &self,
        op: Op,
        site: Site,
        limit: Option<Duration>,
        attempt: impl FnMut() -> Option<R>,
    ) -> Option<Result<R, TimedOut>> {
        self.operation(op, site)
            .wait_for(&self.waiters, limit, attempt)
    }

    fn operation(&self, op: Op, site: Site) -> Operation<'_> {
        Operation {
            tag: &self.tag,
            op,
            site,
        }
    }

    /// A guard around `real`, which was taken by `op` and is `permits` permits. `and` is dropped right
    /// after it.
    pub(crate) fn guarded<G, A>(
        &self,
        real: G,
        and: A,
        (op, permits, site): (Op, u32, Site),
    ) -> Guarded<'_, G, A> {
        Guarded {
            release: Release::new(&self.tag, site),
            real: Wrapped::new(real),
            and,
            hold: Hold::take(&self.tag, op, permits, site),
            wake: self.wake_on_drop(),
        }
    }
}

/// A real guard and what goes with it. It is given back in the order of the fields.
#[derive(Debug)]
pub(crate) struct Guarded<'a, G, A = ()> {
    release: Release<'a>,
    real: Wrapped<G>,
    and: A,
    hold: Hold,
    wake: WakeOnDrop<'a>,
}

impl<'a, G, A> Guarded<'a, G, A> {
    pub(crate) fn real(&self) -> &G {
        &self.real
    }

    pub(crate) fn real_mut(&mut self) -> &mut G {
        &mut self.real
    }

    /// It is given back without a switch point: to wait for a condition, which is one with that.
    pub(crate) fn give_back(self) {
        self.release.done();
        drop(self.real);
        drop(self.and);
        drop(self.hold);
        drop(self.wake);
    }

    /// The real guard, outside of a run.
    pub(crate) fn into_real(self) -> G {
        self.release.done();
        self.real.into_inner()
    }

    /// Makes `real` of the real guard, which is then only a right to read: others may get in by that.
    pub(crate) fn downgrade<R>(self, downgrade: impl FnOnce(G) -> R) -> Guarded<'a, R> {
        self.release.switch();
        let Self {
            release,
            real,
            and,
            mut hold,
            wake,
        } = self;
        let real = Wrapped::new(real.inside_once(downgrade));
        drop(and);
        hold.resize(1, Op::Read);
        wake.wake();
        Guarded {
            release,
            real,
            and: (),
            hold,
            wake,
        }
    }
}

#[cfg(feature = "parking_lot")]
impl<G> Guarded<'_, Option<G>> {
    /// Gives the real guard back while its owner waits for a condition.
    pub(crate) fn suspend(&mut self) {
        self.real.inside_mut(|real| *real = None);
        self.hold = Hold::default();
        self.wake.wake();
    }

    /// The real guard was taken again, by `op`.
    pub(crate) fn resume(&mut self, real: Option<G>, op: Op, site: Site) {
        *self.real = real;
        self.hold = Hold::take(self.release.tag(), op, 1, site);
    }
}
