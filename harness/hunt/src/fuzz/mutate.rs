//! Mutations that know the layout of an input: five bytes of load, then one byte per choice.

use standstill_engine::strategy::FIRE_FROM;
use standstill_model::bytes::LOAD_BYTES;
use standstill_model::random::Random;

/// [`mutate`] grows no input beyond this many bytes, unless it was longer already.
pub const LONGEST: usize = 512;

/// Mutates the input in `data[..size]` in place and returns its new size, which is at most
/// `max_size`. The same seed makes the same mutation. For libFuzzer's `fuzz_mutator!`, whose
/// contract this keeps.
///
/// Each mutation does one of these, or several in a row: changes a knob, changes a choice, moves a
/// switch between tasks forwards or backwards, swaps two choices, keeps one task running for a while,
/// inserts, removes or repeats choices.
///
/// # Panics
///
/// If `size` or `max_size` is greater than `data.len()`.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    assert!(size <= data.len(), "{size} bytes of {}", data.len());
    assert!(max_size <= data.len(), "{max_size} bytes of {}", data.len());
    let mut random = Random::new(u64::from(seed));
    let mut input = data[..size].to_vec();
    let longest = max_size.min(LONGEST.max(size));
    loop {
        step(&mut input, &mut random);
        input.truncate(longest);
        if random.below(2) == 0 {
            break;
        }
    }
    data[..input.len()].copy_from_slice(&input);
    input.len()
}

/// Splices two inputs into `out` and returns the length of the result: the load of one of them, the
/// choices of the first up to some point, and those of the second from there on. The same seed
/// makes the same splice. For libFuzzer's `fuzz_crossover!`.
pub fn crossover(first: &[u8], second: &[u8], out: &mut [u8], seed: u32) -> usize {
    let mut random = Random::new(u64::from(seed));
    let (first_load, first_choices) = split(first);
    let (second_load, second_choices) = split(second);
    let cut = below(&mut random, first_choices.len() + 1);
    // Usually at the same point of the schedule: then the later choices are most likely to fit.
    let from = match random.below(4) {
        0 => below(&mut random, second_choices.len() + 1),
        _ => cut.min(second_choices.len()),
    };
    let load = if random.below(2) == 0 {
        first_load
    } else {
        second_load
    };
    let mut spliced = load.to_vec();
    spliced.resize(LOAD_BYTES, 0);
    spliced.extend_from_slice(&first_choices[..cut]);
    spliced.extend_from_slice(&second_choices[from..]);
    spliced.truncate(out.len());
    out[..spliced.len()].copy_from_slice(&spliced);
    spliced.len()
}

fn split(input: &[u8]) -> (&[u8], &[u8]) {
    input.split_at(LOAD_BYTES.min(input.len()))
}

fn below(random: &mut Random, bound: usize) -> usize {
    random.below(u32::try_from(bound).unwrap_or(u32::MAX)) as usize
}

fn byte(random: &mut Random) -> u8 {
    u8::try_from(random.below(256)).unwrap_or(0)
}

/// One choice: any byte, one of the first tasks, or a timer.
fn choice(random: &mut Random) -> u8 {
    match random.below(16) {
        0 => FIRE_FROM,
        1..=4 => u8::try_from(random.below(4)).unwrap_or(0),
        _ => byte(random),
    }
}

fn step(input: &mut Vec<u8>, random: &mut Random) {
    if input.len() <= LOAD_BYTES {
        // No choice yet: a plan with some choices is a better starting point.
        let some = 1 + below(random, 64);
        input.resize(LOAD_BYTES, 0);
        input.extend((0..some).map(|_| choice(random)));
        return;
    }
    let last = input.len() - LOAD_BYTES;
    let at = LOAD_BYTES + below(random, last);
    match random.below(10) {
        0 => {
            let knob = below(random, LOAD_BYTES);
            input[knob] = match random.below(3) {
                0 => input[knob].wrapping_add(1),
                1 => input[knob].wrapping_sub(1),
                _ => byte(random),
            };
        }
        1 | 2 => input[at] = choice(random),
        3 | 4 => move_switch(input, at, random),
        5 => {
            let other = LOAD_BYTES + below(random, last);
            input.swap(at, other);
        }
        6 => {
            let kept = choice(random);
            let end = (at + 2 + below(random, 15)).min(input.len());
            input[at..end].fill(kept);
        }
        7 => {
            let count = 1 + below(random, 8);
            let new: Vec<u8> = (0..count).map(|_| choice(random)).collect();
            input.splice(at..at, new);
        }
        8 => {
            let end = (at + 1 + below(random, 8)).min(input.len());
            input.drain(at..end);
        }
        _ => {
            let end = (at + 1 + below(random, 16)).min(input.len());
            let block = input[at..end].to_vec();
            let to = LOAD_BYTES + below(random, last);
            input.splice(to..to, block);
        }
    }
}

/// Finds the next place from `at` on where the byte value changes, and moves the change one choice
/// forwards or backwards.
fn move_switch(input: &mut [u8], at: usize, random: &mut Random) {
    let switch =
        (at.max(LOAD_BYTES + 1)..input.len()).find(|place| input[*place] != input[place - 1]);
    let Some(switch) = switch else {
        input[at] = choice(random);
        return;
    };
    if random.below(2) == 0 {
        input[switch - 1] = input[switch];
    } else {
        input[switch] = input[switch - 1];
    }
}

#[cfg(test)]
mod tests {
    use super::{LOAD_BYTES, LONGEST, crossover, mutate};
    use std::collections::BTreeSet;

    fn mutated(input: &[u8], max_size: usize, seed: u32) -> Vec<u8> {
        let mut data = input.to_vec();
        data.resize(max_size.max(input.len()), 0xee);
        let size = mutate(&mut data, input.len(), max_size, seed);
        data.truncate(size);
        data
    }

    #[test]
    fn a_seed_makes_one_mutation_and_others_make_others() {
        let input: Vec<u8> = (0..60).collect();
        let mut seen = BTreeSet::new();
        for seed in 0..400 {
            let once = mutated(&input, 200, seed);
            assert_eq!(once, mutated(&input, 200, seed));
            seen.insert(once);
        }
        assert!(seen.len() > 350, "{}", seen.len());
    }

    #[test]
    fn no_mutation_is_longer_than_it_may_be() {
        for length in [0, 1, 4, 5, 6, 7, 100, LONGEST, LONGEST + 9] {
            let input = vec![3; length];
            for max_size in [1, 4, 5, 6, 50, LONGEST, 4096] {
                for seed in 0..200 {
                    let size = mutated(&input, max_size, seed).len();
                    assert!(size <= max_size, "{length} {max_size} {size}");
                    assert!(size <= LONGEST.max(length), "{length} {max_size} {size}");
                }
            }
        }
    }

    #[test]
    fn every_part_of_an_input_is_mutated() {
        let input: Vec<u8> = vec![7; LOAD_BYTES + 20];
        let mut changed = vec![false; input.len()];
        for seed in 0..5_000 {
            let mutant = mutated(&input, 512, seed);
            for (place, (before, after)) in input.iter().zip(&mutant).enumerate() {
                changed[place] |= before != after;
            }
        }
        assert!(changed.iter().all(|changed| *changed), "{changed:?}");
    }

    #[test]
    fn a_splice_is_a_head_of_the_first_and_a_tail_of_the_second() {
        let (first, second) = ([1; 30], [2; 50]);
        let mut heads = BTreeSet::new();
        for seed in 0..500 {
            let mut out = [0; 200];
            let size = crossover(&first, &second, &mut out, seed);
            let choices = &out[LOAD_BYTES..size];
            let head = choices.iter().take_while(|byte| **byte == 1).count();
            assert!(choices[head..].iter().all(|byte| *byte == 2), "{choices:?}");
            heads.insert(head);
            let mut small = [0; 3];
            assert!(crossover(&first, &second, &mut small, seed) <= 3);
        }
        assert!(heads.len() > 20, "{heads:?}");
        let mut out = [9; 10];
        assert_eq!(crossover(&[], &[], &mut out, 1), LOAD_BYTES);
    }
}
