//! A tracked hold: what a guard or permit carries.

use crate::current;
use crate::facade::Tag;
use crate::host;
use crate::ids::HoldId;
use crate::op::Op;
use crate::site::Site;

/// The tracker's note that permits of a resource are held. Dropping it says that they are no more;
/// drop it right after the real guard was dropped.
#[derive(Debug, Default)]
pub struct Hold {
    noted: Option<(u32, HoldId)>,
}

impl Hold {
    /// Notes that the current task took `amount` permits of `tag` by `op`. Outside of a run there
    /// is nothing to note.
    #[inline(never)]
    pub fn take(tag: &Tag, op: Op, amount: u32, site: Site) -> Self {
        let noted = host::with_epoch(|host, epoch| {
            let id = host.hold(tag.resolve(host, epoch), op, amount, site)?;
            Some((epoch, id))
        });
        Self {
            noted: noted.flatten(),
        }
    }

    /// The hold now covers `amount` permits, taken by `op`: after a downgrade, a split, a merge.
    #[inline(never)]
    pub fn resize(&mut self, amount: u32, op: Op) {
        if let Some((epoch, id)) = self.noted {
            host::of_run(epoch, |host| host.resize_hold(id, amount, op));
        }
    }
}

impl Drop for Hold {
    #[inline(never)]
    fn drop(&mut self) {
        let Some((epoch, id)) = self.noted else {
            return;
        };
        let in_run = current::in_run(|host, current| {
            if current == epoch {
                host.release(id);
            }
        });
        if in_run.is_none() {
            released_outside_of_runs(epoch, id);
        }
    }
}

#[cold]
#[inline(never)]
fn released_outside_of_runs(epoch: u32, id: HoldId) {
    host::of_run(epoch, |host| host.release(id));
}
