//! What has a tag.

use standstill_rt::facade::Tag;

/// Has a [`Tag`].
pub(crate) trait Tagged {
    fn tag(&self) -> &Tag;
}
