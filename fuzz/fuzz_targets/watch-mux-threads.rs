//! Fuzzes `watch-mux-threads`.
#![no_main]

standstill_fuzz::target!();
