//! The feature counters that libFuzzer reads.
#![expect(unsafe_code, reason = "a section that libFuzzer finds by its name")]

use std::sync::atomic::Ordering;

/// How many features of interleavings a fuzzer can distinguish.
const FEATURES: usize = 1 << 14;

/// libFuzzer finds these by the name of their section, clears them before each input and reads them
/// after it. A byte above 0 is a feature of the input.
// SAFETY: the section contains only counters of one byte each, as libFuzzer expects. That they are
// atomic changes neither their size nor the meaning of a byte.
#[cfg_attr(
    target_os = "linux",
    unsafe(link_section = "__libfuzzer_extra_counters")
)]
static COUNTERS: [std::sync::atomic::AtomicU8; FEATURES] =
    [const { std::sync::atomic::AtomicU8::new(0) }; FEATURES];

/// Records that the input showed this feature.
#[inline]
pub(crate) fn count_feature(hash: u64) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "reduced to the number of counters"
    )]
    let index = hash as usize % FEATURES;
    COUNTERS[index].store(1, Ordering::Relaxed);
}
