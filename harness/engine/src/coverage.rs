//! Interleavings as coverage: a fuzzer that counts only code edges cannot distinguish two interleavings
//! of the same code.
//!
//! Two kinds of pairs are hashed into libFuzzer's extra counters. One is an operation and the one that
//! was performed just before it, with whether that was by another task, and on the same resource. The
//! other is a blocked operation and the one by which another task holds what it waits for. The hash
//! depends only on source positions, so that two processes agree on it.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use standstill_model::random::mix;
use standstill_rt::ids::ResourceId;
use standstill_rt::site::Site;
use standstill_rt::task::TaskRef;

use crate::counters;
use crate::track::Tracker;

static ENABLED: AtomicBool = AtomicBool::new(false);

/// Whether interleavings count as coverage, for this process. Default: no, because measurements
/// showed no clear gain.
pub fn interleaving_coverage(enabled: bool) {
    ENABLED.store(enabled, Ordering::Relaxed);
}

/// The last operation that was performed in the run.
#[derive(Clone, Copy)]
struct Previous {
    site: Site,
    task: u32,
    resource: Option<ResourceId>,
}

thread_local! {
    static PREVIOUS: Cell<Option<Previous>> = const { Cell::new(None) };
}

/// A run begins.
pub fn begin() {
    PREVIOUS.set(None);
}

/// A task continues from its switch point to perform its operation.
#[inline]
pub fn operation(task: TaskRef, resource: Option<ResourceId>, site: Site) {
    let this = Previous {
        site,
        task: task.serial,
        resource,
    };
    let Some(before) = PREVIOUS.replace(Some(this)) else {
        return;
    };
    let same_resource = resource.is_some() && before.resource == resource;
    let how = u64::from(same_resource) << 1 | u64::from(before.task != this.task);
    count(how, before.site, site);
}

/// A task begins to wait: records which operations hold what it waits for.
pub fn blocked(tracker: &Tracker, resource: ResourceId, site: Site) {
    for holder in tracker.hold_sites(resource) {
        count(4, site, holder);
    }
}

#[inline]
fn count(kind: u64, first: Site, second: Site) {
    if ENABLED.load(Ordering::Relaxed) {
        counters::count_feature(pair(kind, first, second));
    }
}

fn pair(kind: u64, first: Site, second: Site) -> u64 {
    mix(place(first) ^ place(second).rotate_left(17) ^ kind << 61)
}

/// A source position, as a number that is the same in every process. Addresses differ.
fn place(site: Site) -> u64 {
    u64::from(site.line()) << 24 | u64::from(site.column()) << 8 | site.file().len() as u64 & 0xff
}

#[cfg(test)]
mod tests {
    use super::pair;
    use std::panic::Location;

    #[test]
    fn a_pair_has_an_order_and_a_kind() {
        let (first, second) = (Location::caller(), here());
        assert_ne!(pair(0, first, second), pair(0, second, first));
        assert_ne!(pair(0, first, second), pair(1, first, second));
        assert_eq!(pair(1, first, second), pair(1, first, second));
    }

    #[track_caller]
    fn here() -> &'static Location<'static> {
        Location::caller()
    }
}
