//! Fuzzes `resync-leak`.
#![no_main]

standstill_fuzz::target!();
