//! Findings in formats for other programs.

pub(crate) mod github;
pub(crate) mod junit;
pub(crate) mod sarif;
