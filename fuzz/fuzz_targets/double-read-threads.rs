//! Fuzzes `double-read-threads`.
#![no_main]

standstill_fuzz::target!();
