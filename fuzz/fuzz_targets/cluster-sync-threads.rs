//! Fuzzes `cluster-sync-threads`.
#![no_main]

standstill_fuzz::target!();
