//! Fuzzes `two-stages`.
#![no_main]

standstill_fuzz::target!(standstill_fuzz_ablation::two_stages());
