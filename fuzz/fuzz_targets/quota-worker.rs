//! Fuzzes `quota-worker`.
#![no_main]

standstill_fuzz::target!();
