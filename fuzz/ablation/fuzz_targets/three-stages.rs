//! Fuzzes `three-stages`.
#![no_main]

standstill_fuzz::target!(standstill_fuzz_ablation::three_stages());
