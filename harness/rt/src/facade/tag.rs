//! What a facade type carries so that the tracker knows it.

use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::current;
use crate::host::{self, Host};
use crate::ids::{ResourceId, ResourceInfo};
use crate::op::{Op, ResourceKind};
use crate::site::Site;
use crate::task::TaskRef;

/// The identity of a facade resource: where it was created, and which record of the current run
/// is its own. A resource may outlive runs, or be a `static`: each run that meets it enters it
/// anew.
pub struct Tag {
    kind: ResourceKind,
    type_name: fn() -> &'static str,
    site: Site,
    permits: AtomicU32,
    task: Option<TaskRef>,
    /// The epoch of the run in the upper half, the record in the lower.
    entered: AtomicU64,
}

fn no_type() -> &'static str {
    "()"
}

impl Tag {
    /// A tag for a resource without permits that guards or carries nothing, created by the caller.
    #[track_caller]
    pub const fn new(kind: ResourceKind) -> Self {
        Self::with(kind, no_type, u32::MAX, Location::caller())
    }

    /// A tag for a resource that guards or carries a `T` and has `permits` permits in all
    /// (`u32::MAX` where permits mean nothing), created by the caller.
    #[track_caller]
    pub const fn of<T: ?Sized>(kind: ResourceKind, permits: u32) -> Self {
        Self::with(kind, std::any::type_name::<T>, permits, Location::caller())
    }

    /// As [`Tag::new`], created at `site`.
    pub const fn at(kind: ResourceKind, site: Site) -> Self {
        Self::with(kind, no_type, u32::MAX, site)
    }

    /// A tag for a spawned task.
    pub const fn of_task(task: TaskRef, site: Site) -> Self {
        let mut tag = Self::with(ResourceKind::Task, no_type, u32::MAX, site);
        tag.task = Some(task);
        tag
    }

    const fn with(
        kind: ResourceKind,
        type_name: fn() -> &'static str,
        permits: u32,
        site: Site,
    ) -> Self {
        Self {
            kind,
            type_name,
            site,
            permits: AtomicU32::new(permits),
            task: None,
            entered: AtomicU64::new(0),
        }
    }

    /// Where the resource was created.
    pub fn site(&self) -> Site {
        self.site
    }

    /// The resource's record in the run with this epoch, the current one.
    #[inline]
    pub fn resolve(&self, host: &dyn Host, epoch: u32) -> ResourceId {
        self.known(epoch)
            .unwrap_or_else(|| self.enter(host, u64::from(epoch)))
    }

    /// The resource's record in the run with this epoch, if that has met it.
    #[inline]
    fn known(&self, epoch: u32) -> Option<ResourceId> {
        let entered = self.entered.load(Ordering::Relaxed);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the lower half is the record"
        )]
        (entered >> 32 == u64::from(epoch)).then_some(ResourceId(entered as u32))
    }

    #[cold]
    fn enter(&self, host: &dyn Host, epoch: u64) -> ResourceId {
        let id = host.resource(ResourceInfo {
            kind: self.kind,
            type_name: (self.type_name)(),
            site: self.site,
            permits: self.permits.load(Ordering::Relaxed),
            task: self.task,
        });
        let mine = epoch << 32 | u64::from(id.0);
        if host.controlled() {
            self.entered.store(mine, Ordering::Relaxed);
            return id;
        }
        // Where tasks run in parallel, another may have entered it meanwhile: the first one counts.
        let before = self.entered.load(Ordering::Relaxed);
        let known = if before >> 32 == epoch {
            Err(before)
        } else {
            self.entered
                .compare_exchange(before, mine, Ordering::Relaxed, Ordering::Relaxed)
        };
        match known {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the lower half is the record"
            )]
            Err(other) if other >> 32 == epoch => ResourceId(other as u32),
            Ok(_) | Err(_) => id,
        }
    }

    /// A switch point before `op` on this resource. Call it before each synchronous operation
    /// that another task could observe, and before a guard or an end of a channel is dropped.
    // The switch is the last that this does: whoever goes on after it returns straight to the caller.
    #[inline(never)]
    pub fn switch(&self, op: Op, site: Site) {
        let known = current::in_run(|host, epoch| {
            let id = self.known(epoch)?;
            host.switch(op, Some(id), site);
            Some(())
        });
        if known.flatten().is_none() {
            self.switch_first(op, site);
        }
    }

    /// The first one of a run, or one outside of any.
    #[cold]
    #[inline(never)]
    fn switch_first(&self, op: Op, site: Site) {
        host::with_epoch(|host, epoch| host.switch(op, Some(self.resolve(host, epoch)), site));
    }

    /// As [`Tag::switch`], and tells whether this is a run at all: then an operation that need not
    /// wait may be tried without the future that could.
    #[inline]
    #[must_use]
    pub fn begin(&self, op: Op, site: Site) -> bool {
        self.switch(op, site);
        host::in_run()
    }

    /// Whether `op`, which has passed its switch point, is to come back pending first: to see
    /// whether the task awaits nothing else.
    #[inline(never)]
    #[must_use]
    pub fn probe(&self, op: Op) -> bool {
        // It was met when it passed its switch point, and nothing is held back outside of runs.
        current::in_run(|host, epoch| Some(host.probe(op, self.known(epoch)?)))
            .flatten()
            .unwrap_or(false)
    }

    /// A value moved through the resource, or it was signalled: the run went forward.
    #[inline(never)]
    pub fn moved(&self) {
        host::with(|host| host.moved());
    }

    /// The resource has more permits now, or (negative) fewer.
    #[inline(never)]
    pub fn add_permits(&self, change: i64) {
        host::with_epoch(|host, epoch| {
            let id = self.resolve(host, epoch);
            host.add_permits(id, change);
        });
        let before = self.permits.load(Ordering::Relaxed);
        let after = i64::from(before).saturating_add(change);
        let after = u32::try_from(after.max(0)).unwrap_or(u32::MAX);
        self.permits.store(after, Ordering::Relaxed);
    }
}

impl Drop for Tag {
    #[inline(never)]
    fn drop(&mut self) {
        if *self.entered.get_mut() != 0 {
            host::with_epoch(|host, epoch| {
                if let Some(id) = self.known(epoch) {
                    host.forget(id);
                }
            });
        }
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tag")
            .field("kind", &self.kind)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl AsRef<Tag> for Tag {
    fn as_ref(&self) -> &Tag {
        self
    }
}
