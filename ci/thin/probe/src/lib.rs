//! One use of each operation of the drop-ins, compiled as a user's crate is under instrumentation. Nobody
//! runs it: the calls of the instrumentation are counted in its machine code.

pub mod std_facade;
pub mod tokio_facade;
