//! Who awaits one operation and nothing else, although it did not have to wait.
//!
//! The operation is held back: its future comes back pending once, without having attempted
//! anything. If the task then rests and waits for nothing else, and in its next poll comes straight
//! to where it was, it is `.await` alone that stands between them: the task would have waited for
//! this operation alone. If it does anything else meanwhile, the execution is none of the program's.
//! It is made once more, without holding back there.

use std::collections::BTreeSet;

use standstill_rt::op::Op;
use standstill_rt::site::Site;

use crate::search::access::Access;

/// What became of the operation that is held back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Held {
    /// None is.
    #[default]
    Nothing,
    /// It came back pending. What its task does then shows at the end of the step.
    Pending(u32),
    /// Its task rested, and is polled again.
    Again(u32),
    /// It is attempted: its task awaits nothing else.
    Direct,
    /// Its task did something else: the execution is none of the program's from there on.
    Spoilt,
}

/// An operation that a task may await, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Awaited {
    pub(super) op: Op,
    pub(super) access: Access,
    /// The task that is joined, by its serial number.
    pub(super) joined: Option<u32>,
}

/// What is known of the program, over all executions.
#[derive(Clone, Debug, Default)]
pub(super) struct Habits {
    /// Operations that were seen with others beside them, and where they are.
    indirect: BTreeSet<(Op, usize)>,
    /// The one that is held back.
    suspect: Option<(Op, usize)>,
    /// Tasks are cancelled.
    aborts: bool,
    /// Steps may touch anything, or timers may fire early.
    opaque: bool,
    /// Something was taken for granted that does not hold if one of the two changes.
    trusting: bool,
    /// One of them has.
    mistaken: bool,
}

impl Habits {
    /// Whether it is enough to know that a task awaits this operation and nothing else.
    pub(super) fn trusts(&self, op: Op) -> bool {
        !self.aborts && (op != Op::Lock || !self.opaque)
    }

    /// That was enough.
    pub(super) fn has_trusted(&mut self) {
        self.trusting = true;
    }

    /// Whether to hold back this operation, here; and if so, it is.
    pub(super) fn holds_back(&mut self, op: Op, site: Option<Site>) -> bool {
        // Which of two places comes first does not matter.
        let at = (op, site.map_or(0, |site| std::ptr::from_ref(site).addr()));
        let holds = self.trusts(op) && !self.indirect.contains(&at);
        if holds {
            self.suspect = Some(at);
        }
        holds
    }

    /// What was held back is all that its task awaits.
    pub(super) fn clears(&mut self) {
        self.suspect = None;
    }

    /// Whether the execution was spoilt. The next one will not be by the same.
    pub(super) fn spoilt(&mut self) -> bool {
        self.suspect
            .take()
            .is_some_and(|suspect| self.indirect.insert(suspect))
    }

    /// A task is cancelled: between what it asked for and what it was given, perhaps.
    pub(super) fn aborts(&mut self) {
        self.mistaken |= self.trusting && !self.aborts;
        self.aborts = true;
    }

    /// A step may touch anything, the clock as well.
    pub(super) fn opaque(&mut self) {
        self.mistaken |= self.trusting && !self.opaque;
        self.opaque = true;
    }

    /// Whether all that was seen has to be seen again.
    pub(super) fn mistaken(&mut self) -> bool {
        self.trusting &= !self.mistaken;
        std::mem::take(&mut self.mistaken)
    }
}
