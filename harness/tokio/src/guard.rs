//! A trait for types that have a tag.

use standstill_rt::facade::Tag;

/// A type that has a [`Tag`].
pub(crate) trait Tagged {
    fn tag(&self) -> &Tag;
}
