//! Hints to the processor, one of them heard by the engine.

use std::panic::Location;

pub use std::hint::*;

use standstill_rt::{Op, facade};

/// Says that the thread is spinning. In a run that lets others go first.
#[track_caller]
pub fn spin_loop() {
    facade::switch(Op::YieldThread, Location::caller());
    std::hint::spin_loop();
}
