//! The slack of a run, as it is spent: whether the earliest timer may fire although tasks are ready.

use std::time::Duration;

use standstill_model::slack::Slack;

use crate::timers::Timers;

/// How often a timer fires early under [`Slack::FourTimers`].
const TIMERS: u32 = 4;

/// The farthest that a timer lies ahead which fires early under [`Slack::FourTimers`].
const AT_MOST_AHEAD: Duration = Duration::from_secs(60);

/// What is left of a run's slack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Early {
    /// The farthest that a timer may lie ahead to fire early. Zero if none may.
    reach: Duration,
    /// The timers that may still fire early under [`Slack::FourTimers`].
    timers: Option<u32>,
    /// By how much timers that fired early have advanced the clock.
    pub spent: Duration,
}

impl Early {
    pub fn new(slack: Slack) -> Self {
        let (reach, timers) = match slack {
            Slack::Time(time) => (time, None),
            Slack::FourTimers => (AT_MOST_AHEAD, Some(TIMERS)),
        };
        Self {
            reach,
            timers,
            spent: Duration::ZERO,
        }
    }

    /// Whether timers are counted, and not their time.
    pub fn is_counted(&self) -> bool {
        self.timers.is_some()
    }

    /// Whether a timer may fire early now.
    #[inline]
    pub fn allows(&self, timers: &Timers) -> bool {
        !self.reach.is_zero()
            && self
                .next(timers)
                .is_some_and(|deadline| deadline <= timers.now() + self.reach)
    }

    /// The deadline of the timer that would.
    #[inline]
    pub fn next(&self, timers: &Timers) -> Option<Duration> {
        match self.timers {
            None => timers.next(),
            Some(_) => timers.earliest(),
        }
    }

    /// A timer fires early that lies this far ahead.
    pub fn spend(&mut self, ahead: Duration) {
        self.spent += ahead;
        match &mut self.timers {
            None => self.reach = self.reach.saturating_sub(ahead),
            Some(timers) => {
                *timers = timers.saturating_sub(1);
                if *timers == 0 {
                    self.reach = Duration::ZERO;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use standstill_model::slack::Slack;

    use super::Early;
    use crate::timers::Timers;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn slack_is_spent_by_the_time_that_passes() {
        let mut timers = Timers::default();
        timers.arm(1, ms(30), None);
        let mut early = Early::new(Slack::Time(ms(50)));
        assert!(early.allows(&timers));
        early.spend(ms(30));
        timers.advanced(ms(31));
        // A timer that has fired is not fired again, even before its task has run.
        assert!(!early.allows(&timers));
        timers.arm(1, ms(52), None);
        assert!(!early.allows(&timers));
        timers.arm(1, ms(51), None);
        assert!(early.allows(&timers));
        early.spend(ms(20));
        timers.arm(1, ms(32), None);
        assert!(!early.allows(&timers));
        assert_eq!(early.spent, ms(50));
    }

    #[test]
    fn without_slack_nothing_is_early() {
        let mut timers = Timers::default();
        timers.arm(1, ms(0), None);
        timers.arm(1, ms(1), None);
        assert!(!Early::new(Slack::NONE).allows(&timers));
    }

    #[test]
    fn the_first_format_counts_timers() {
        let mut timers = Timers::default();
        timers.arm(1, ms(60_000), None);
        let mut early = Early::new(Slack::FourTimers);
        for _ in 0..4 {
            assert!(early.allows(&timers));
            early.spend(ms(60_000));
        }
        assert!(!early.allows(&timers));
        let mut far = Timers::default();
        far.arm(1, ms(60_001), None);
        assert!(!Early::new(Slack::FourTimers).allows(&far));
        far.advanced(ms(1));
        assert!(Early::new(Slack::FourTimers).allows(&far));
    }
}
