//! The timers that the facade has armed, by deadline.

use std::collections::BTreeSet;
use std::time::Duration;

use standstill_rt::host::TimerId;
use standstill_rt::ids::WaitId;

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
    /// By index. A vacant place has no deadline.
    places: Vec<Place>,
    free: Vec<u32>,
    /// The time as of the last turn of the runtime, which has fired everything up to it.
    now: Duration,
    /// The earliest deadline after that: looked at in each step.
    next: Option<Duration>,
}

#[derive(Debug, Default)]
struct Place {
    deadline: Option<Duration>,
    wait: Option<WaitId>,
}

impl Timers {
    pub fn clear(&mut self) {
        self.armed.clear();
        self.places.clear();
        self.free.clear();
        self.now = Duration::ZERO;
        self.next = None;
    }

    /// `wait` is the wait that the timer ends.
    pub fn arm(&mut self, epoch: u32, deadline: Duration, wait: Option<WaitId>) -> TimerId {
        let place = Place {
            deadline: Some(deadline),
            wait,
        };
        let index = match self.free.pop() {
            Some(index) => {
                self.places[index as usize] = place;
                index
            }
            None => {
                self.places.push(place);
                u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.armed.insert((deadline, index));
        if deadline > self.now && self.next.is_none_or(|next| deadline < next) {
            self.next = Some(deadline);
        }
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
            .places
            .get_mut(index as usize)
            .and_then(|place| std::mem::take(place).deadline);
        if let Some(deadline) = deadline {
            self.armed.remove(&(deadline, index));
            self.free.push(index);
            if self.next == Some(deadline) {
                self.look_ahead();
            }
        }
    }

    /// The runtime has fired what was due by now.
    pub fn advanced(&mut self, now: Duration) {
        self.now = now;
        if self.next.is_some_and(|next| next <= now) {
            self.look_ahead();
        }
    }

    fn look_ahead(&mut self) {
        // The greatest index is that of no timer.
        let mut ahead = self.armed.range((self.now, u32::MAX)..);
        self.next = ahead.next().map(|(deadline, _)| *deadline);
    }

    /// The time as of the last turn of the runtime. It stands still during a turn.
    #[inline]
    pub fn now(&self) -> Duration {
        self.now
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.armed.is_empty()
    }

    /// The earliest deadline, which may have passed: its task has not run since then.
    pub fn earliest(&self) -> Option<Duration> {
        self.armed.first().map(|(deadline, _)| *deadline)
    }

    /// The earliest deadline that has not passed.
    #[inline]
    pub fn next(&self) -> Option<Duration> {
        self.next
    }

    /// The wait that ends at this deadline. Of several, the one whose timer has the lowest index.
    pub fn wait_at(&self, deadline: Duration) -> Option<WaitId> {
        let (found, index) = self.armed.range((deadline, 0)..).next()?;
        (*found == deadline).then(|| self.places[*index as usize].wait)?
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Timers;
    use standstill_rt::ids::WaitId;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_next_deadline_lies_ahead_whatever_is_armed_and_disarmed() {
        let mut timers = Timers::default();
        assert_eq!(timers.next(), None);
        let late = timers.arm(1, ms(30), None);
        let early = timers.arm(1, ms(10), None);
        let same = timers.arm(1, ms(10), None);
        assert_eq!(timers.next(), Some(ms(10)));
        timers.disarm(1, early);
        assert_eq!(timers.next(), Some(ms(10)));
        timers.disarm(1, same);
        assert_eq!(timers.next(), Some(ms(30)));
        let due = timers.arm(1, ms(20), None);
        timers.advanced(ms(20));
        assert_eq!(
            (timers.earliest(), timers.next()),
            (Some(ms(20)), Some(ms(30)))
        );
        // What is due already when it is armed does not lie ahead.
        timers.arm(1, ms(20), None);
        timers.arm(1, ms(5), None);
        assert_eq!(timers.next(), Some(ms(30)));
        timers.disarm(1, due);
        timers.disarm(1, late);
        assert_eq!(timers.next(), None);
        // Timers of another run are not these.
        timers.disarm(2, late);
        timers.clear();
        assert_eq!((timers.earliest(), timers.next()), (None, None));
    }

    #[test]
    fn a_timer_knows_whose_wait_it_ends() {
        let mut timers = Timers::default();
        let ends = timers.arm(1, ms(10), Some(WaitId(7)));
        timers.arm(1, ms(20), Some(WaitId(8)));
        assert_eq!(timers.wait_at(ms(10)), Some(WaitId(7)));
        assert_eq!(timers.wait_at(ms(20)), Some(WaitId(8)));
        assert_eq!(timers.wait_at(ms(15)), None);
        timers.disarm(1, ends);
        assert_eq!(timers.wait_at(ms(10)), None);
        // The place is used again.
        timers.arm(1, ms(5), None);
        assert_eq!(timers.wait_at(ms(5)), None);
    }
}
