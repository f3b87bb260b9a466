//! The command line of Standstill.
fn main() {}
