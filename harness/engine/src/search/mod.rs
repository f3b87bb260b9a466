//! Enumerates every interleaving of a program, without those that are equivalent to another one. This is
//! the core of a proof and of a depth-first hunt.

pub mod access;
pub mod direct;
pub mod explorer;
pub mod few;
pub mod path;
pub mod trace;
pub mod tree;
pub mod walk;
