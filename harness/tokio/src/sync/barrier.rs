//! `Barrier`.

use std::future::Future;
use std::panic::Location;

use ::tokio::sync as real;
use standstill_rt::facade::{Tag, Wait, Wrapped};
use standstill_rt::{Op, ResourceKind, Site};

use crate::sync::BarrierWaitResult;

/// Lets tasks pass only in groups of a fixed size.
#[derive(Debug)]
pub struct Barrier {
    tag: Tag,
    real: Wrapped<real::Barrier>,
}

impl Barrier {
    /// A barrier for groups of `n` tasks; 0 counts as 1.
    #[track_caller]
    pub fn new(n: usize) -> Self {
        Self {
            tag: Tag::new(ResourceKind::Barrier),
            real: Wrapped::new(real::Barrier::new(n)),
        }
    }

    async fn wait_at(&self, site: Site) -> BarrierWaitResult {
        let result = Wait::new(self.real.wait(), &self.tag, Op::BarrierWait, site).await;
        self.tag.moved();
        result
    }

    /// Waits until the group is complete. The last task to arrive is its leader.
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = BarrierWaitResult> {
        self.wait_at(Location::caller())
    }
}
