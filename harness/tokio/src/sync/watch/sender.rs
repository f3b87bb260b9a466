//! The sending end of a watch channel.

use std::future::Future;
use std::panic::Location;

use ::tokio::sync::watch as real;
use standstill_rt::facade::{End, Hold, Outside, Shared, Tag, Wait, Wrapped};
use standstill_rt::{Op, ResourceKind, Site};

use super::error::SendError;
use super::gate::Gate;
use super::receiver::{Receiver, Ref};

/// A sending end. The channel closes when the last one is dropped.
#[derive(Debug)]
pub struct Sender<T> {
    end: End,
    gate: Shared<Gate>,
    real: Wrapped<real::Sender<T>>,
}

impl<T> Sender<T> {
    pub(super) fn around(end: End, gate: Shared<Gate>, real: real::Sender<T>) -> Self {
        Self {
            end,
            gate,
            real: Wrapped::new(real),
        }
    }

    /// A sender without any receiver yet.
    #[track_caller]
    pub fn new(init: T) -> Self {
        let tag = Tag::of::<T>(ResourceKind::Watch, u32::MAX);
        let site = tag.site();
        Self::around(
            End::source(Shared::new(tag), site),
            Gate::new(),
            real::Sender::new(init),
        )
    }

    /// Records a hold while the program's code changes the value, since that code may wait.
    fn hold(&self, site: Site) -> Hold {
        Hold::take(self.end.tag(), Op::Send, 1, site)
    }

    async fn closed_at(&self, site: Site) {
        Wait::new(self.real.closed(), &self.end, Op::Closed, site).await;
    }

    /// Sets a new value and wakes all tasks that wait for one.
    ///
    /// # Errors
    ///
    /// The value, if there is no receiver.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let site = Location::caller();
        self.end.switch(Op::Send, site);
        let _writing = self.gate.write(self.end.tag(), site);
        self.real.inside(|real| real.send(value))?;
        self.end.moved_if(true);
        Ok(())
    }

    /// Changes the value in place and wakes all tasks that wait for a new one.
    #[track_caller]
    pub fn send_modify<F>(&self, modify: F)
    where
        F: FnOnce(&mut T),
    {
        let site = Location::caller();
        self.end.switch(Op::Send, site);
        let _writing = self.gate.write(self.end.tag(), site);
        let _hold = self.hold(site);
        self.real.inside(|real| {
            real.send_modify(|value| {
                let _outside = Outside::enter();
                modify(value);
            });
        });
        self.end.moved_if(true);
    }

    /// As [`Sender::send_modify`], but wakes tasks only if `modify` returns true. Returns what `modify`
    /// does.
    #[track_caller]
    pub fn send_if_modified<F>(&self, modify: F) -> bool
    where
        F: FnOnce(&mut T) -> bool,
    {
        let site = Location::caller();
        self.end.switch(Op::Send, site);
        let _writing = self.gate.write(self.end.tag(), site);
        let _hold = self.hold(site);
        let modified = self.real.inside(|real| {
            real.send_if_modified(|value| {
                let _outside = Outside::enter();
                modify(value)
            })
        });
        self.end.moved_if(modified);
        modified
    }

    /// Sets a new value, even without receivers, and returns the previous one.
    #[track_caller]
    pub fn send_replace(&self, value: T) -> T {
        let site = Location::caller();
        self.end.switch(Op::Send, site);
        let _writing = self.gate.write(self.end.tag(), site);
        let before = self.real.inside(|real| real.send_replace(value));
        self.end.moved_if(true);
        before
    }

    /// Borrows the latest value.
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        let site = Location::caller();
        Ref::take(&self.end, &self.gate, Op::Atomic, site, || {
            self.real.borrow()
        })
    }

    /// Whether there is no receiver.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.look(Location::caller());
        self.real.inside(real::Sender::is_closed)
    }

    /// Waits until there is no receiver.
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        self.closed_at(Location::caller())
    }

    /// A receiver that has already seen the current value.
    #[track_caller]
    pub fn subscribe(&self) -> Receiver<T> {
        let site = Location::caller();
        self.end.look(site);
        Receiver::new(
            End::sink(self.end.channel().clone(), site),
            self.gate.clone(),
            self.real.inside(real::Sender::subscribe),
        )
    }

    /// The number of receivers.
    #[track_caller]
    pub fn receiver_count(&self) -> usize {
        self.end.look(Location::caller());
        self.real.inside(real::Sender::receiver_count)
    }

    /// The number of senders.
    #[track_caller]
    pub fn sender_count(&self) -> usize {
        self.end.look(Location::caller());
        self.real.inside(real::Sender::sender_count)
    }

    /// Whether both send into the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.real.same_channel(&other.real)
    }
}

impl<T> Clone for Sender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self {
            end: End::source(self.end.channel().clone(), Location::caller()),
            gate: self.gate.clone(),
            real: Wrapped::new(self.real.inside(Clone::clone)),
        }
    }
}

impl<T: Default> Default for Sender<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}
