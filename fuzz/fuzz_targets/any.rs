//! Fuzzes every scenario of the catalogue: the input says which.
#![no_main]

standstill_fuzz::any_target!();
