//! Fuzzes `stream-reset-threads`.
#![no_main]

standstill_fuzz::target!();
