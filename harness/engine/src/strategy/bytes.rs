//! `bytes`: a fuzzer's input as a schedule. Every byte string is a valid schedule.

use crate::strategy::{Pick, Scheduler, View};

/// Uses one byte per choice, two where there are more than 256 possibilities. When the bytes run out,
/// the fallback rule makes the remaining choices, so that the bytes left in a minimised input keep their
/// meaning.
#[derive(Debug)]
pub(super) struct Bytes {
    bytes: Vec<u8>,
    next: usize,
}

/// Where a timer may fire early, bytes from this value on fire it.
pub const FIRE_FROM: u8 = 248;

impl Bytes {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, next: 0 }
    }

    fn take(&mut self, bound: u32) -> Option<u32> {
        let mut value = self.byte()?;
        if bound > 256 {
            value = value << 8 | self.byte().unwrap_or(0);
        }
        Some(value)
    }

    fn byte(&mut self) -> Option<u32> {
        let byte = self.bytes.get(self.next)?;
        self.next += 1;
        Some(u32::from(*byte))
    }
}

impl Scheduler for Bytes {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        let count = view.ready.len();
        match self.take(count) {
            Some(value) if view.may_fire && value >= FIRE_FROM.into() && count <= 256 => {
                Pick::Timer
            }
            Some(value) => view
                .ready
                .nth(value % count.max(1))
                .map_or_else(|| view.fallback(), Pick::Task),
            None => view.fallback(),
        }
    }

    fn number(&mut self, bound: u32) -> u32 {
        self.take(bound).map_or(0, |value| value % bound)
    }
}
