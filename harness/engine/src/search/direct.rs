//! Detects tasks that await a single operation, even where the operation did not have to wait.
//!
//! The operation is held back: its future returns pending once, without having attempted anything.
//! Suppose the task then rests and waits for nothing else, and its next poll comes straight back to the
//! operation. Then there is only `.await` between the two, and the task would have waited for this
//! operation alone. If the task does anything else meanwhile, the execution is not one of the program.
//! It is then repeated, without holding back at that place.

use std::collections::BTreeSet;

use standstill_rt::op::Op;
use standstill_rt::site::Site;

use crate::search::access::Access;

/// The state of the operation that is held back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Held {
    /// No operation is held back.
    #[default]
    Nothing,
    /// It returned pending. What its task does then is known at the end of the step.
    Pending(u32),
    /// Its task rested, and is polled again.
    Again(u32),
    /// It is attempted: its task awaits nothing else.
    Direct,
    /// Its task did something else: from there on, the execution is not one of the program.
    Invalid,
}

/// An operation that may be the only one its task awaits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Awaited {
    pub(super) op: Op,
    pub(super) access: Access,
    /// The task that is joined, by its serial number.
    pub(super) joined: Option<u32>,
}

/// What the probes have shown about the program, over all executions.
#[derive(Clone, Debug, Default)]
pub(super) struct ProbeState {
    /// Operations that were seen to be awaited together with others, and their places.
    indirect: BTreeSet<(Op, usize)>,
    /// The operation that is held back.
    suspect: Option<(Op, usize)>,
    /// Whether tasks are cancelled.
    aborts: bool,
    /// Whether steps may touch anything, or timers may fire early.
    opaque: bool,
    assumed: Assumed,
}

/// Assumptions that do not hold if tasks are cancelled, or if steps may touch anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Assumed {
    /// None was made.
    #[default]
    Nothing,
    /// Some was made, and all have held so far.
    Rightly,
    /// Some was made that does not hold.
    Wrongly,
}

impl ProbeState {
    /// Whether the rules for a task that awaits a single operation may be applied to this operation.
    pub(super) fn trusts(&self, op: Op) -> bool {
        !self.aborts && (op != Op::Lock || !self.opaque)
    }

    /// Records that this assumption was made.
    pub(super) fn has_trusted(&mut self) {
        if self.assumed == Assumed::Nothing {
            self.assumed = Assumed::Rightly;
        }
    }

    /// Whether to hold back this operation at this place. If so, it is marked as held back.
    pub(super) fn probe(&mut self, op: Op, site: Option<Site>) -> bool {
        // The order of two places does not matter.
        let at = (op, site.map_or(0, |site| std::ptr::from_ref(site).addr()));
        let holds = self.trusts(op) && !self.indirect.contains(&at);
        if holds {
            self.suspect = Some(at);
        }
        holds
    }

    /// The operation that was held back is the only one its task awaits.
    pub(super) fn probe_done(&mut self) {
        self.suspect = None;
    }

    /// Whether the probe made the execution invalid. The next execution does not repeat this probe.
    pub(super) fn invalidated(&mut self) -> bool {
        self.suspect
            .take()
            .is_some_and(|suspect| self.indirect.insert(suspect))
    }

    /// A task is cancelled, perhaps between a request and its grant.
    pub(super) fn aborts(&mut self) {
        if !self.aborts {
            self.refute();
        }
        self.aborts = true;
    }

    /// A step may touch anything, including the clock.
    pub(super) fn opaque(&mut self) {
        if !self.opaque {
            self.refute();
        }
        self.opaque = true;
    }

    /// The assumptions made so far do not hold.
    fn refute(&mut self) {
        if self.assumed == Assumed::Rightly {
            self.assumed = Assumed::Wrongly;
        }
    }

    /// Whether everything that was explored has to be explored again.
    pub(super) fn mistaken(&mut self) -> bool {
        let mistaken = self.assumed == Assumed::Wrongly;
        if mistaken {
            self.assumed = Assumed::Nothing;
        }
        mistaken
    }
}
