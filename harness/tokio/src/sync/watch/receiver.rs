//! The receiving end of a watch channel, and the borrowed value.

use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::panic::Location;
use std::pin::pin;

use ::tokio::sync::watch as real;
use standstill_rt::facade::{End, Hold, Inside, Outside, Shared, Wait, Wrapped};
use standstill_rt::{Op, Site};

use super::error::RecvError;
use super::gate::{Entered, Gate};

/// A borrowed value of a channel. No value can be sent until it is dropped.
#[derive(Debug)]
pub struct Ref<'a, T> {
    // Dropped in this order: the real lock, then its records.
    real: Wrapped<real::Ref<'a, T>>,
    _entered: Entered<'a>,
    _hold: Hold,
}

impl<'a, T> Ref<'a, T> {
    /// Borrows the value with `borrow`, once no task changes it.
    #[track_caller]
    pub(super) fn take(
        end: &'a End,
        gate: &'a Gate,
        op: Op,
        site: Site,
        borrow: impl FnOnce() -> real::Ref<'a, T>,
    ) -> Self {
        end.switch(op, site);
        gate.await_reading(end.tag(), site);
        Self::note(end, gate, site, Inside::run(borrow))
    }

    fn note(end: &'a End, gate: &'a Gate, site: Site, real: real::Ref<'a, T>) -> Self {
        Self {
            real: Wrapped::new(real),
            _entered: gate.read(),
            _hold: Hold::take(end.tag(), Op::Inspect, 1, site),
        }
    }

    /// Whether the value was new when it was borrowed.
    pub fn has_changed(&self) -> bool {
        self.real.has_changed()
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.real
    }
}

/// A receiving end, which remembers what it has seen.
#[derive(Debug)]
pub struct Receiver<T> {
    end: End,
    gate: Shared<Gate>,
    real: Wrapped<real::Receiver<T>>,
}

impl<T> Receiver<T> {
    pub(super) fn new(end: End, gate: Shared<Gate>, real: real::Receiver<T>) -> Self {
        Self {
            end,
            gate,
            real: Wrapped::new(real),
        }
    }

    async fn changed_at(&mut self, site: Site) -> Result<(), RecvError> {
        Wait::new(self.real.changed(), &self.end, Op::Changed, site).await?;
        self.end.moved_if(true);
        Ok(())
    }

    async fn wait_for_at(
        &mut self,
        mut f: impl FnMut(&T) -> bool,
        site: Site,
    ) -> Result<Ref<'_, T>, RecvError> {
        let Self { end, gate, real } = self;
        let (end, gate): (&End, &Gate) = (end, gate);
        let found = {
            let mut wait = pin!(real.wait_for(|value| {
                let _reading = gate.read();
                let _outside = Outside::enter();
                f(value)
            }));
            let wait = poll_fn(|cx| {
                gate.await_reading(end.tag(), site);
                wait.as_mut().poll(cx)
            });
            Wait::new(wait, end, Op::Changed, site).await?
        };
        end.moved_if(true);
        Ok(Ref::note(end, gate, site, found))
    }

    /// Borrows the latest value.
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        let site = Location::caller();
        Ref::take(&self.end, &self.gate, Op::Inspect, site, || {
            self.real.borrow()
        })
    }

    /// Borrows the latest value, and marks it as seen.
    #[track_caller]
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let site = Location::caller();
        let Self { end, gate, real } = self;
        Ref::take(end, gate, Op::Inspect, site, || real.borrow_and_update())
    }

    /// Whether there is a value that this receiver has not seen.
    ///
    /// # Errors
    ///
    /// If all senders were dropped.
    #[track_caller]
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        self.end.switch(Op::Inspect, Location::caller());
        self.real.inside(real::Receiver::has_changed)
    }

    /// Whether all senders were dropped.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.switch(Op::Inspect, Location::caller());
        self.real.inside(real::Receiver::is_closed)
    }

    /// Marks the latest value as not seen.
    pub fn mark_changed(&mut self) {
        self.real.inside_mut(real::Receiver::mark_changed);
    }

    /// Marks the latest value as seen.
    #[track_caller]
    pub fn mark_unchanged(&mut self) {
        self.end.switch(Op::Inspect, Location::caller());
        self.real.inside_mut(real::Receiver::mark_unchanged);
    }

    /// Waits for a value that this receiver has not seen, and marks it as seen.
    ///
    /// # Errors
    ///
    /// If all senders were dropped and there is no such value.
    #[track_caller]
    pub fn changed(&mut self) -> impl Future<Output = Result<(), RecvError>> {
        self.changed_at(Location::caller())
    }

    /// Waits until `f` returns true for the value.
    ///
    /// # Errors
    ///
    /// If all senders were dropped and `f` returns false for the value.
    #[track_caller]
    pub fn wait_for(
        &mut self,
        f: impl FnMut(&T) -> bool,
    ) -> impl Future<Output = Result<Ref<'_, T>, RecvError>> {
        self.wait_for_at(f, Location::caller())
    }

    /// Whether both receive from the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.real.same_channel(&other.real)
    }
}

impl<T> Clone for Receiver<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self {
            end: End::sink(self.end.channel().clone(), Location::caller()),
            gate: self.gate.clone(),
            real: Wrapped::new(self.real.inside(Clone::clone)),
        }
    }
}
