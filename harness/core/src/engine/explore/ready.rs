//! The set of ready tasks, in task order: a bitmap with counts.
//!
//! Inserting, removing and finding the k-th cost the same for ten tasks and for ten thousand. The
//! order depends on nothing but which tasks are in: not on who was woken first, which a library's
//! own random generator may decide.

/// 64 tasks to a word, 4 words to a block: neither many words nor many blocks to look at, among a
/// thousand tasks or ten thousand.
const WORDS_PER_BLOCK: usize = 4;

/// A set of task slots.
#[derive(Debug, Default)]
pub(crate) struct ReadySet {
    words: Vec<u64>,
    counts: Vec<u16>,
    len: u32,
}

impl ReadySet {
    pub(crate) fn clear(&mut self) {
        self.words.fill(0);
        self.counts.fill(0);
        self.len = 0;
    }

    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    #[inline]
    pub(crate) fn contains(&self, slot: u32) -> bool {
        let word = self.words.get(slot as usize / 64).copied().unwrap_or(0);
        word >> (slot % 64) & 1 == 1
    }

    #[inline]
    pub(crate) fn insert(&mut self, slot: u32) {
        let index = slot as usize / 64;
        if index >= self.words.len() {
            self.grow(index);
        }
        let bit = 1 << (slot % 64);
        if self.words[index] & bit == 0 {
            self.words[index] |= bit;
            self.counts[index / WORDS_PER_BLOCK] += 1;
            self.len += 1;
        }
    }

    #[cold]
    fn grow(&mut self, index: usize) {
        let blocks = index / WORDS_PER_BLOCK + 1;
        self.words.resize(blocks * WORDS_PER_BLOCK, 0);
        self.counts.resize(blocks, 0);
    }

    #[inline]
    pub(crate) fn remove(&mut self, slot: u32) {
        let index = slot as usize / 64;
        let bit = 1 << (slot % 64);
        if let Some(word) = self.words.get_mut(index)
            && *word & bit != 0
        {
            *word &= !bit;
            self.counts[index / WORDS_PER_BLOCK] -= 1;
            self.len -= 1;
        }
    }

    /// The `k`-th task in slot order, from 0.
    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    pub(crate) fn nth(&self, k: u32) -> Option<u32> {
        if k >= self.len {
            return None;
        }
        // The first word alone, as a rule.
        if k < 64
            && let Some(bit) = nth_bit(self.words[0], k)
        {
            return Some(bit);
        }
        self.nth_beyond(k)
    }

    /// The `k`-th task, when it is not in the first word.
    #[inline(never)]
    fn nth_beyond(&self, k: u32) -> Option<u32> {
        let mut left = k;
        let mut block = 0;
        while left >= u32::from(self.counts[block]) {
            left -= u32::from(self.counts[block]);
            block += 1;
        }
        let mut index = block * WORDS_PER_BLOCK;
        loop {
            let ones = self.words[index].count_ones();
            if left < ones {
                break;
            }
            left -= ones;
            index += 1;
        }
        let base = u32::try_from(index * 64).ok()?;
        nth_bit(self.words[index], left).map(|bit| base + bit)
    }

    /// The lowest task at or after `slot`; past the last one, the lowest of all.
    pub(crate) fn at_or_after(&self, slot: u32) -> Option<u32> {
        self.first_from(slot).or_else(|| self.first_from(0))
    }

    fn first_from(&self, slot: u32) -> Option<u32> {
        let start = slot as usize / 64;
        let mut mask = u64::MAX << (slot % 64);
        let mut index = start;
        while index < self.words.len() {
            if index.is_multiple_of(WORDS_PER_BLOCK) && self.counts[index / WORDS_PER_BLOCK] == 0 {
                index += WORDS_PER_BLOCK;
                mask = u64::MAX;
                continue;
            }
            let word = self.words[index] & mask;
            if word != 0 {
                return u32::try_from(index * 64)
                    .ok()
                    .map(|base| base + word.trailing_zeros());
            }
            mask = u64::MAX;
            index += 1;
        }
        None
    }

    /// The tasks, in slot order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + Clone + '_ {
        let mut next = self.first_from(0);
        std::iter::from_fn(move || {
            let slot = next?;
            next = self.first_from(slot + 1);
            Some(slot)
        })
    }
}

/// The place of the `k`-th set bit. Looked up and not counted: `k` is as random as a number can be,
/// and the end of a loop of so many rounds is mispredicted each time.
#[expect(clippy::inline_always, reason = "part of the step's inner loop")]
#[inline(always)]
fn nth_bit(word: u64, k: u32) -> Option<u32> {
    // Few tasks, as a rule.
    let (byte, before, k) = if word <= 0xff {
        (word, 0, k)
    } else {
        byte_of_nth(word, k)
    };
    let place = *PLACES[byte as usize & 0xff].get(k as usize)?;
    (place != NONE).then(|| before + u32::from(place))
}

/// The byte that holds the `k`-th set bit, where it begins, and which of its own bits that is.
/// Constant time: counts in all bytes at once. If there is no such bit, the last one is nought.
#[inline(never)]
fn byte_of_nth(word: u64, k: u32) -> (u64, u32, u32) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    let pairs = word - (word >> 1 & 0x5555_5555_5555_5555);
    let fours = (pairs & 0x3333_3333_3333_3333) + (pairs >> 2 & 0x3333_3333_3333_3333);
    let bytes = (fours + (fours >> 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    // Each byte: how many bits are set up to its end.
    let sums = bytes.wrapping_mul(ONES);
    if u64::from(k) >= sums >> 56 {
        return (0, 0, 0);
    }
    // The bytes that end before the k-th bit.
    let passed = ((u64::from(k).wrapping_mul(ONES) | HIGH) - sums) & HIGH;
    let start = ((passed >> 7).wrapping_mul(ONES) >> 56) as u32 * 8;
    // Shifted in: nought before the first byte.
    let before = ((sums << 8) >> start & 0xff) as u32;
    (word >> start & 0xff, start, k - before)
}

/// No bit.
const NONE: u8 = u8::MAX;

/// By byte: the places of its set bits, the lowest first.
static PLACES: [[u8; 8]; 256] = places();

const fn places() -> [[u8; 8]; 256] {
    let mut places = [[NONE; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut found, mut place) = (0, 0);
        while place < 8 {
            if byte >> place & 1 == 1 {
                places[byte][found] = place;
                found += 1;
            }
            place += 1;
        }
        byte += 1;
    }
    places
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{ReadySet, nth_bit};

    proptest! {
        #[test]
        fn every_bit_of_a_word_is_found(word in any::<u64>(), k in 0_u32..70) {
            let places: Vec<u32> = (0..64).filter(|place| word >> place & 1 == 1).collect();
            prop_assert_eq!(nth_bit(word, k), places.get(k as usize).copied());
            prop_assert_eq!(nth_bit(u64::MAX, k), (k < 64).then_some(k));
        }

        #[test]
        fn it_agrees_with_an_ordered_set(operations in prop::collection::vec((any::<bool>(), 0_u32..5_000), 0..300)) {
            let mut ready = ReadySet::default();
            let mut model = BTreeSet::new();
            for (insert, slot) in operations {
                if insert {
                    ready.insert(slot);
                    model.insert(slot);
                } else {
                    ready.remove(slot);
                    model.remove(&slot);
                }
                prop_assert_eq!(ready.len() as usize, model.len());
                prop_assert_eq!(ready.contains(slot), model.contains(&slot));
                let next = model.range(slot..).next().or_else(|| model.iter().next()).copied();
                prop_assert_eq!(ready.at_or_after(slot), next);
            }
            prop_assert_eq!(ready.iter().collect::<Vec<_>>(), model.iter().copied().collect::<Vec<_>>());
            for (k, slot) in (0..).zip(&model) {
                prop_assert_eq!(ready.nth(k), Some(*slot));
            }
            prop_assert_eq!(ready.nth(ready.len()), None);
        }
    }
}
