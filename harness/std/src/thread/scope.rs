//! Scopes: threads that may borrow, because whoever made the scope waits for them.

use std::any::Any;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread as real;

use standstill_rt::facade::{Joined, Locked, Shared};
use standstill_rt::host::{self, Failure};
use standstill_rt::{Op, Site};

use crate::block::{Operation, Waiters};
use crate::raw;
use crate::thread::join::join;
use crate::thread::{Builder, Result, Thread};

/// Starts threads that may borrow what is around the scope. Only a reference to it is ever seen.
pub struct Scope<'scope, 'env: 'scope> {
    members: Shared<Members>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// The threads of a scope, and the one that made it.
struct Members {
    threads: Mutex<Vec<Shared<Member>>>,
    owner: real::Thread,
}

/// A thread of a scope.
struct Member {
    /// Nothing that it borrowed is left.
    done: Shared<Done>,
    /// Somebody asked for its result.
    asked: AtomicBool,
    handle: Handle,
}

enum Handle {
    Real(Mutex<Option<real::JoinHandle<()>>>),
    Run(Joined<()>),
}

struct Done {
    flag: AtomicBool,
    waiters: Waiters,
    owner: real::Thread,
}

/// Says, when dropped, that the thread is done.
struct Running(Shared<Done>);

impl Drop for Running {
    #[inline(never)]
    fn drop(&mut self) {
        self.0.flag.store(true, Ordering::Release);
        self.0.waiters.wake();
        self.0.owner.unpark();
    }
}

impl Member {
    fn is_done(&self) -> bool {
        self.done.flag.load(Ordering::Acquire)
    }

    /// Waits until nothing that the thread borrowed is left.
    fn await_done(&self, site: Site) {
        let waited = match &self.handle {
            Handle::Real(_) => None,
            Handle::Run(joined) => {
                let operation = Operation {
                    tag: &joined.spawned.tag,
                    op: Op::Join,
                    site,
                };
                operation.wait(&self.done.waiters, || self.is_done().then_some(()))
            }
        };
        if waited.is_none() {
            while !self.is_done() {
                real::park();
            }
        }
    }

    /// What the thread panicked with, unless somebody was told already.
    fn unseen_panic(&self) -> Option<Box<dyn Any + Send>> {
        if self.asked.load(Ordering::Relaxed) {
            return None;
        }
        match &self.handle {
            Handle::Real(handle) => {
                let handle = handle.lock().unwrap_or_else(PoisonError::into_inner).take();
                handle?.join().err()
            }
            Handle::Run(joined) => {
                let mut context = Context::from_waker(Waker::noop());
                match joined.spawned.cell.poll(&mut context) {
                    Poll::Ready(Err(Failure::Panicked(payload))) => {
                        joined.spawned.failure_seen();
                        Some(payload)
                    }
                    _ => None,
                }
            }
        }
    }

    /// Waits until the thread has ended.
    #[inline(never)]
    fn join(&self, site: Site) -> Result<()> {
        self.asked.store(true, Ordering::Relaxed);
        match &self.handle {
            Handle::Real(handle) => {
                let handle = handle.lock().unwrap_or_else(PoisonError::into_inner).take();
                handle.map_or(Ok(()), real::JoinHandle::join)
            }
            Handle::Run(joined) => join(joined, site),
        }
    }

    /// Whether the thread has ended.
    #[inline(never)]
    fn is_finished(&self, site: Site) -> bool {
        if let Handle::Run(joined) = &self.handle {
            joined.spawned.tag.switch(Op::Inspect, site);
        }
        self.is_done()
    }
}

impl Members {
    #[inline(never)]
    fn none() -> Shared<Self> {
        Shared::new(Self {
            threads: Mutex::new(Vec::new()),
            owner: real::current(),
        })
    }

    fn threads(&self) -> MutexGuard<'_, Vec<Shared<Member>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a thread that is about to start says when it is done.
    #[inline(never)]
    fn running(&self) -> Running {
        Running(Shared::new(Done {
            flag: AtomicBool::new(false),
            waiters: Waiters::new(),
            owner: self.owner.clone(),
        }))
    }

    /// Starts a thread that runs `main`, whose role comes from `type_name`.
    #[inline(never)]
    fn start(
        &self,
        builder: Builder,
        type_name: &'static str,
        main: raw::Main<'static>,
        done: Shared<Done>,
        site: Site,
    ) -> io::Result<(Shared<Member>, Thread)> {
        let (handle, thread) = if host::in_run() {
            let (joined, thread) = builder.start(type_name, main, site);
            (Handle::Run(joined), thread)
        } else {
            let handle = builder.into_real().spawn(main)?;
            let thread = Thread::real(handle.thread());
            (Handle::Real(Mutex::new(Some(handle))), thread)
        };
        let member = Shared::new(Member {
            done,
            asked: AtomicBool::new(false),
            handle,
        });
        self.threads().push(member.clone());
        if let Handle::Run(joined) = &member.handle {
            joined.spawned.tag.switch(Op::Spawn, site);
        }
        Ok((member, thread))
    }

    /// Waits for all threads, those that start meanwhile included. Returns what they panicked with.
    #[inline(never)]
    fn await_all(&self, site: Site) -> Vec<Box<dyn Any + Send>> {
        // The frames that the threads borrow from must not go before them, not even when the wait
        // itself is unwound because the run is over: then the threads are ended from within this.
        struct Finally<'a>(&'a Members, Site);

        impl Drop for Finally<'_> {
            fn drop(&mut self) {
                self.0.await_each(self.1);
            }
        }

        let finally = Finally(self, site);
        let panics = self.await_each(site);
        std::mem::forget(finally);
        panics
    }

    fn await_each(&self, site: Site) -> Vec<Box<dyn Any + Send>> {
        let mut panics = Vec::new();
        loop {
            // It stays in the list until it is done: see `await_all`.
            let Some(member) = self.threads().first().cloned() else {
                return panics;
            };
            member.await_done(site);
            panics.extend(member.unseen_panic());
            self.threads().retain(|other| !other.is_same(&member));
        }
    }
}

/// Calls `f` with a scope, and returns when all of the scope's threads have ended.
///
/// # Panics
///
/// If one of them panicked and was not joined.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let site = Location::caller();
    let scope = Scope {
        members: Members::none(),
        scope: PhantomData,
        env: PhantomData,
    };
    let result = catch_unwind(AssertUnwindSafe(|| f(&scope)));
    let panics = scope.members.await_all(site);
    match result {
        Err(payload) => resume_unwind(payload),
        Ok(_) if !panics.is_empty() => panic_of_a_thread(&panics),
        Ok(result) => result,
    }
}

#[inline(never)]
#[track_caller]
fn panic_of_a_thread(panics: &[Box<dyn Any + Send>]) -> ! {
    let text = panics.iter().find_map(|payload| {
        let text = payload.downcast_ref::<&str>().copied();
        text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
    });
    match text {
        // In a run the thread's own panic counts as seen by now: this is where it is told.
        Some(text) if host::in_run() => panic!("a scoped thread panicked: {text}"),
        _ => panic!("a scoped thread panicked"),
    }
}

impl<'scope, 'env> Scope<'scope, 'env> {
    /// Starts `f` on a thread of its own.
    ///
    /// # Panics
    ///
    /// If the system has no more threads.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        match self.spawn_at(Builder::new(), f, Location::caller()) {
            Ok(handle) => handle,
            Err(error) => panic!("failed to spawn thread: {error}"),
        }
    }

    #[expect(unsafe_code, reason = "the thread may borrow what outlives the scope")]
    pub(super) fn spawn_at<F, T>(
        &'scope self,
        builder: Builder,
        f: F,
        site: Site,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let running = self.members.running();
        let done = running.0.clone();
        let result = Shared::new(Locked::new(None));
        let work = Work {
            f,
            result: result.clone(),
            running,
        };
        let main: raw::Main<'scope> = Box::new(move || work.run());
        // SAFETY: what `main` borrows is there until `scope` returns or unwinds, since `'scope` lasts
        // that long. `scope` does neither before `await_all` has seen `done` of each member. The member
        // is entered in `start`, with nothing in between that could unwind; if there is no thread for
        // it, `main` is dropped at once. `done` is set where `Running` is dropped, and that is the last
        // part of `main` to go: the last field of `Work`, if that is dropped without being run, and the
        // first local of `Work::run`. A run may abandon the task that called `scope`. Then the frames
        // that `main` borrows from are never left, and their stack stays.
        let main = unsafe { raw::forget_lifetime(main) };
        let type_name = std::any::type_name::<F>();
        let started = self.members.start(builder, type_name, main, done, site);
        started.map(|(member, thread)| ScopedJoinHandle {
            member,
            result,
            thread,
            scope: PhantomData,
        })
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// What a thread of a scope does. Everything that may borrow goes before `running` does.
struct Work<F, T> {
    f: F,
    result: Shared<Locked<Option<T>>>,
    running: Running,
}

impl<F: FnOnce() -> T, T> Work<F, T> {
    fn run(self) {
        let Self { f, result, running } = self;
        // Dropped last, also when `f` panics: the other locals are declared after it.
        let _running = running;
        let result = result;
        let value = f();
        result.with(|result| *result = Some(value));
    }
}

/// Stands for a thread of a scope.
pub struct ScopedJoinHandle<'scope, T> {
    member: Shared<Member>,
    result: Shared<Locked<Option<T>>>,
    thread: Thread,
    scope: PhantomData<&'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// The thread.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }

    /// Waits until the thread has ended.
    ///
    /// # Errors
    ///
    /// What the thread panicked with.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        self.member.join(Location::caller())?;
        match self.result.with(Option::take) {
            Some(value) => Ok(value),
            None => unreachable!("a thread ended without a result and without a panic"),
        }
    }

    /// Whether the thread has ended.
    #[must_use]
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.member.is_finished(Location::caller())
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}
