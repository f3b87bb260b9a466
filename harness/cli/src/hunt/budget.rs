//! How a hunt's time is divided among its rows.

use std::time::{Duration, Instant};

/// The time a hunt may take, if it is limited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    deadline: Option<Instant>,
}

impl Budget {
    pub(super) fn new(time: Option<Duration>, now: Instant) -> Self {
        Self {
            deadline: time.and_then(|time| now.checked_add(time)),
        }
    }

    /// The time for the next of `rows` remaining rows; None if there is no limit. It includes a share of
    /// the time that earlier rows did not use.
    pub(super) fn share(&self, now: Instant, rows: usize) -> Option<Duration> {
        let left = self.deadline?.saturating_duration_since(now);
        Some(left / u32::try_from(rows.max(1)).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;
    use std::time::{Duration, Instant};

    #[test]
    fn what_a_row_leaves_over_goes_to_the_others() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let budget = Budget::new(Some(12 * second), start);
        assert_eq!(budget.share(start, 4), Some(3 * second));
        // The first row had a finding at once.
        assert_eq!(budget.share(start, 3), Some(4 * second));
        assert_eq!(budget.share(start + 4 * second, 2), Some(4 * second));
        assert_eq!(budget.share(start + 8 * second, 1), Some(4 * second));
        assert_eq!(budget.share(start + 20 * second, 1), Some(Duration::ZERO));
        assert_eq!(Budget::new(None, start).share(start, 4), None);
    }
}
