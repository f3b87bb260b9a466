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
    Invalid,
}

/// An operation that a task may await, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Awaited {
    pub(super) op: Op,
    pub(super) access: Access,
    /// The task that is joined, by its serial number.
    pub(super) joined: Option<u32>,
}

/// What probes have shown of the program, over all executions.
#[derive(Clone, Debug, Default)]
pub(super) struct ProbeState {
    /// Operations that were seen with others beside them, and where they are.
    indirect: BTreeSet<(Op, usize)>,
    /// The one that is held back.
    suspect: Option<(Op, usize)>,
    /// Tasks are cancelled.
    aborts: bool,
    /// Steps may touch anything, or timers may fire early.
    opaque: bool,
    assumed: Assumed,
}

/// What was taken for granted and does not hold if tasks are cancelled, or if steps may touch
/// anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Assumed {
    /// Nothing.
    #[default]
    Nothing,
    /// Something, which holds so far.
    Rightly,
    /// Something that does not hold.
    Wrongly,
}

impl ProbeState {
    /// Whether it is enough to know that a task awaits this operation and nothing else.
    pub(super) fn trusts(&self, op: Op) -> bool {
        !self.aborts && (op != Op::Lock || !self.opaque)
    }

    /// That was enough.
    pub(super) fn has_trusted(&mut self) {
        if self.assumed == Assumed::Nothing {
            self.assumed = Assumed::Rightly;
        }
    }

    /// Whether to hold back this operation, here; and if so, it is.
    pub(super) fn probe(&mut self, op: Op, site: Option<Site>) -> bool {
        // Which of two places comes first does not matter.
        let at = (op, site.map_or(0, |site| std::ptr::from_ref(site).addr()));
        let holds = self.trusts(op) && !self.indirect.contains(&at);
        if holds {
            self.suspect = Some(at);
        }
        holds
    }

    /// What was held back is all that its task awaits.
    pub(super) fn probe_done(&mut self) {
        self.suspect = None;
    }

    /// Whether the probe made the execution invalid. The next one will not be by the same.
    pub(super) fn invalidated(&mut self) -> bool {
        self.suspect
            .take()
            .is_some_and(|suspect| self.indirect.insert(suspect))
    }

    /// A task is cancelled: between what it asked for and what it was given, perhaps.
    pub(super) fn aborts(&mut self) {
        if !self.aborts {
            self.refute();
        }
        self.aborts = true;
    }

    /// A step may touch anything, the clock as well.
    pub(super) fn opaque(&mut self) {
        if !self.opaque {
            self.refute();
        }
        self.opaque = true;
    }

    /// What was taken for granted so far does not hold.
    fn refute(&mut self) {
        if self.assumed == Assumed::Rightly {
            self.assumed = Assumed::Wrongly;
        }
    }

    /// Whether all that was seen has to be seen again.
    pub(super) fn mistaken(&mut self) -> bool {
        let mistaken = self.assumed == Assumed::Wrongly;
        if mistaken {
            self.assumed = Assumed::Nothing;
        }
        mistaken
    }
}
