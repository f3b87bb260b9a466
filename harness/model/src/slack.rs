//! Slack: how far a run's clock may advance while tasks are ready.
//!
//! The virtual clock of a run moves when no task is ready. That is a computer that takes no time to
//! compute. With slack, a run's own computing may take this much time in all, so that a timer beats a
//! task that is ready.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::duration;

/// A slack has at most this many seconds: some thirty years.
const LONGEST: f64 = 1e9;

/// How much virtual time a run's own computing may take.
///
/// It is written as a number and a unit (`0s`, `250ms`, `30s`, `2m`) in milliseconds at the finest.
///
/// ```
/// use std::time::Duration;
/// use standstill_model::Slack;
///
/// assert_eq!("90s".parse(), Ok(Slack::Time(Duration::from_secs(90))));
/// assert_eq!(Slack::Time(Duration::from_millis(1_500)).to_string(), "1500ms");
/// assert_eq!(Slack::NONE.to_string(), "0s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slack {
    /// This much in all. Each timer that fires although tasks are ready takes the time that was left
    /// until its deadline.
    Time(Duration),
    /// The rule of the first format of plans: in each run up to four timers fire although tasks are
    /// ready, each of them no more than a minute away.
    FourTimers,
}

impl Slack {
    /// A timer fires only when no task is ready.
    pub const NONE: Slack = Slack::Time(Duration::ZERO);
}

impl From<Duration> for Slack {
    /// In whole milliseconds, rounded down.
    fn from(time: Duration) -> Self {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Slack::Time(Duration::from_millis(ms))
    }
}

impl fmt::Display for Slack {
    /// In the greatest unit of which it is a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Slack::Time(time) = self else {
            return f.write_str("up to 4 timers");
        };
        let (secs, ms) = (time.as_secs(), time.as_millis());
        if time.subsec_millis() != 0 {
            write!(f, "{ms}ms")
        } else if secs != 0 && secs.is_multiple_of(60) {
            write!(f, "{}m", secs / 60)
        } else {
            write!(f, "{secs}s")
        }
    }
}

/// A text is no slack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no slack: write a time with its unit, in whole milliseconds, like 250ms, 30s, 2m, or 0s \
     for none"
)]
pub struct NoSlack(String);

impl FromStr for Slack {
    type Err = NoSlack;

    fn from_str(text: &str) -> Result<Self, NoSlack> {
        let error = || NoSlack(text.to_owned());
        let has_unit = text.ends_with(|last: char| last.is_ascii_alphabetic());
        let seconds = duration::seconds(text).filter(|seconds| has_unit && *seconds <= LONGEST);
        let ms = seconds.ok_or_else(error)? * 1_000.0;
        if (ms - ms.round()).abs() > 1e-6 {
            return Err(error());
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "neither negative nor beyond the longest"
        )]
        let ms = ms.round() as u64;
        Ok(Slack::Time(Duration::from_millis(ms)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Slack;

    #[test]
    fn it_is_read_as_it_is_written() {
        for text in [
            "0s", "1ms", "250ms", "1s", "59s", "1m", "61s", "1500ms", "120m",
        ] {
            let slack: Slack = text.parse().unwrap();
            assert_eq!(slack.to_string(), text);
        }
        assert_eq!("60s".parse(), Ok(Slack::Time(Duration::from_secs(60))));
        assert_eq!("2h".parse::<Slack>().unwrap().to_string(), "120m");
        assert_eq!("0ms".parse(), Ok(Slack::NONE));
        assert_eq!(
            "1.5s".parse(),
            Ok(Slack::Time(Duration::from_millis(1_500)))
        );
        assert_eq!("0.001s".parse(), Ok(Slack::Time(Duration::from_millis(1))));
        assert_eq!("2min".parse(), Ok(Slack::Time(Duration::from_secs(120))));
    }

    #[test]
    fn what_is_no_slack_is_refused() {
        for text in [
            "",
            "1",
            "s",
            "-1s",
            "0.5ms",
            "1.0004s",
            "1 s",
            "1us",
            "99999999999999999999s",
            "18446744073709551615m",
        ] {
            let error = text.parse::<Slack>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is no slack")),
                "{error}"
            );
        }
    }
}
