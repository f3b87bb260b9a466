//! Compiles only if no crate under the facades has a second `impl` of a std trait for a type of std's
//! where std itself has one: see `build.rs`.

#[cfg(feature = "serde_json")]
use serde_json as _;
use standstill_engine as _;
use standstill_hunt as _;
use standstill_model as _;
use standstill_report as _;
use standstill_rt as _;
use standstill_std as _;
use standstill_tokio as _;

include!(concat!(env!("OUT_DIR"), "/lines.rs"));
