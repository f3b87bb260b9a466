//! What guards and ends of channels carry so that giving them back is a switch point.

use std::fmt;

use crate::facade::{Shared, Tag};
use crate::op::Op;
use crate::site::Site;

/// The switch point before a guard is dropped. Make it the guard's first field: fields drop in
/// order, so the real guard and then its hold follow.
#[derive(Debug)]
pub struct Release<'a> {
    tag: &'a Tag,
    site: Site,
}

impl<'a> Release<'a> {
    /// Of a guard on the resource of `tag` that was taken at `site`.
    pub const fn new(tag: &'a Tag, site: Site) -> Self {
        Self { tag, site }
    }

    /// The tag of the resource.
    pub fn tag(&self) -> &'a Tag {
        self.tag
    }

    /// Where the guard was taken.
    pub fn site(&self) -> Site {
        self.site
    }

    /// A switch point now, before part of what is held is given back.
    #[inline]
    pub fn switch(&self) {
        self.tag.switch(Op::Release, self.site);
    }

    /// There is nothing left to give back, or it is given back without a switch point.
    pub fn done(self) {
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
///
/// `C` is what the ends of the channel share: its tag, or something that has it.
pub struct End<C: AsRef<Tag> = Tag> {
    channel: Shared<C>,
    op: Op,
    site: Site,
    open: bool,
}

impl End {
    /// The sending and the receiving end of a channel.
    #[inline(never)]
    pub fn pair(tag: Tag) -> (Self, Self) {
        let site = tag.site();
        let tag = Shared::new(tag);
        (Self::source(tag.clone(), site), Self::sink(tag, site))
    }
}

impl<C: AsRef<Tag>> End<C> {
    /// A sending end that was made at `site`.
    pub fn source(channel: Shared<C>, site: Site) -> Self {
        Self {
            channel,
            op: Op::CloseSource,
            site,
            open: true,
        }
    }

    /// A receiving end that was made at `site`.
    pub fn sink(channel: Shared<C>, site: Site) -> Self {
        Self {
            channel,
            op: Op::CloseSink,
            site,
            open: true,
        }
    }

    /// What the ends share.
    pub fn channel(&self) -> &Shared<C> {
        &self.channel
    }

    /// The channel's tag.
    pub fn tag(&self) -> &Tag {
        let channel: &C = &self.channel;
        channel.as_ref()
    }

    /// Where it was made.
    pub fn site(&self) -> Site {
        self.site
    }

    /// A switch point of an operation on the channel.
    #[inline]
    pub fn switch(&self, op: Op, site: Site) {
        self.tag().switch(op, site);
    }

    /// A look at the channel from its sending side. Unlike [`Op::Inspect`] it must not count the
    /// sender among those who receive.
    #[inline]
    pub fn look(&self, site: Site) {
        self.switch(Op::Atomic, site);
    }

    /// A value moved through the channel, if `moved`.
    #[inline]
    pub fn moved_if(&self, moved: bool) {
        if moved {
            self.tag().moved();
        }
    }

    /// The end goes away in another way than by being dropped.
    pub fn consumed(mut self) {
        self.open = false;
    }
}

impl<C: AsRef<Tag>> AsRef<Tag> for End<C> {
    fn as_ref(&self) -> &Tag {
        self.tag()
    }
}

impl<C: AsRef<Tag>> fmt::Debug for End<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("End")
            .field("tag", self.tag())
            .field("op", &self.op)
            .field("site", &self.site)
            .field("open", &self.open)
            .finish()
    }
}

impl<C: AsRef<Tag>> Drop for End<C> {
    #[inline]
    fn drop(&mut self) {
        if self.open {
            self.switch(self.op, self.site);
        }
    }
}
