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

    /// The resource's record in the current run.
    #[inline]
    pub fn resolve(&self, host: &dyn Host) -> ResourceId {
        let entered = self.entered.load(Ordering::Relaxed);
        // Outside of runs there may be a host all the same.
        let epoch = match current::epoch() {
            0 => u64::from(host.epoch()),
            epoch => u64::from(epoch),
        };
        if entered >> 32 == epoch {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the lower half is the record"
            )]
            let record = entered as u32;
            return ResourceId(record);
        }
        self.enter(host, epoch)
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
    #[inline]
    pub fn switch(&self, op: Op, site: Site) {
        let _ = self.begin(op, site);
    }

    /// As [`Tag::switch`], and tells whether this is a run at all: then an operation that need not
    /// wait may be tried without the future that could.
    #[inline]
    #[must_use]
    pub fn begin(&self, op: Op, site: Site) -> bool {
        host::with(|host| {
            host.switch(op, Some(self.resolve(host)), site);
        })
        .is_some()
    }

    /// Whether `op`, which has passed its switch point, is to come back pending first: to see
    /// whether the task awaits nothing else.
    #[inline]
    #[must_use]
    pub fn holds_back(&self, op: Op) -> bool {
        host::with(|host| host.holds_back(op, self.resolve(host))) == Some(true)
    }

    /// A value moved through the resource, or it was signalled: the run went forward.
    #[inline]
    pub fn moved(&self) {
        host::with(|host| host.moved());
    }

    /// The resource has more permits now, or (negative) fewer.
    pub fn add_permits(&self, change: i64) {
        host::with(|host| {
            let id = self.resolve(host);
            host.add_permits(id, change);
        });
        let before = self.permits.load(Ordering::Relaxed);
        let after = i64::from(before).saturating_add(change);
        let after = u32::try_from(after.max(0)).unwrap_or(u32::MAX);
        self.permits.store(after, Ordering::Relaxed);
    }
}

impl Drop for Tag {
    #[inline]
    fn drop(&mut self) {
        let entered = *self.entered.get_mut();
        if entered != 0 {
            host::with(|host| {
                if u64::from(host.epoch()) == entered >> 32 {
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "the lower half is the record"
                    )]
                    host.forget(ResourceId(entered as u32));
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
