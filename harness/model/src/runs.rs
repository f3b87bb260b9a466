//! Choices as runs: a task usually runs many steps in a row, so tokens and corpus entries write
//! its choice once, with a count.

use crate::plan::Choice;

/// The most choices that a decoded plan may hold: past what an engine ever records, and little
/// enough that a hostile token cannot exhaust memory.
pub const MAX_CHOICES: usize = 1 << 22;

/// The most numbers that the paths of all its choices may hold together.
const MAX_PATH_NUMBERS: usize = 1 << 23;

/// The choices as runs of equal ones.
pub fn runs(choices: &[Choice]) -> impl Iterator<Item = (&Choice, usize)> {
    choices
        .chunk_by(|a, b| a == b)
        .filter_map(|run| Some((run.first()?, run.len())))
}

/// A schedule holds more choices than any run makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its schedule comes to more than {MAX_CHOICES} choices, which no run makes")]
pub struct TooLong;

/// Builds choices from runs without trusting their counts.
#[derive(Debug, Default)]
pub struct Expander {
    choices: Vec<Choice>,
    path_numbers: usize,
}

impl Expander {
    /// Adds `count` times `choice`.
    pub fn push(&mut self, choice: Choice, count: u64) -> Result<(), TooLong> {
        let count = usize::try_from(count).map_err(|_| TooLong)?;
        let depth = match &choice {
            Choice::Task(path) => path.as_slice().len(),
            Choice::Timer | Choice::Number(_) => 0,
        };
        let choices = self.choices.len().checked_add(count).ok_or(TooLong)?;
        let numbers = count
            .checked_mul(depth)
            .and_then(|numbers| numbers.checked_add(self.path_numbers))
            .ok_or(TooLong)?;
        if choices > MAX_CHOICES || numbers > MAX_PATH_NUMBERS {
            return Err(TooLong);
        }
        self.path_numbers = numbers;
        self.choices.resize(choices, choice);
        Ok(())
    }

    /// The choices added so far.
    pub fn finish(self) -> Vec<Choice> {
        self.choices
    }
}

#[cfg(test)]
mod tests {
    use super::{Expander, MAX_CHOICES, TooLong, runs};
    use crate::plan::Choice;
    use standstill_rt::task::TaskPath;

    #[test]
    fn equal_neighbours_make_a_run() {
        let task = Choice::Task(TaskPath::root().child(1));
        let choices = [task.clone(), task.clone(), Choice::Timer, task.clone()];
        let runs: Vec<_> = runs(&choices).collect();
        assert_eq!(runs, [(&task, 2), (&Choice::Timer, 1), (&task, 1)]);
        let mut expander = Expander::default();
        for (choice, count) in runs {
            expander.push(choice.clone(), count as u64).unwrap();
        }
        assert_eq!(expander.finish(), choices);
    }

    #[test]
    fn a_count_is_not_trusted() {
        let mut expander = Expander::default();
        assert_eq!(expander.push(Choice::Timer, u64::MAX), Err(TooLong));
        assert_eq!(
            expander.push(Choice::Timer, MAX_CHOICES as u64 + 1),
            Err(TooLong)
        );
        let deep = Choice::Task(TaskPath::from(vec![0; 5000]));
        assert_eq!(expander.push(deep, MAX_CHOICES as u64), Err(TooLong));
        assert!(expander.finish().is_empty());
    }
}
