//! Fuzzes `double-read`.
#![no_main]

standstill_fuzz::target!();
