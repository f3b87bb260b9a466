//! Fuzzes `cluster-sync`.
#![no_main]

standstill_fuzz::target!();
