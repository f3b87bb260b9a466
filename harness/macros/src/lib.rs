//! `#[standstill::test]`.
