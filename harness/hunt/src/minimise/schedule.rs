//! Shortens a schedule, by removing and replacing choices.

use standstill_model::plan::{Choice, Plan, Schedule};
use standstill_rt::task::TaskPath;

use crate::minimise::trials::{Trials, happened};

/// The shortest prefix is searched by bisection, as if every longer prefix showed the bug, too. That is
/// not always so. Therefore this many of the lengths just below are tried one by one.
const LINEAR: usize = 64;

/// A choice that never fits, so that the fallback rule decides.
fn misfit() -> Choice {
    Choice::Task(TaskPath::from(vec![u32::MAX, u32::MAX]))
}

/// How hard a schedule is to read: its length, how often it switches to another task, and how far it
/// deviates from the fallback rule.
fn cost(choices: &[Choice]) -> (usize, usize, usize, u64) {
    let switches = choices.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let timers = choices
        .iter()
        .filter(|choice| **choice == Choice::Timer)
        .count();
    let numbers = choices.iter().map(|choice| match choice {
        Choice::Number(number) => u64::from(*number),
        Choice::Task(_) | Choice::Timer => 0,
    });
    (choices.len(), switches, timers, numbers.sum())
}

/// A schedule that is being reduced. Each pass depends on the choices alone, so a schedule that a pass
/// cannot reduce is not reduced by another minimisation either.
pub(super) struct Shrink {
    pub(super) plan: Plan,
    pub(super) choices: Vec<Choice>,
}

impl Shrink {
    pub(super) fn with(&self, choices: Vec<Choice>) -> Plan {
        Plan {
            schedule: Schedule::Choices(choices),
            ..self.plan.clone()
        }
    }

    /// True if anything was reduced.
    pub(super) fn pass(&mut self, trials: &mut Trials<'_>) -> bool {
        let before = cost(&self.choices);
        self.shorten(trials);
        let mut chunk = self.choices.len();
        while chunk > 0 && !trials.over() {
            self.drop_or_replace(trials, chunk);
            chunk /= 2;
        }
        cost(&self.choices) < before && !trials.over()
    }

    /// Accepts a candidate if it shows the fingerprint and is smaller.
    fn accept(&mut self, trials: &mut Trials<'_>, candidate: Vec<Choice>) -> bool {
        let given = candidate.len();
        let plan = self.with(candidate);
        let Some(run) = trials.record(&plan) else {
            return false;
        };
        let choices = happened(&run, given);
        let smaller = cost(&choices) < cost(&self.choices);
        if smaller {
            self.choices = choices;
        }
        smaller
    }

    /// The shortest prefix after which the fallback rule still leads to the bug.
    fn shorten(&mut self, trials: &mut Trials<'_>) {
        let mut too_short = None;
        loop {
            let low = too_short.map_or(0, |length: usize| length + 1);
            let high = self.choices.len();
            if low >= high {
                break;
            }
            let middle = low + (high - low) / 2;
            if !self.accept(trials, self.choices[..middle].to_vec()) {
                too_short = Some(middle);
            }
        }
        let mut length = self.choices.len();
        while length > 0 && self.choices.len() - length < LINEAR && !trials.over() {
            length -= 1;
            if self.accept(trials, self.choices[..length].to_vec()) {
                length = self.choices.len();
            }
        }
    }

    /// Delta debugging (Zeller, Hildebrandt: "Simplifying and isolating failure-inducing input", 2002)
    /// at one granularity. It starts from the end, where most choices are irrelevant. It removes chunks
    /// of choices, or replaces them by the choices of the fallback rule.
    fn drop_or_replace(&mut self, trials: &mut Trials<'_>, chunk: usize) {
        let mut end = self.choices.len();
        while end > 0 && !trials.over() {
            let start = end.saturating_sub(chunk);
            let mut dropped = self.choices[..start].to_vec();
            dropped.extend_from_slice(&self.choices[end..]);
            if !self.accept(trials, dropped) {
                let mut replaced = self.choices.clone();
                replaced[start..end].fill(misfit());
                self.accept(trials, replaced);
            }
            end = start.min(self.choices.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{cost, misfit};
    use crate::minimise::trials::happened;
    use standstill_engine::Run;
    use standstill_model::finding::Verdict;
    use standstill_model::plan::Choice;
    use standstill_rt::task::TaskPath;

    fn task(n: u32) -> Choice {
        Choice::Task(TaskPath::root().child(n))
    }

    #[test]
    fn shorter_comes_before_calmer() {
        let calm = [task(1), task(1), task(1)];
        let wild = [task(1), task(2), task(1)];
        assert!(cost(&calm) < cost(&wild));
        assert!(cost(&wild[..2]) < cost(&calm));
        assert!(cost(&[Choice::Number(1)]) < cost(&[Choice::Number(2)]));
        assert!(cost(&[task(1)]) < cost(&[Choice::Timer]));
    }

    #[test]
    fn what_happened_is_never_longer_than_what_was_given() {
        let run = Run {
            steps: 3,
            choices: vec![task(1), task(2)],
            ..Run::without_steps(Verdict::Clean)
        };
        assert_eq!(happened(&run, 1), [task(1)]);
        assert_eq!(happened(&run, 5), [task(1), task(2)]);
        assert_ne!(misfit(), task(u32::MAX));
    }
}
