//! What a guard or an end of a channel carries so that giving it back is a switch point.

use std::sync::Arc;

use standstill_rt::facade::Tag;
use standstill_rt::{Op, Site};

/// Has a [`Tag`].
pub(crate) trait Tagged {
    fn tag(&self) -> &Tag;
}

/// The switch point before a guard is dropped. Make it the guard's first field: fields drop in
/// order, so the real guard and then its hold follow.
#[derive(Debug)]
pub(crate) struct Release<'a> {
    tag: &'a Tag,
    site: Site,
}

impl<'a> Release<'a> {
    pub(crate) fn new(tag: &'a Tag, site: Site) -> Self {
        Self { tag, site }
    }

    pub(crate) fn tag(&self) -> &'a Tag {
        self.tag
    }

    pub(crate) fn site(&self) -> Site {
        self.site
    }

    /// A switch point now, before part of what is held is given back.
    #[inline]
    pub(crate) fn switch(&self) {
        self.tag.switch(Op::Release, self.site);
    }

    /// There is nothing left to give back.
    pub(crate) fn done(self) {
        std::mem::forget(self);
    }
}

impl Drop for Release<'_> {
    #[inline]
    fn drop(&mut self) {
        self.switch();
    }
}

/// One end of a channel: the switch point before it is dropped. Make it the first field.
#[derive(Debug)]
pub(crate) struct End {
    tag: Arc<Tag>,
    op: Op,
    site: Site,
    open: bool,
}

impl End {
    /// The sending and the receiving end of a channel.
    pub(crate) fn pair(tag: Tag) -> (Self, Self) {
        let site = tag.site();
        let tag = Arc::new(tag);
        (Self::source(Arc::clone(&tag), site), Self::sink(tag, site))
    }

    pub(crate) fn source(tag: Arc<Tag>, site: Site) -> Self {
        Self {
            tag,
            op: Op::CloseSource,
            site,
            open: true,
        }
    }

    pub(crate) fn sink(tag: Arc<Tag>, site: Site) -> Self {
        Self {
            tag,
            op: Op::CloseSink,
            site,
            open: true,
        }
    }

    pub(crate) fn tag(&self) -> &Arc<Tag> {
        &self.tag
    }

    pub(crate) fn site(&self) -> Site {
        self.site
    }

    /// A switch point of an operation on the channel.
    #[inline]
    pub(crate) fn switch(&self, op: Op, site: Site) {
        self.tag.switch(op, site);
    }

    /// A look at the channel from its sending side. Unlike [`Op::Inspect`] it must not count the
    /// sender among those who receive.
    #[inline]
    pub(crate) fn look(&self, site: Site) {
        self.tag.switch(Op::Atomic, site);
    }

    /// A value moved through the channel, if `result` says so.
    #[inline]
    pub(crate) fn moved_if(&self, moved: bool) {
        if moved {
            self.tag.moved();
        }
    }

    /// The end goes away in another way than by being dropped.
    pub(crate) fn consumed(mut self) {
        self.open = false;
    }
}

impl AsRef<Tag> for End {
    fn as_ref(&self) -> &Tag {
        &self.tag
    }
}

impl Drop for End {
    #[inline]
    fn drop(&mut self) {
        if self.open {
            self.tag.switch(self.op, self.site);
        }
    }
}
