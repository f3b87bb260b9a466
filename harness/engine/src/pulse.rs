//! What an engine thread publishes for threads that watch it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use standstill_rt::op::Op;
use standstill_rt::site::Site;

use crate::atomic_static::AtomicStatic;

/// Beats as long as the engine's thread makes progress. Only that thread writes it, several times per
/// step, so no other thread's data shares its cache lines.
#[derive(Debug)]
#[repr(align(128))]
pub struct Pulse {
    beats: AtomicU64,
    in_step: AtomicBool,
    suspended: AtomicU32,
    thread: AtomicU32,
    task: AtomicStatic<Identity>,
    site: AtomicStatic<std::panic::Location<'static>>,
    op: AtomicU32,
}

/// A task's identity, which is kept for as long as the process lives.
#[derive(Debug)]
pub struct Identity {
    pub type_name: &'static str,
    pub site: Site,
}

/// A reading at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub beats: u64,
    pub in_step: bool,
    pub suspended: u32,
    pub thread: u32,
    pub task: Option<&'static Identity>,
    pub last: Option<(Op, Site)>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            beats: AtomicU64::new(0),
            in_step: AtomicBool::new(false),
            suspended: AtomicU32::new(0),
            thread: AtomicU32::new(0),
            task: AtomicStatic::empty(),
            site: AtomicStatic::empty(),
            op: AtomicU32::new(0),
        }
    }
}

impl Pulse {
    pub fn set_thread(&self, id: Option<u32>) {
        self.thread.store(id.unwrap_or(0), Ordering::Relaxed);
    }

    #[inline]
    pub fn step_begins(&self, task: &'static Identity, suspended: u32) {
        self.task.set(task);
        self.suspended.store(suspended, Ordering::Relaxed);
        self.beat();
        self.in_step.store(true, Ordering::Release);
    }

    #[inline]
    pub fn step_ends(&self) {
        self.in_step.store(false, Ordering::Release);
    }

    #[inline]
    pub fn intends(&self, op: Op, site: Site) {
        self.op.store(op as u32, Ordering::Relaxed);
        self.site.set(site);
        self.beat();
    }

    #[inline]
    fn beat(&self) {
        let beats = self.beats.load(Ordering::Relaxed);
        self.beats.store(beats.wrapping_add(1), Ordering::Relaxed);
    }

    pub fn read(&self) -> Reading {
        let op = self.op.load(Ordering::Relaxed);
        Reading {
            beats: self.beats.load(Ordering::Relaxed),
            in_step: self.in_step.load(Ordering::Acquire),
            suspended: self.suspended.load(Ordering::Relaxed),
            thread: self.thread.load(Ordering::Relaxed),
            task: self.task.get(),
            last: Op::ALL.get(op as usize).copied().zip(self.site.get()),
        }
    }
}

/// The identity of tasks of this type that are spawned at this place. There are as many as the program
/// has places that spawn; they are kept for ever.
pub fn identity(type_name: &'static str, site: Site) -> &'static Identity {
    static KNOWN: Mutex<BTreeMap<(usize, usize), &'static Identity>> = Mutex::new(BTreeMap::new());
    let key = (type_name.as_ptr().addr(), std::ptr::from_ref(site).addr());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known
        .entry(key)
        .or_insert_with(|| Box::leak(Box::new(Identity { type_name, site })))
}
