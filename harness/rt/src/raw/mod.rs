//! What generic code of the facades is made of: shells without an atomic or a lock in the crate that
//! uses them.
#![expect(
    unsafe_code,
    reason = "a count of references, and a lock, that are not generic"
)]

mod locked;
mod shared;
mod wrapped;

pub use locked::Locked;
pub use shared::Shared;
pub use wrapped::Wrapped;
