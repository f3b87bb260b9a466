//! Polls that do not return: whether the thread sleeps or is busy, and since when.

use std::collections::BTreeMap;
use std::time::Duration;

use standstill_rt::task::{TaskKind, TaskRef};

use crate::stress::member::Reading;
use crate::threads;

/// Linux counts processor time in hundredths of a second, whatever its own clock does.
const TICK_OF_CPU: Duration = Duration::from_millis(10);

/// A poll that has lasted from one check to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suspect {
    pub(super) kind: TaskKind,
    pub(super) reading: Reading,
    first_ticks: Option<u64>,
    ticks: Option<u64>,
    asleep: bool,
    /// For how long the thread has slept without using any processor time.
    pub(super) slept: Duration,
    /// For how long nothing about the poll has changed.
    pub(super) still: Duration,
}

impl Suspect {
    fn new(kind: TaskKind, reading: Reading) -> Self {
        let state = threads::state(reading.thread);
        Self {
            kind,
            reading,
            first_ticks: state.map(|state| state.ticks),
            ticks: state.map(|state| state.ticks),
            asleep: false,
            slept: Duration::ZERO,
            still: Duration::ZERO,
        }
    }

    /// A poll in the middle of a wait that blocks its thread. The thread counts as asleep, whatever the
    /// system reports at this moment: it wakes up now and then only to check whether the wait is over.
    pub(super) fn parked(kind: TaskKind, reading: Reading) -> Self {
        Self {
            asleep: true,
            ..Self::new(kind, reading)
        }
    }

    /// Processor time that its thread has used since the poll is watched.
    pub(super) fn burnt(&self) -> Duration {
        let ticks = self.ticks.zip(self.first_ticks);
        let ticks = ticks.map_or(0, |(now, first)| now.saturating_sub(first));
        TICK_OF_CPU * u32::try_from(ticks).unwrap_or(u32::MAX)
    }

    /// Whether its thread sleeps.
    pub(super) fn is_asleep(&self) -> bool {
        self.asleep
    }

    fn look(&mut self, passed: Duration) {
        self.still += passed;
        let state = threads::state(self.reading.thread);
        let ticks = state.map(|state| state.ticks);
        // If the platform does not report this, no thread counts as asleep: time alone decides then.
        let asleep = state.is_some_and(|state| state.asleep);
        if asleep && ticks == self.ticks {
            self.slept += passed;
        } else {
            self.slept = Duration::ZERO;
        }
        self.asleep = asleep;
        self.ticks = ticks;
    }
}

/// The polls that are watched.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    known: BTreeMap<TaskRef, Suspect>,
}

impl Suspects {
    /// Checks the polls that are going on.
    pub(super) fn look(
        &mut self,
        polls: impl Iterator<Item = (TaskRef, TaskKind, Reading)>,
        passed: Duration,
    ) {
        let mut now = BTreeMap::new();
        for (task, kind, reading) in polls {
            let suspect = match self.known.get(&task) {
                Some(known) if known.reading == reading => {
                    let mut known = *known;
                    known.look(passed);
                    known
                }
                _ => Suspect::new(kind, reading),
            };
            now.insert(task, suspect);
        }
        self.known = now;
    }

    /// The polls that are watched, in task order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TaskRef, &Suspect)> {
        self.known.iter().map(|(task, suspect)| (*task, suspect))
    }
}
