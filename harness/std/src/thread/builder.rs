//! Starting threads.

use std::collections::BTreeSet;
use std::io;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};
use std::thread as real;

use standstill_rt::facade::{self, Joined, Shared};
use standstill_rt::{Op, Site, host};

use crate::thread::handle::Parker;
use crate::thread::{JoinHandle, Scope, ScopedJoinHandle, Thread};

/// Starts `f` on a thread of its own.
///
/// # Panics
///
/// If the system has no more threads.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    match Builder::new().spawn_at(f, Location::caller()) {
        Ok(handle) => handle,
        Err(error) => panic!("failed to spawn thread: {error}"),
    }
}

/// A thread to be started, with a name or the size of its stack.
///
/// In a run its role in reports is its name without a number at the end (`worker` for `worker-3`),
/// and its stack is the engine's.
#[derive(Debug, Default)]
#[must_use = "must eventually spawn the thread"]
pub struct Builder {
    name: Option<String>,
    stack_size: Option<usize>,
}

impl Builder {
    /// A thread without a name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives it a name.
    pub fn name(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// Gives it a stack of so many bytes.
    pub fn stack_size(mut self, size: usize) -> Self {
        self.stack_size = Some(size);
        self
    }

    /// Starts `f`.
    ///
    /// # Errors
    ///
    /// If the system has no more threads.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_at(f, Location::caller())
    }

    fn spawn_at<F, T>(self, f: F, site: Site) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if !host::in_run() {
            return self.into_real().spawn(f).map(JoinHandle::real);
        }
        let (joined, thread) = self.start(std::any::type_name::<F>(), f, site);
        joined.spawned.tag.switch(Op::Spawn, site);
        Ok(JoinHandle::run(joined, thread))
    }

    /// Starts `f` as a thread of `scope`.
    ///
    /// # Errors
    ///
    /// If the system has no more threads.
    #[track_caller]
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        scope.spawn_at(self, f, Location::caller())
    }

    #[inline(never)]
    pub(super) fn into_real(self) -> real::Builder {
        let mut builder = real::Builder::new();
        if let Some(name) = self.name {
            builder = builder.name(name);
        }
        if let Some(size) = self.stack_size {
            builder = builder.stack_size(size);
        }
        builder
    }

    /// The role of a thread that is about to start, and its handle.
    #[inline(never)]
    fn announce(self, type_name: &'static str, site: Site) -> (&'static str, Shared<Parker>) {
        let role = self.name.as_deref().and_then(role).unwrap_or(type_name);
        (role, Parker::new(self.name, site))
    }

    /// Starts a thread of the current run.
    pub(super) fn start<F, T>(
        self,
        type_name: &'static str,
        f: F,
        site: Site,
    ) -> (Joined<T>, Thread)
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (role, parker) = self.announce(type_name, site);
        let thread = Thread::of(parker.clone());
        let main = move || {
            Parker::adopt(&parker);
            f()
        };
        match facade::spawn_thread(main, role, site) {
            Ok(joined) => (joined, thread),
            Err(_) => unreachable!("the run has ended while it was asked for a thread"),
        }
    }
}

/// A name without the number at its end. Each is kept for ever; there are as many as a program has
/// kinds of threads.
fn role(name: &str) -> Option<&'static str> {
    static ROLES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let role = name
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end_matches(['-', '_', '#', ' ', ':']);
    if role.is_empty() {
        return None;
    }
    let mut roles = ROLES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = roles.get(role) {
        return Some(known);
    }
    let role: &'static str = Box::leak(role.to_owned().into_boxed_str());
    roles.insert(role);
    Some(role)
}
