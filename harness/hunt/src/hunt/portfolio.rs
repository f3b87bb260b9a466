//! `auto`: several strategies, dealt out over the schedules of a hunt.
//!
//! One schedule in a few is scouted: what it shows of interleavings, the order of operations on each
//! resource, is noted. The strategies whose scouts bring home what is new get more of the schedules
//! to come, all keep some. It is decided batch by batch, from the scouts of all batches before
//! but the last: so it follows from the hunt's seed and the schedule's number alone, whatever the jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use standstill_model::plan::StrategyKind;
use standstill_model::random::Random;

/// Schedules to a batch.
const BATCH: u64 = 256;

/// One schedule in this many is scouted.
const SCOUT_ONE_IN: u64 = 8;

/// After this many batches the shares stay as they are.
const LEARNED: u64 = 64;

/// What each setting of a strategy has at the least, and what all share out by merit.
const LEAST: u32 = 8;
const BY_MERIT: u32 = 100;

/// PCT's depths: 1 to this.
const DEEPEST: u32 = 4;

/// The strategies, in a fixed order. Schedule 0 belongs to the first.
const ARMS: usize = 6;

/// How much each strategy gets.
type Shares = [u32; ARMS];

/// Before anything is known: a strategy counts once for each of its settings, directed for its three
/// rules, pct for its four depths and surw for one class of resources and for two.
const EVEN: Shares = [3, DEEPEST, 1, 1, 2, 1];

/// Two to the power of 64 by the golden ratio: the fractional parts of its multiples are spread as
/// evenly as can be, over any run of numbers.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The strategy of schedule `index`, whose random numbers come from `random`, under these shares.
/// Dealt in turns and not drawn: luck keeps no strategy waiting for longer than its share has to.
fn draw(shares: &Shares, index: u64, random: &mut Random) -> (usize, StrategyKind) {
    let sum: u32 = shares.iter().sum();
    let turn = (u128::from(index.wrapping_mul(GOLDEN)) * u128::from(sum)) >> 64;
    let mut at = u32::try_from(turn).unwrap_or(0);
    let depth = 1 + random.below(DEEPEST);
    let mut arm = 0;
    while arm + 1 < ARMS && at >= shares[arm] {
        at -= shares[arm];
        arm += 1;
    }
    let strategy = match arm {
        0 => StrategyKind::Directed,
        1 => StrategyKind::Pct {
            depth: u8::try_from(depth).unwrap_or(1),
        },
        2 => StrategyKind::Pos,
        3 => StrategyKind::Urw,
        4 => StrategyKind::Surw,
        _ => StrategyKind::Random,
    };
    (arm, strategy)
}

/// Whether schedule `index` is scouted.
pub(super) fn is_scouted(index: u64) -> bool {
    index.is_multiple_of(SCOUT_ONE_IN) && index / BATCH < LEARNED
}

/// Deals strategies out.
#[derive(Debug, Default)]
pub(super) struct Portfolio {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// What scouts saw, by schedule, and under which strategy.
    scouted: BTreeMap<u64, (usize, Vec<u64>)>,
    /// The shares by batch, as far as they are known.
    shares: Vec<Shares>,
}

impl Portfolio {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The strategy of schedule `index`. Waits until the scouts that it depends on are back; None if
    /// `given_up` says meanwhile that the schedule is not wanted any more.
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
                return Some(draw(&shares, index, random).1);
            }
            if given_up() {
                return None;
            }
            let waited = self.changed.wait_timeout(state, Duration::from_millis(10));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What the scout of schedule `index`, which ran under `strategy`, has seen.
    pub(super) fn report(&self, index: u64, strategy: Option<StrategyKind>, seen: Vec<u64>) {
        let arm = match strategy {
            Some(StrategyKind::Directed) => 0,
            Some(StrategyKind::Pct { .. }) => 1,
            Some(StrategyKind::Pos) => 2,
            Some(StrategyKind::Urw) => 3,
            Some(StrategyKind::Surw) => 4,
            _ => 5,
        };
        self.state().scouted.insert(index, (arm, seen));
        self.changed.notify_all();
    }

    /// Schedules from `index` on are run anew.
    pub(super) fn forget_from(&self, index: u64) {
        let mut state = self.state();
        state.scouted.split_off(&index);
        let kept = index / BATCH + 2;
        state
            .shares
            .truncate(usize::try_from(kept).unwrap_or(usize::MAX));
    }
}

impl State {
    /// None as long as scouts are out.
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
        // All batches but the one before, whose scouts may be out still.
        let end = learned * BATCH;
        let back = self.scouted.range(..end).count() as u64;
        if back < end / SCOUT_ONE_IN {
            return None;
        }
        if end == 0 {
            return Some(EVEN);
        }
        let mut known = BTreeSet::new();
        let mut runs = [0_u64; ARMS];
        let mut new = [0_u64; ARMS];
        let recent = end.saturating_sub(8 * BATCH);
        for (index, (arm, seen)) in self.scouted.range(..end) {
            let fresh = seen
                .iter()
                .filter(|feature| known.insert(**feature))
                .count();
            if *index >= recent {
                runs[*arm] += 1;
                new[*arm] += fresh as u64;
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
    use super::{ARMS, BATCH, EVEN, LEAST, Portfolio, SCOUT_ONE_IN, draw, is_scouted};
    use standstill_model::plan::StrategyKind;
    use standstill_model::random::Random;

    /// Only `pos` finds anything new.
    fn scout(portfolio: &Portfolio, index: u64) -> Option<StrategyKind> {
        let strategy = portfolio.deal(index, &mut Random::new(index), || true)?;
        if is_scouted(index) {
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
            .filter_map(|index| scout(&portfolio, index))
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
    fn the_order_in_which_scouts_come_back_does_not_matter() {
        let forth = Portfolio::default();
        let back = Portfolio::default();
        for index in (0..BATCH).filter(|index| is_scouted(*index)) {
            forth.report(index, Some(StrategyKind::Pos), vec![index / 32]);
        }
        for index in (0..BATCH).rev().filter(|index| is_scouted(*index)) {
            back.report(index, Some(StrategyKind::Pos), vec![index / 32]);
        }
        let shares = forth.state().shares_of(2);
        assert!(shares.is_some_and(|shares| shares != EVEN));
        assert_eq!(shares, back.state().shares_of(2));
    }

    #[test]
    fn a_batch_waits_for_its_scouts() {
        let portfolio = Portfolio::default();
        for index in (0..BATCH - SCOUT_ONE_IN).filter(|index| is_scouted(*index)) {
            portfolio.report(index, None, Vec::new());
        }
        assert_eq!(
            portfolio.deal(2 * BATCH, &mut Random::new(1), || true),
            None
        );
        portfolio.report(BATCH - SCOUT_ONE_IN, None, Vec::new());
        assert!(
            portfolio
                .deal(2 * BATCH, &mut Random::new(1), || true)
                .is_some()
        );
    }

    #[test]
    fn the_first_schedules_go_to_those_that_find_most_at_once() {
        let dealt = (0..12).map(|index| draw(&EVEN, index, &mut Random::new(index)).1.name());
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
                met[draw(&EVEN, index, &mut Random::new(index)).0] += 1;
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
            met[draw(&shares, index, &mut random).0] = true;
        }
        assert_eq!(met, [true; ARMS]);
    }
}
