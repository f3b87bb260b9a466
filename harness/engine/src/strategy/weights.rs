//! How many steps each task still has to make, as a profile predicts.

use standstill_model::random::Random;

use crate::strategy::View;

/// Counts by slot. The counts of a task include those of its children until these are spawned.
#[derive(Debug, Default)]
pub(super) struct Weights {
    left: Vec<u32>,
    fresh: Vec<u32>,
}

impl Weights {
    pub(super) fn spawned(&mut self, slot: u32) {
        let index = slot as usize;
        if index >= self.left.len() {
            self.left.resize(index + 1, 0);
        }
        self.left[index] = 0;
        self.fresh.push(slot);
    }

    /// Gives the tasks that were spawned since the last call the counts that `foretold` returns, and
    /// subtracts these from their parents' counts.
    pub(super) fn hand_down(&mut self, view: &View<'_>, foretold: impl Fn(u32) -> u32) {
        for slot in std::mem::take(&mut self.fresh) {
            let weight = foretold(slot);
            self.left[slot as usize] = weight;
            let path = view.tracker.path(slot).as_slice();
            if let Some((_, parent)) = path.split_last()
                && let Some(parent) = view.tracker.slot_of(&parent.to_vec().into())
            {
                let parent = &mut self.left[parent as usize];
                *parent = parent.saturating_sub(weight);
            }
        }
    }

    pub(super) fn of(&self, slot: u32) -> u32 {
        self.left[slot as usize]
    }

    /// Subtracts one from the count of the task.
    pub(super) fn spend(&mut self, slot: u32) {
        let left = &mut self.left[slot as usize];
        *left = left.saturating_sub(1);
    }

    /// Draws one of these tasks, in proportion to their weights. None if all weights are zero.
    pub(super) fn draw(
        &self,
        random: &mut Random,
        tasks: impl Iterator<Item = u32> + Clone,
        weight: impl Fn(u32) -> u32,
    ) -> Option<u32> {
        let sum = tasks
            .clone()
            .fold(0_u32, |sum, slot| sum.saturating_add(weight(slot)));
        if sum == 0 {
            return None;
        }
        let mut at = random.below(sum);
        for slot in tasks {
            let weight = weight(slot);
            if at < weight {
                return Some(slot);
            }
            at -= weight;
        }
        None
    }
}
