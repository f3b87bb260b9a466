//! `Thread`: who a thread is, and its park token.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread as real;

use standstill_rt::facade::locals::{self, Found};
use standstill_rt::facade::{Shared, Tag};
use standstill_rt::{Op, ResourceKind, Site, TaskRef, host};

use crate::block::Waiters;

/// A handle to a thread.
#[derive(Clone)]
pub struct Thread {
    repr: Repr,
}

#[derive(Clone)]
enum Repr {
    Real(Shared<real::Thread>),
    Run(Shared<Parker>),
}

/// A thread of a run, with what it parks for.
pub(crate) struct Parker {
    name: Option<String>,
    id: (u32, u64),
    pub(crate) tag: Tag,
    token: AtomicBool,
    pub(crate) waiters: Waiters,
}

impl Parker {
    /// The handle of a thread that is about to be spawned.
    #[inline(never)]
    pub(crate) fn new(name: Option<String>, site: Site) -> Shared<Self> {
        Shared::new(Self {
            name,
            id: new_id(),
            tag: Tag::at(ResourceKind::ParkToken, site),
            token: AtomicBool::new(false),
            waiters: Waiters::new(),
        })
    }

    /// Takes the token, if it is there.
    #[inline(never)]
    pub(crate) fn take_token(&self) -> bool {
        self.token.swap(false, Ordering::AcqRel)
    }

    /// Makes `parker` the handle of the current task.
    #[inline(never)]
    pub(crate) fn adopt(parker: &Shared<Self>) {
        locals::put(KEY.address(), Rc::new(parker.clone()));
    }

    /// The current task's, if it is one of a run.
    #[track_caller]
    pub(crate) fn current() -> Option<Shared<Self>> {
        match locals::get::<Shared<Self>>(KEY.address())? {
            Found::Value(parker) => Some(Shared::clone(&parker)),
            Found::Nothing => {
                let root = TaskRef { slot: 0, serial: 0 };
                let is_root = host::with(|host| host.current()) == Some(Some(root));
                let parker = Self::new(is_root.then(|| "main".to_owned()), Location::caller());
                Self::adopt(&parker);
                Some(parker)
            }
            Found::Gone => Some(Self::new(None, Location::caller())),
        }
    }
}

/// The epoch of the run, and a number that no other thread of the run has. Where an engine decides who
/// runs, the number does not depend on what the process has run before.
fn new_id() -> (u32, u64) {
    static SHARED: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        /// The last one on this thread.
        static OWN: Cell<(u32, u64)> = const { Cell::new((0, 0)) };
    }
    let run = host::with(|host| (host.epoch(), host.controlled()));
    let (epoch, controlled) = run.unwrap_or((0, false));
    if !controlled {
        return (epoch, SHARED.fetch_add(1, Ordering::Relaxed));
    }
    let id = match OWN.get() {
        (last_epoch, last) if last_epoch == epoch => (epoch, last + 1),
        _ => (epoch, 1),
    };
    OWN.set(id);
    id
}

/// What the handle is kept under: its address.
struct Key(u8);

impl Key {
    fn address(&'static self) -> usize {
        std::ptr::from_ref(&self.0).addr()
    }
}

static KEY: Key = Key(0);

/// The thread that calls this. In a run, the task, also if it is an async one.
#[must_use]
#[track_caller]
pub fn current() -> Thread {
    let repr = match Parker::current() {
        Some(parker) => Repr::Run(parker),
        None => return Thread::real(&real::current()),
    };
    Thread { repr }
}

impl Thread {
    pub(super) fn of(parker: Shared<Parker>) -> Self {
        Self {
            repr: Repr::Run(parker),
        }
    }

    #[inline(never)]
    pub(super) fn real(thread: &real::Thread) -> Self {
        Self {
            repr: Repr::Real(Shared::new(thread.clone())),
        }
    }

    /// Gives the thread its token: its next or current `park` returns.
    #[track_caller]
    pub fn unpark(&self) {
        match &self.repr {
            Repr::Real(thread) => thread.unpark(),
            Repr::Run(parker) => {
                parker.tag.switch(Op::Unpark, Location::caller());
                parker.token.store(true, Ordering::Release);
                parker.tag.moved();
                parker.waiters.wake();
            }
        }
    }

    /// What tells it from others.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        ThreadId(match &self.repr {
            Repr::Real(thread) => Id::Real(thread.id()),
            Repr::Run(parker) => Id::Run(parker.id.0, parker.id.1),
        })
    }

    /// Its name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.repr {
            Repr::Real(thread) => thread.name(),
            Repr::Run(parker) => parker.name.as_deref(),
        }
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread")
            .field("id", &self.id())
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

/// What tells a thread from others, for as long as the process lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ThreadId(Id);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Id {
    Real(real::ThreadId),
    Run(u32, u64),
}

impl fmt::Debug for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Id::Real(id) => id.fmt(f),
            Id::Run(_, number) => f.debug_tuple("ThreadId").field(number).finish(),
        }
    }
}
