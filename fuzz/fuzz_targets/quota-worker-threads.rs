//! Fuzzes `quota-worker-threads`.
#![no_main]

standstill_fuzz::target!();
