//! The timers that the facade has armed, by deadline.

use std::collections::BTreeSet;
use std::time::Duration;

use standstill_rt::host::TimerId;

/// No verdict waits for a timer as far away as this while something else goes on.
pub(crate) const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// From then on a timer holds up nothing.
pub(crate) fn in_a_year(now: Duration) -> Duration {
    now.saturating_add(NEVER)
}

/// Deadlines are virtual time since the run began.
#[derive(Debug, Default)]
pub struct Timers {
    armed: BTreeSet<(Duration, u32)>,
    deadlines: Vec<Option<Duration>>,
    free: Vec<u32>,
}

impl Timers {
    pub fn clear(&mut self) {
        self.armed.clear();
        self.deadlines.clear();
        self.free.clear();
    }

    pub fn arm(&mut self, epoch: u32, deadline: Duration) -> TimerId {
        let index = match self.free.pop() {
            Some(index) => {
                self.deadlines[index as usize] = Some(deadline);
                index
            }
            None => {
                self.deadlines.push(Some(deadline));
                u32::try_from(self.deadlines.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.armed.insert((deadline, index));
        TimerId(u64::from(epoch) << 32 | u64::from(index))
    }

    pub fn disarm(&mut self, epoch: u32, timer: TimerId) {
        if timer.0 >> 32 != u64::from(epoch) {
            return;
        }
        let Ok(index) = u32::try_from(timer.0 & u64::from(u32::MAX)) else {
            return;
        };
        let deadline = self
            .deadlines
            .get_mut(index as usize)
            .and_then(Option::take);
        if let Some(deadline) = deadline {
            self.armed.remove(&(deadline, index));
            self.free.push(index);
        }
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.armed.is_empty()
    }

    pub fn earliest(&self) -> Option<Duration> {
        self.armed.first().map(|(deadline, _)| *deadline)
    }

    /// The latest deadline, without those so far away that they mean "never".
    pub fn latest(&self, never: Duration) -> Option<Duration> {
        self.armed
            .iter()
            .rev()
            .map(|(deadline, _)| *deadline)
            .find(|deadline| *deadline < never)
    }
}
