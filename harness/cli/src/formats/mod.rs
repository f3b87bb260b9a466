//! Findings for other programs to read.

pub(crate) mod github;
pub(crate) mod junit;
pub(crate) mod sarif;
