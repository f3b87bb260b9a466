//! Fuzzes `cancel-leak`.
#![no_main]

standstill_fuzz::target!();
