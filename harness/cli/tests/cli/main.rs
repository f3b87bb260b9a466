//! The command line as a user meets it: the real binary, each command with a time limit.

mod bad_input;
mod common;
mod corpus;
mod help;
mod hunt;
mod import;
mod list;
mod machines;
mod own;
mod prove;
mod readme;
mod replay;
mod reports;
mod shuttle;
mod standstill;
mod stress;
