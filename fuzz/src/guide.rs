//! What guides the fuzzer beside code edges: interleavings as coverage, and mutations that know the
//! layout of an input. Each is a feature, so that it can be measured what it is worth.

use libfuzzer_sys::fuzzer_mutate;
use standstill::fuzz;

/// One mutation in so many is libFuzzer's own: it tries what nobody thought of.
const PLAIN: u32 = 4;

/// How long a blind input is.
const BLIND: usize = 200;

/// Begins a fuzz target.
#[doc(hidden)]
pub fn init() {
    fuzz::init();
    fuzz::interleaving_coverage(cfg!(feature = "counters"));
}

/// Mutates an input whose plan begins at `plan_at`.
#[doc(hidden)]
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32, plan_at: usize) -> usize {
    if cfg!(feature = "blind") {
        let size = BLIND.min(max_size);
        let mut word = seed;
        for byte in &mut data[..size] {
            word = word.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            let mixed = (word >> ((word >> 28) + 4) ^ word).wrapping_mul(277_803_737);
            *byte = (mixed >> 22) as u8;
        }
        return size;
    }
    let plain = seed.is_multiple_of(PLAIN);
    if cfg!(not(feature = "mutator")) || plain || size <= plan_at || max_size <= plan_at {
        return fuzzer_mutate(data, size, max_size);
    }
    plan_at
        + fuzz::mutate(
            &mut data[plan_at..],
            size - plan_at,
            max_size - plan_at,
            seed,
        )
}

/// Splices two inputs whose plans begin at `plan_at`; what is before that comes from the first.
#[doc(hidden)]
pub fn crossover(first: &[u8], second: &[u8], out: &mut [u8], seed: u32, plan_at: usize) -> usize {
    if first.len() < plan_at || second.len() < plan_at || out.len() <= plan_at {
        return 0;
    }
    let (head, tail) = out.split_at_mut(plan_at);
    head.copy_from_slice(&first[..plan_at]);
    plan_at + fuzz::crossover(&first[plan_at..], &second[plan_at..], tail, seed)
}
