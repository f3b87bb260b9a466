//! The set of ready tasks, in task order: a bitmap under a tree of counts.
//!
//! Inserting, removing and finding the k-th cost about the same for ten tasks and for ten thousand. The
//! order depends only on which tasks are in the set. It does not depend on the order of wake-ups, which
//! a library's own random generator may decide.

/// How many of the next level's nodes, or words, one node counts. Each has a quarter of the node's bits.
const FAN: u32 = 4;

/// A node of the uppermost level counts 4,096 tasks. These nodes are searched linearly.
const LEVELS: usize = 3;

/// Words below a node of the uppermost level.
const WORDS_PER_TOP: usize = (FAN as usize).pow(LEVELS as u32);

/// A set of task slots.
#[derive(Debug, Default)]
pub struct ReadySet {
    words: Vec<u64>,
    /// By word: how many tasks each of its bytes has, including those of the bytes before it. Empty,
    /// like the levels, if there is only one word; that one is counted when needed.
    bytes: Vec<u64>,
    /// By level, from the lowest: the nodes. Each quarter of a node is the number of tasks it counts,
    /// including those of the quarters before it.
    levels: [Vec<u64>; LEVELS],
    len: u32,
}

impl ReadySet {
    pub fn clear(&mut self) {
        self.words.clear();
        self.bytes.clear();
        for level in &mut self.levels {
            level.clear();
        }
        self.len = 0;
    }

    #[inline]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether it has no task.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    pub fn contains(&self, slot: u32) -> bool {
        let word = self.words.get(slot as usize / 64).copied().unwrap_or(0);
        word >> (slot % 64) & 1 == 1
    }

    #[inline]
    pub fn insert(&mut self, slot: u32) {
        let index = slot as usize / 64;
        if index >= self.words.len() {
            self.grow(index);
        }
        let bit = 1 << (slot % 64);
        if self.words[index] & bit == 0 {
            self.words[index] |= bit;
            self.len += 1;
            if !self.bytes.is_empty() {
                self.count(slot, |node, ones| *node += ones);
            }
        }
    }

    #[inline]
    pub fn remove(&mut self, slot: u32) {
        let bit = 1 << (slot % 64);
        if let Some(word) = self.words.get_mut(slot as usize / 64)
            && *word & bit != 0
        {
            *word &= !bit;
            self.len -= 1;
            if !self.bytes.is_empty() {
                self.count(slot, |node, ones| *node -= ones);
            }
        }
    }

    /// Changes by one the counts for `slot`.
    #[inline(never)]
    fn count(&mut self, slot: u32, change: impl Fn(&mut u64, u64)) {
        let mut index = slot / 64;
        change(
            &mut self.bytes[index as usize],
            BYTES << (slot % 64 / 8 * 8),
        );
        for level in &mut self.levels {
            let node = &mut level[(index / FAN) as usize];
            change(node, QUARTERS << (16 * (index % FAN)));
            index /= FAN;
        }
    }

    /// Makes room for the word `index`.
    #[cold]
    fn grow(&mut self, index: usize) {
        if index == 0 {
            self.words.push(0);
            return;
        }
        let mut nodes = index / WORDS_PER_TOP + 1;
        if self.bytes.is_empty() {
            // All tasks so far are in the first word.
            self.bytes
                .push(sums_of_bytes(self.words.first().copied().unwrap_or(0)));
            for level in &mut self.levels {
                level.push(u64::from(self.len) * QUARTERS);
            }
        }
        self.words.resize(nodes * WORDS_PER_TOP, 0);
        self.bytes.resize(nodes * WORDS_PER_TOP, 0);
        for level in self.levels.iter_mut().rev() {
            level.resize(nodes, 0);
            nodes *= FAN as usize;
        }
    }

    /// The `k`-th task in slot order, from 0.
    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    pub fn nth(&self, k: u32) -> Option<u32> {
        if k >= self.len {
            return None;
        }
        if self.bytes.is_empty() {
            return nth_bit(self.words[0], k);
        }
        self.nth_by_levels(k)
    }

    /// The `k`-th task, which must exist, in a set of more than one word.
    #[inline(never)]
    fn nth_by_levels(&self, k: u32) -> Option<u32> {
        let mut left = k;
        let mut index = 0;
        for node in &self.levels[LEVELS - 1] {
            let count = (node >> 48) as u32;
            if left < count {
                break;
            }
            left -= count;
            index += 1;
        }
        for level in self.levels.iter().rev() {
            let (start, before) = lane_of_nth::<16>(level[index as usize], left);
            index = index * FAN + start / 16;
            left -= before;
        }
        let (start, before) = lane_of_nth::<8>(self.bytes[index as usize], left);
        let byte = self.words[index as usize] >> start;
        place_in_byte(byte, left - before).map(|place| index * 64 + start + place)
    }

    /// The lowest task at or after `slot`; if there is none, the lowest of all.
    pub fn at_or_after(&self, slot: u32) -> Option<u32> {
        self.first_from(slot).or_else(|| self.first_from(0))
    }

    fn first_from(&self, slot: u32) -> Option<u32> {
        let start = slot as usize / 64;
        let mut mask = u64::MAX << (slot % 64);
        let mut index = start;
        const FAN: usize = self::FAN as usize;
        while index < self.words.len() {
            if index.is_multiple_of(FAN) && self.levels[0].get(index / FAN) == Some(&0) {
                index += FAN;
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
    pub fn iter(&self) -> impl Iterator<Item = u32> + Clone + '_ {
        let mut next = self.first_from(0);
        std::iter::from_fn(move || {
            let slot = next?;
            next = self.first_from(slot + 1);
            Some(slot)
        })
    }
}

/// The lowest bit of each quarter of a node.
const QUARTERS: u64 = u64::MAX / 0xffff;

/// The lowest bit of each byte.
const BYTES: u64 = u64::MAX / 0xff;

/// The position of the first bit of the lane that holds the `k`-th, and how many there are before that
/// lane. A lane has `BITS` bits. Each lane is the number up to its end, and its upper bit is free: so
/// all lanes are compared at once.
#[inline]
fn lane_of_nth<const BITS: u32>(sums: u64, k: u32) -> (u32, u32) {
    let ones = const { u64::MAX / ((1 << BITS) - 1) };
    let upper = const { (u64::MAX / ((1 << BITS) - 1)) << (BITS - 1) };
    // The upper bits show which lanes end before the k-th. The first that does not holds it.
    let ended = ((u64::from(k) * ones) | upper) - sums;
    let start = (!ended & upper).trailing_zeros() & (64 - BITS);
    // The shift leaves zero before the first lane.
    let before = ((sums << BITS) >> start) & const { (1 << BITS) - 1 };
    #[expect(clippy::cast_possible_truncation, reason = "at most 16 bits")]
    let before = before as u32;
    (start, before)
}

/// The position of the `k`-th set bit. It is looked up in a table and not counted: `k` is random, so the
/// end of a loop with that many rounds would be mispredicted each time.
#[expect(clippy::inline_always, reason = "part of the step's inner loop")]
#[inline(always)]
fn nth_bit(word: u64, k: u32) -> Option<u32> {
    // There are usually few tasks.
    if word <= 0xff {
        return place_in_byte(word, k);
    }
    nth_bit_by_bytes(word, k)
}

#[inline(never)]
fn nth_bit_by_bytes(word: u64, k: u32) -> Option<u32> {
    let sums = sums_of_bytes(word);
    if u64::from(k) >= sums >> 56 {
        return None;
    }
    let (start, before) = lane_of_nth::<8>(sums, k);
    place_in_byte(word >> start, k - before).map(|place| start + place)
}

/// For each byte: how many bits are set up to its end.
#[inline]
fn sums_of_bytes(word: u64) -> u64 {
    let pairs = word - ((word >> 1) & 0x5555_5555_5555_5555);
    let fours = (pairs & 0x3333_3333_3333_3333) + ((pairs >> 2) & 0x3333_3333_3333_3333);
    let eights = (fours + (fours >> 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    eights.wrapping_mul(BYTES)
}

/// The position of the `k`-th set bit of the lowest byte.
#[inline]
fn place_in_byte(word: u64, k: u32) -> Option<u32> {
    let place = *PLACES[(word & 0xff) as usize].get(k as usize)?;
    (place != NONE).then(|| u32::from(place))
}

/// No bit.
const NONE: u8 = u8::MAX;

/// By byte: the positions of its set bits, the lowest first.
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

    /// Insertions and removals among few tasks and many, the number of which grows.
    fn operations() -> impl Strategy<Value = Vec<(bool, u32)>> {
        let among = |tasks: u32| prop::collection::vec((any::<bool>(), 0..tasks), 0..150);
        let sizes =
            prop::collection::vec(prop::sample::select(vec![5, 70, 300, 5_000, 40_000]), 1..4);
        sizes
            .prop_flat_map(move |sizes| sizes.into_iter().map(among).collect::<Vec<_>>())
            .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn every_bit_of_a_word_is_found(word in any::<u64>(), k in 0_u32..70) {
            let places: Vec<u32> = (0..64).filter(|place| word >> place & 1 == 1).collect();
            prop_assert_eq!(nth_bit(word, k), places.get(k as usize).copied());
            prop_assert_eq!(nth_bit(u64::MAX, k), (k < 64).then_some(k));
        }

        #[test]
        fn it_agrees_with_an_ordered_set(runs in prop::collection::vec(operations(), 1..4)) {
            let mut ready = ReadySet::default();
            for operations in runs {
                ready.clear();
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
}
