//! The result of a row.

use standstill::{Outcome, Verdict};

use super::rows::{Expected, Row};

/// Whether a row was hunted to the end of its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The whole budget was used.
    Whole,
    /// A stop was requested.
    Interrupted,
    /// The time was up before the row was started.
    OutOfTime,
}

/// A row and its result.
#[derive(Clone, Debug)]
pub(crate) struct Done<'a> {
    pub(crate) row: Row<'a>,
    /// None if the row was never started.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) ended: Ended,
}

impl Done<'_> {
    /// The verdict in one word. Clean means clean to the end of the budget.
    pub(crate) fn verdict(&self) -> &'static str {
        match &self.outcome {
            Some(outcome) if outcome.verdict != Verdict::Clean => outcome.verdict.name(),
            Some(outcome) if self.ended == Ended::Whole && outcome.schedules > 0 => "clean",
            _ => "undecided",
        }
    }

    /// Whether the row has the expected result.
    pub(crate) fn met(&self) -> bool {
        match self.row.expected() {
            Expected::Found => self
                .outcome
                .as_ref()
                .is_some_and(|outcome| outcome.finding().is_some()),
            Expected::Clean => self.verdict() == "clean",
        }
    }

    /// Why it is undecided, if it is.
    pub(crate) fn reason(&self) -> Option<String> {
        if self.verdict() != "undecided" {
            return None;
        }
        match (&self.outcome, self.ended) {
            (
                Some(Outcome {
                    verdict: Verdict::Undecided(reason),
                    ..
                }),
                _,
            ) => Some(reason.to_string()),
            (Some(outcome), Ended::Interrupted) if outcome.schedules > 0 => Some(format!(
                "interrupted after {} schedules, which were clean",
                outcome.schedules
            )),
            (_, Ended::Interrupted) => Some("interrupted before it began".to_owned()),
            _ => Some("the time was up before it began: give more --time".to_owned()),
        }
    }

    /// Schedules tried, 0 if the row was never started.
    pub(crate) fn schedules(&self) -> u64 {
        self.outcome.as_ref().map_or(0, |outcome| outcome.schedules)
    }

    /// A count per second of the hunt.
    pub(crate) fn per_second(&self, count: impl Fn(&Outcome) -> u64) -> Option<f64> {
        let outcome = self.outcome.as_ref()?;
        #[expect(clippy::cast_precision_loss, reason = "a rate is an approximation")]
        let count = count(outcome) as f64;
        Some(count / outcome.elapsed.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::{Done, Ended};
    use crate::hunt::rows::Row;
    use standstill::{Hunt, Outcome, Scenario, Variant};

    fn clean(schedules: u64) -> Outcome {
        Hunt::new("clean").schedules(schedules).run(|| async {})
    }

    #[test]
    fn only_a_whole_row_is_clean() {
        let scenario = Scenario::new("pair", "");
        let done = |variant, outcome, ended| {
            let row = Row {
                scenario: &scenario,
                variant,
                ranges: scenario.ranges().clone(),
            };
            let done = Done {
                row,
                outcome,
                ended,
            };
            (done.verdict(), done.met(), done.reason())
        };
        assert_eq!(
            done(Variant::Fixed, Some(clean(10)), Ended::Whole),
            ("clean", true, None)
        );
        assert_eq!(
            done(Variant::Buggy, Some(clean(10)), Ended::Whole),
            ("clean", false, None)
        );
        for (outcome, ended, reason) in [
            (
                Some(clean(10)),
                Ended::Interrupted,
                "interrupted after 10 schedules, which were clean",
            ),
            (
                Some(clean(0)),
                Ended::Interrupted,
                "interrupted before it began",
            ),
            (None, Ended::Interrupted, "interrupted before it began"),
            (
                Some(clean(0)),
                Ended::Whole,
                "the time was up before it began: give more --time",
            ),
            (
                None,
                Ended::OutOfTime,
                "the time was up before it began: give more --time",
            ),
        ] {
            assert_eq!(
                done(Variant::Fixed, outcome, ended),
                ("undecided", false, Some(reason.to_owned()))
            );
        }
    }
}
