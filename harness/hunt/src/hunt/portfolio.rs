//! `auto`: distributes several strategies over the schedules of a hunt.
//!
//! One schedule in `SAMPLE_ONE_IN` is sampled: the interleavings that it shows, which are the orders of
//! operations on each resource, are recorded. Strategies whose samples show new interleavings get more
//! of the later schedules; every strategy keeps some. The shares are computed batch by batch, from the
//! samples of all earlier batches except the last one. So they depend on the hunt's seed and the
//! schedule's number alone, and not on the number of jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use standstill_model::plan::StrategyKind;
use standstill_model::random::Random;

/// Schedules per batch.
const BATCH: u64 = 256;

/// One schedule in this many is sampled.
const SAMPLE_ONE_IN: u64 = 8;

/// After this many batches the shares no longer change.
const LEARNED: u64 = 64;

/// The least share of each setting of a strategy, and the total that is distributed by merit.
const LEAST: u32 = 8;
const BY_MERIT: u32 = 100;

/// PCT's depth ranges from 1 to this.
const DEEPEST: u32 = 4;

/// A strategy, whatever its settings. Schedule 0 belongs to the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arm {
    Directed,
    Pct,
    Pos,
    Urw,
    Surw,
    Random,
}

impl Arm {
    const ALL: [Arm; ARMS] = [
        Arm::Directed,
        Arm::Pct,
        Arm::Pos,
        Arm::Urw,
        Arm::Surw,
        Arm::Random,
    ];

    fn of(strategy: StrategyKind) -> Self {
        match strategy {
            StrategyKind::Directed => Arm::Directed,
            StrategyKind::Pct { .. } => Arm::Pct,
            StrategyKind::Pos => Arm::Pos,
            StrategyKind::Urw => Arm::Urw,
            StrategyKind::Surw => Arm::Surw,
            // The portfolio uses none of the others.
            _ => Arm::Random,
        }
    }
}

/// How many strategies there are.
const ARMS: usize = 6;

/// How much each strategy gets, in the order of [`Arm::ALL`].
type Shares = [u32; ARMS];

/// The shares before any sample is known: a strategy counts once for each of its settings. Those are
/// three rules for directed, four depths for pct, and one or two classes of resources for surw.
const EVEN: Shares = [3, DEEPEST, 1, 1, 2, 1];

/// 2^64 divided by the golden ratio: the fractional parts of its multiples are spread evenly over any
/// run of consecutive numbers.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The strategy of schedule `index` under these shares. `random` supplies the schedule's random numbers.
/// Strategies take turns and are not drawn at random: so none waits longer for its turn than its share
/// implies.
fn draw(shares: &Shares, index: u64, random: &mut Random) -> StrategyKind {
    let sum: u32 = shares.iter().sum();
    let turn = (u128::from(index.wrapping_mul(GOLDEN)) * u128::from(sum)) >> 64;
    let mut at = u32::try_from(turn).unwrap_or(0);
    let depth = 1 + random.below(DEEPEST);
    let mut arm = 0;
    while arm + 1 < ARMS && at >= shares[arm] {
        at -= shares[arm];
        arm += 1;
    }
    match Arm::ALL[arm] {
        Arm::Directed => StrategyKind::Directed,
        Arm::Pct => StrategyKind::Pct {
            depth: u8::try_from(depth).unwrap_or(1),
        },
        Arm::Pos => StrategyKind::Pos,
        Arm::Urw => StrategyKind::Urw,
        Arm::Surw => StrategyKind::Surw,
        Arm::Random => StrategyKind::Random,
    }
}

/// Whether schedule `index` is sampled.
pub(super) fn is_sampled(index: u64) -> bool {
    index.is_multiple_of(SAMPLE_ONE_IN) && index / BATCH < LEARNED
}

/// Chooses the strategy of each schedule.
#[derive(Debug, Default)]
pub(super) struct Portfolio {
    state: Mutex<State>,
    changed: Condvar,
}

/// What a sampled schedule has shown.
#[derive(Debug)]
struct Sample {
    arm: Arm,
    seen: Vec<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// By schedule.
    samples: BTreeMap<u64, Sample>,
    /// The shares per batch, as far as they are known.
    shares: Vec<Shares>,
}

impl Portfolio {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The strategy of schedule `index`. Waits until the samples that it depends on are there. None if
    /// `given_up` reports meanwhile that the schedule is no longer needed.
    pub(super) fn deal(
        &self,
        index: u64,
        random: &mut Random,
        given_up: impl Fn() -> bool,
    ) -> Option<StrategyKind> {
        let batch = (index / BATCH).min(LEARNED);
        let mut state = self.state();
        loop {
            if let Some(shares) = state.shares_of(batch) {
                return Some(draw(&shares, index, random));
            }
            if given_up() {
                return None;
            }
            let waited = self.changed.wait_timeout(state, Duration::from_millis(10));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What schedule `index`, which was sampled and ran under `strategy`, has shown.
    pub(super) fn report(&self, index: u64, strategy: Option<StrategyKind>, seen: Vec<u64>) {
        let arm = strategy.map_or(Arm::Random, Arm::of);
        self.state().samples.insert(index, Sample { arm, seen });
        self.changed.notify_all();
    }

    /// Schedules from `index` on are run again.
    pub(super) fn forget_from(&self, index: u64) {
        let mut state = self.state();
        state.samples.split_off(&index);
        let kept = index / BATCH + 2;
        state
            .shares
            .truncate(usize::try_from(kept).unwrap_or(usize::MAX));
    }
}

impl State {
    /// None as long as samples are missing.
    fn shares_of(&mut self, batch: u64) -> Option<Shares> {
        let at = usize::try_from(batch).unwrap_or(usize::MAX);
        while self.shares.len() <= at {
            let next = self.shares.len() as u64;
            let shares = self.learn(next)?;
            self.shares.push(shares);
        }
        self.shares.get(at).copied()
    }

    fn learn(&self, batch: u64) -> Option<Shares> {
        let Some(learned) = batch.checked_sub(1) else {
            return Some(EVEN);
        };
        // All batches but the last one, whose samples may still be missing.
        let end = learned * BATCH;
        let samples = self.samples.range(..end).count() as u64;
        if samples < end / SAMPLE_ONE_IN {
            return None;
        }
        if end == 0 {
            return Some(EVEN);
        }
        let mut known = BTreeSet::new();
        let mut runs = [0_u64; ARMS];
        let mut new = [0_u64; ARMS];
        let recent = end.saturating_sub(8 * BATCH);
        for (index, sample) in self.samples.range(..end) {
            let fresh = sample
                .seen
                .iter()
                .filter(|feature| known.insert(**feature))
                .count();
            if *index >= recent {
                runs[sample.arm as usize] += 1;
                new[sample.arm as usize] += fresh as u64;
            }
        }
        let merit: [u64; ARMS] = std::array::from_fn(|arm| 1_000 * new[arm] / runs[arm].max(1));
        let sum = merit.iter().sum::<u64>().max(1);
        Some(std::array::from_fn(|arm| {
            let earned = u64::from(BY_MERIT) * merit[arm] / sum;
            LEAST * EVEN[arm] + u32::try_from(earned).unwrap_or(BY_MERIT)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::{ARMS, Arm, BATCH, EVEN, LEAST, Portfolio, SAMPLE_ONE_IN, draw, is_sampled};
    use standstill_model::plan::StrategyKind;
    use standstill_model::random::Random;

    /// Only `pos` finds anything new.
    fn sample(portfolio: &Portfolio, index: u64) -> Option<StrategyKind> {
        let strategy = portfolio.deal(index, &mut Random::new(index), || true)?;
        if is_sampled(index) {
            let seen = match strategy {
                StrategyKind::Pos => vec![index],
                _ => vec![u64::MAX],
            };
            portfolio.report(index, Some(strategy), seen);
        }
        Some(strategy)
    }

    #[test]
    fn what_finds_new_interleavings_gets_more_schedules() {
        let portfolio = Portfolio::default();
        let dealt: Vec<StrategyKind> = (0..10 * BATCH)
            .filter_map(|index| sample(&portfolio, index))
            .collect();
        let share = |from: u64| {
            let batch = &dealt[from as usize..][..BATCH as usize];
            batch
                .iter()
                .filter(|kind| **kind == StrategyKind::Pos)
                .count() as u64
        };
        assert!(share(0) < BATCH / 3, "{}", share(0));
        assert!(share(9 * BATCH) > BATCH / 2, "{}", share(9 * BATCH));
    }

    #[test]
    fn the_order_in_which_samples_come_in_does_not_matter() {
        let forth = Portfolio::default();
        let back = Portfolio::default();
        for index in (0..BATCH).filter(|index| is_sampled(*index)) {
            forth.report(index, Some(StrategyKind::Pos), vec![index / 32]);
        }
        for index in (0..BATCH).rev().filter(|index| is_sampled(*index)) {
            back.report(index, Some(StrategyKind::Pos), vec![index / 32]);
        }
        let shares = forth.state().shares_of(2);
        assert!(shares.is_some_and(|shares| shares != EVEN));
        assert_eq!(shares, back.state().shares_of(2));
    }

    #[test]
    fn a_batch_waits_for_its_samples() {
        let portfolio = Portfolio::default();
        for index in (0..BATCH - SAMPLE_ONE_IN).filter(|index| is_sampled(*index)) {
            portfolio.report(index, None, Vec::new());
        }
        assert_eq!(
            portfolio.deal(2 * BATCH, &mut Random::new(1), || true),
            None
        );
        portfolio.report(BATCH - SAMPLE_ONE_IN, None, Vec::new());
        assert!(
            portfolio
                .deal(2 * BATCH, &mut Random::new(1), || true)
                .is_some()
        );
    }

    #[test]
    fn the_first_schedules_go_to_those_that_find_most_at_once() {
        let dealt = (0..12).map(|index| draw(&EVEN, index, &mut Random::new(index)).name());
        assert_eq!(
            dealt.collect::<Vec<_>>(),
            [
                "directed", "pos", "directed", "surw", "pct", "directed", "urw", "pct", "random",
                "pct", "directed", "surw"
            ]
        );
    }

    #[test]
    fn every_strategy_has_its_turns_among_any_24_schedules() {
        for begin in 0..100 {
            let mut met = [0_u32; ARMS];
            for index in begin..begin + 24 {
                met[Arm::of(draw(&EVEN, index, &mut Random::new(index))) as usize] += 1;
            }
            let twice = EVEN.map(|share| 2 * share);
            assert!(
                std::iter::zip(met, twice).all(|(met, share)| met >= 1 && met.abs_diff(share) <= 2),
                "from {begin} on: {met:?}"
            );
        }
    }

    #[test]
    fn every_strategy_keeps_a_share() {
        let mut shares = [LEAST; ARMS];
        shares[0] = 100;
        let mut random = Random::new(1);
        let mut met = [false; ARMS];
        for index in 0..1_000 {
            met[Arm::of(draw(&shares, index, &mut random)) as usize] = true;
        }
        assert_eq!(met, [true; ARMS]);
    }
}
