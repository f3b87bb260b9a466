//! The memory of a coroutine's stack.

use std::io;
use std::ptr;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use rustix::param::page_size;

use crate::coroutine::sanitizer;

/// A mapping that is unmapped when dropped. Its lowest page can be neither read nor written: a stack
/// that overflows faults there.
#[derive(Debug)]
pub(super) struct MappedStack {
    lowest: usize,
    bytes: usize,
}

impl MappedStack {
    /// At least `bytes` of stack, in whole pages. Memory is taken as it is used.
    ///
    /// # Errors
    ///
    /// If there is no address space left for it.
    pub(super) fn new(bytes: usize) -> io::Result<Self> {
        let page = page_size();
        let too_large = || io::Error::from(io::ErrorKind::OutOfMemory);
        let bytes = bytes
            .checked_next_multiple_of(page)
            .and_then(|bytes| bytes.checked_add(page))
            .ok_or_else(too_large)?;
        // SAFETY: no address is asked for, so the mapping is a new one: it takes the place of no other.
        let lowest = unsafe {
            mmap_anonymous(
                ptr::null_mut(),
                bytes,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )
        }?;
        // Unmapped from here on if it cannot be protected.
        let stack = Self {
            lowest: lowest.expose_provenance(),
            bytes,
        };
        sanitizer::forget(stack.lowest, bytes);
        // SAFETY: the page is part of the new mapping, which nobody else knows of.
        unsafe { mprotect(lowest, page, MprotectFlags::empty()) }?;
        Ok(stack)
    }

    /// The address right above the stack. It grows down from there.
    pub(super) fn base(&self) -> usize {
        self.lowest + self.bytes
    }

    /// The lowest address, that of the page which faults.
    pub(super) fn limit(&self) -> usize {
        self.lowest
    }
}

impl Drop for MappedStack {
    fn drop(&mut self) {
        sanitizer::forget(self.lowest, self.bytes);
        let lowest = ptr::with_exposed_provenance_mut(self.lowest);
        // SAFETY: the mapping is this one's alone, and it is the owner's business not to drop it while
        // anything refers to it: `Coroutine` does so only once no code runs on it any more.
        let unmapped = unsafe { munmap(lowest, self.bytes) };
        debug_assert!(unmapped.is_ok(), "a stack was not unmapped: {unmapped:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::MappedStack;

    #[test]
    fn a_stack_has_what_was_asked_for_above_its_guard_page() {
        let page = rustix::param::page_size();
        for bytes in [1, page, page + 1, 64 * 1024] {
            let stack = MappedStack::new(bytes).unwrap();
            assert!(stack.base() - stack.limit() >= bytes + page);
            assert_eq!((stack.base() % page, stack.limit() % page), (0, 0));
        }
    }

    #[test]
    fn a_stack_that_is_too_large_is_an_error() {
        assert!(MappedStack::new(usize::MAX).is_err());
        assert!(MappedStack::new(usize::MAX / 2).is_err());
    }
}
