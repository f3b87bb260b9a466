//! Every interleaving of a program, one by one, but for those that are equivalent to another: what a
//! proof and a depth-first hunt consist of.

pub mod access;
pub mod direct;
pub mod explorer;
pub mod few;
pub mod path;
pub mod trace;
pub mod tree;
pub mod walk;
