//! What is built on runs: hunts, minimised findings, properties, fuzz targets, the attribute.

#[path = "../common/mod.rs"]
mod common;

mod attribute;
mod codecs;
#[cfg(feature = "fuzz")]
mod fuzz;
mod minimise;
#[cfg(feature = "proptest")]
mod property;
mod snippets;
