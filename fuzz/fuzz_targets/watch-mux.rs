//! Fuzzes `watch-mux`.
#![no_main]

standstill_fuzz::target!();
