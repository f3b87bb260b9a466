//! Fuzzes `stream-reset`.
#![no_main]

standstill_fuzz::target!();
