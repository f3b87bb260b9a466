//! How big a run is: the five knobs every scenario shares, and the range of each.

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// One of the counts that a scenario may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Knob {
    /// Tasks that do the scenario's main work.
    Workers,
    /// Tasks that change shared state.
    Writers,
    /// Tasks that observe shared state.
    Watchers,
    /// How often each task repeats its work.
    Rounds,
    /// The capacity of the scenario's bounded channels.
    Capacity,
}

impl Knob {
    /// Every knob, in the order in which loads list them.
    pub const ALL: [Knob; 5] = [
        Knob::Workers,
        Knob::Writers,
        Knob::Watchers,
        Knob::Rounds,
        Knob::Capacity,
    ];

    /// The knob's name, as the command line and the corpus spell it.
    pub fn name(self) -> &'static str {
        match self {
            Knob::Workers => "workers",
            Knob::Writers => "writers",
            Knob::Watchers => "watchers",
            Knob::Rounds => "rounds",
            Knob::Capacity => "capacity",
        }
    }
}

impl fmt::Display for Knob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The counts one run is made with. A knob that a scenario does not use is 0.
///
/// ```
/// use standstill_model::Load;
///
/// let load = Load { workers: 2, rounds: 1, ..Load::default() };
/// assert_eq!(load.to_string(), "workers=2 rounds=1");
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(default, deny_unknown_fields)]
pub struct Load {
    /// Tasks that do the scenario's main work.
    #[serde(skip_serializing_if = "is_zero")]
    pub workers: u8,
    /// Tasks that change shared state.
    #[serde(skip_serializing_if = "is_zero")]
    pub writers: u8,
    /// Tasks that observe shared state.
    #[serde(skip_serializing_if = "is_zero")]
    pub watchers: u8,
    /// How often each task repeats its work.
    #[serde(skip_serializing_if = "is_zero")]
    pub rounds: u8,
    /// The capacity of the scenario's bounded channels.
    #[serde(skip_serializing_if = "is_zero")]
    pub capacity: u8,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(value: &u8) -> bool {
    *value == 0
}

impl Load {
    /// The value of one knob.
    pub fn get(&self, knob: Knob) -> u8 {
        match knob {
            Knob::Workers => self.workers,
            Knob::Writers => self.writers,
            Knob::Watchers => self.watchers,
            Knob::Rounds => self.rounds,
            Knob::Capacity => self.capacity,
        }
    }

    /// Sets the value of one knob.
    pub fn set(&mut self, knob: Knob, value: u8) {
        match knob {
            Knob::Workers => self.workers = value,
            Knob::Writers => self.writers = value,
            Knob::Watchers => self.watchers = value,
            Knob::Rounds => self.rounds = value,
            Knob::Capacity => self.capacity = value,
        }
    }
}

impl fmt::Display for Load {
    /// Lists the knobs in use: `workers=2 rounds=1`, or `-` when none is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for knob in Knob::ALL {
            let value = self.get(knob);
            if value != 0 {
                write!(f, "{separator}{knob}={value}")?;
                separator = " ";
            }
        }
        if separator.is_empty() {
            f.write_str("-")?;
        }
        Ok(())
    }
}

/// The range of each knob that a scenario uses. A knob that is not in use is always 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadRanges {
    ranges: [Option<(u8, u8)>; 5],
}

/// Why a range of a knob cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The range holds no value.
    #[error("the range {knob} {low}..{high} is empty: give the smaller number first")]
    Empty {
        /// The knob.
        knob: Knob,
        /// The lower bound given.
        low: u8,
        /// The upper bound given.
        high: u8,
    },
    /// The scenario does not use the knob at all.
    #[error("{scenario} has no {knob}: leave --{knob} out for it (it uses {used})")]
    Unused {
        /// The scenario.
        scenario: String,
        /// The knob.
        knob: Knob,
        /// The knobs the scenario does use, as one text.
        used: String,
    },
    /// The range leaves what the scenario declares.
    #[error(
        "{knob} {} is outside of what {scenario} allows: {knob} {}",
        span(*low, *high), span(*allowed_low, *allowed_high)
    )]
    Outside {
        /// The scenario.
        scenario: String,
        /// The knob.
        knob: Knob,
        /// The lower bound given.
        low: u8,
        /// The upper bound given.
        high: u8,
        /// The lowest value the scenario allows.
        allowed_low: u8,
        /// The highest value the scenario allows.
        allowed_high: u8,
    },
}

/// A range as the command line takes it: `1..4`, or `2` where both ends are the same.
fn span(low: u8, high: u8) -> String {
    if low == high {
        low.to_string()
    } else {
        format!("{low}..{high}")
    }
}

impl LoadRanges {
    /// Declares a knob as used, with the values it may take.
    ///
    /// # Panics
    ///
    /// If the range is empty: a scenario that cannot run at all is a mistake in the scenario.
    #[must_use]
    pub fn with(mut self, knob: Knob, range: RangeInclusive<u8>) -> Self {
        let (low, high) = (*range.start(), *range.end());
        assert!(low <= high, "the range {knob} {low}..={high} is empty");
        self.ranges[knob as usize] = Some((low, high));
        self
    }

    /// The range of a knob, if the scenario uses it.
    pub fn get(&self, knob: Knob) -> Option<RangeInclusive<u8>> {
        self.ranges[knob as usize].map(|(low, high)| low..=high)
    }

    /// The knobs in use, with their ranges.
    pub fn iter(&self) -> impl Iterator<Item = (Knob, RangeInclusive<u8>)> + '_ {
        Knob::ALL
            .into_iter()
            .filter_map(|knob| Some((knob, self.get(knob)?)))
    }

    /// The same ranges with one knob narrowed to `range`.
    ///
    /// # Errors
    ///
    /// If the range is empty, the knob is not in use, or the range leaves the declared one;
    /// `scenario` is the name the error speaks of.
    pub fn narrow(
        &self,
        scenario: &str,
        knob: Knob,
        range: RangeInclusive<u8>,
    ) -> Result<Self, RangeError> {
        let (low, high) = (*range.start(), *range.end());
        if low > high {
            return Err(RangeError::Empty { knob, low, high });
        }
        let Some((allowed_low, allowed_high)) = self.ranges[knob as usize] else {
            let used: Vec<&str> = self.iter().map(|(knob, _)| knob.name()).collect();
            return Err(RangeError::Unused {
                scenario: scenario.to_owned(),
                knob,
                used: if used.is_empty() {
                    "no knob".to_owned()
                } else {
                    used.join(", ")
                },
            });
        };
        if low < allowed_low || high > allowed_high {
            return Err(RangeError::Outside {
                scenario: scenario.to_owned(),
                knob,
                low,
                high,
                allowed_low,
                allowed_high,
            });
        }
        let mut narrowed = self.clone();
        narrowed.ranges[knob as usize] = Some((low, high));
        Ok(narrowed)
    }

    /// Whether every knob of `load` lies in its range (and is 0 where there is none).
    pub fn contains(&self, load: &Load) -> bool {
        Knob::ALL.into_iter().all(|knob| {
            let value = load.get(knob);
            match self.ranges[knob as usize] {
                Some((low, high)) => (low..=high).contains(&value),
                None => value == 0,
            }
        })
    }

    /// The nearest load in range: a value outside moves to the bound it passed.
    #[must_use]
    pub fn clamp(&self, load: &Load) -> Load {
        let mut clamped = Load::default();
        for (knob, range) in self.iter() {
            clamped.set(knob, load.get(knob).clamp(*range.start(), *range.end()));
        }
        clamped
    }

    /// The load in range that arbitrary counts stand for: each is taken modulo the size of its
    /// knob's range and added to the lowest value. All of a range are about equally likely.
    #[must_use]
    pub fn fit(&self, load: &Load) -> Load {
        let mut fitting = Load::default();
        for (knob, range) in self.iter() {
            let (low, high) = range.into_inner();
            let count = load.get(knob);
            let offset = match (high - low).checked_add(1) {
                Some(size) => count % size,
                None => count,
            };
            fitting.set(knob, low + offset);
        }
        fitting
    }

    /// The load with every knob at its lowest value.
    pub fn smallest(&self) -> Load {
        let mut load = Load::default();
        for (knob, range) in self.iter() {
            load.set(knob, *range.start());
        }
        load
    }

    /// The load with every knob at its highest value.
    pub fn largest(&self) -> Load {
        let mut load = Load::default();
        for (knob, range) in self.iter() {
            load.set(knob, *range.end());
        }
        load
    }

    /// Every load in range, the last knob counting fastest.
    pub fn every(&self) -> Vec<Load> {
        let mut loads = vec![Load::default()];
        for (knob, range) in self.iter() {
            loads = loads
                .into_iter()
                .flat_map(|load| {
                    range.clone().map(move |value| {
                        let mut load = load;
                        load.set(knob, value);
                        load
                    })
                })
                .collect();
        }
        loads
    }

    /// A load drawn uniformly from the ranges.
    pub fn draw(&self, random: &mut Random) -> Load {
        let mut load = Load::default();
        for (knob, range) in self.iter() {
            let span = u32::from(range.end() - range.start()) + 1;
            let offset = u8::try_from(random.below(span)).unwrap_or(0);
            load.set(knob, range.start() + offset);
        }
        load
    }
}

impl fmt::Display for LoadRanges {
    /// Lists the knobs in use: `workers=1..4 rounds=2`, or `-` when there are none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (knob, range) in self.iter() {
            let (low, high) = range.into_inner();
            write!(f, "{separator}{knob}={}", span(low, high))?;
            separator = " ";
        }
        if separator.is_empty() {
            f.write_str("-")?;
        }
        Ok(())
    }
}
