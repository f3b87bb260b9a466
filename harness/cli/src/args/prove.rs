//! What a proof can be told.

use std::ops::RangeInclusive;
use std::time::Duration;

use clap::Args;
use standstill::{DEFAULT_EXECUTIONS, Knob, Leaks, Preempt, Slack, Variant};

use super::duration::duration;
use super::range::range;
use super::{Format, one_of};

/// What to prove, and how much it may take.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ProveArgs {
    /// The scenario.
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenario: String,
    /// Which of its programs [default: `fixed`, or the only one there is].
    #[arg(long, value_parser = one_of(Variant::ALL, Variant::name))]
    pub(crate) variant: Option<Variant>,

    /// How many executions it may take.
    #[arg(long, value_name = "N", help_heading = "Bounds", default_value_t = DEFAULT_EXECUTIONS, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) executions: u64,
    /// How long it may take, like 30s, 5m or 1h.
    #[arg(long, value_name = "TIME", help_heading = "Bounds", value_parser = duration)]
    pub(crate) time: Option<Duration>,
    /// How far, in all, the timers of a run may fire early, like 250ms, 30s or 0s [default: 1s].
    ///
    /// An early timer fires although tasks are ready. Each step at which one may fire adds an
    /// interleaving: with 0s there are fewer.
    #[arg(long, value_name = "TIME", help_heading = "Bounds")]
    pub(crate) slack: Option<Slack>,
    /// Take no two interleavings for the same.
    ///
    /// For programs whose tasks share something past the facade: raw atomics, locks of std,
    /// primitives of other crates. It takes very much longer.
    #[arg(long, help_heading = "Bounds")]
    pub(crate) no_reduction: bool,

    /// Where a task may be taken off its thread: before every operation, or only at `.await`s.
    #[arg(long, help_heading = "Schedules", default_value = Preempt::Op.name(), value_parser = one_of(Preempt::ALL, Preempt::name))]
    pub(crate) preempt: Preempt,
    /// Which tasks left behind count as leaked.
    #[arg(long, help_heading = "Schedules", default_value = Leaks::All.name(), value_parser = one_of(Leaks::ALL, Leaks::name))]
    pub(crate) leaks: Leaks,

    /// How many workers: a number, or a range like 1..2, of which every load is looked at. A knob
    /// that is not given has its value in the smallest load that shows the bug.
    #[arg(long, value_name = "RANGE", help_heading = "Load", value_parser = range)]
    workers: Option<RangeInclusive<u8>>,
    /// How many writers.
    #[arg(long, value_name = "RANGE", help_heading = "Load", value_parser = range)]
    writers: Option<RangeInclusive<u8>>,
    /// How many watchers.
    #[arg(long, value_name = "RANGE", help_heading = "Load", value_parser = range)]
    watchers: Option<RangeInclusive<u8>>,
    /// How many rounds each task makes.
    #[arg(long, value_name = "RANGE", help_heading = "Load", value_parser = range)]
    rounds: Option<RangeInclusive<u8>>,
    /// The capacity of bounded channels.
    #[arg(long, value_name = "RANGE", help_heading = "Load", value_parser = range)]
    capacity: Option<RangeInclusive<u8>>,

    /// How the outcome is printed: text, or one JSON document.
    #[arg(long, value_enum, help_heading = "Output", default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// No progress, no report.
    #[arg(long, short, help_heading = "Output")]
    pub(crate) quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  standstill prove double-read --workers 2 --writers 2
  standstill prove stream-reset --writers 1..2 --time 1m

Every interleaving of the facade's operations is executed, up to those that only let independent
steps change places. It ends with `proved`, with a finding and its token, or with `not proved` and
the reason: a bound that was reached, Ctrl-C, or a program that cannot be proved this way.

A proof holds for this load, for sequential consistency, and for what tasks share through the
facade. Past it nothing is seen; see --no-reduction.

Exit codes: 0 if a buggy variant was found, or any other proved; else 1.

JSON: {scenario, variant, load, conclusion, reason, executions, redundant, steps, loads, seconds,
fingerprint, token}. `conclusion` is proved, found or not-proved. What is absent is null.";

impl ProveArgs {
    /// The ranges that were given.
    pub(crate) fn knobs(&self) -> impl Iterator<Item = (Knob, RangeInclusive<u8>)> + '_ {
        let given = [
            (Knob::Workers, &self.workers),
            (Knob::Writers, &self.writers),
            (Knob::Watchers, &self.watchers),
            (Knob::Rounds, &self.rounds),
            (Knob::Capacity, &self.capacity),
        ];
        given
            .into_iter()
            .filter_map(|(knob, range)| Some((knob, range.clone()?)))
    }
}
