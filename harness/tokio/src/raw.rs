//! The crate's unsafe code: guards that keep the value they borrow from alive, and task-local values,
//! which are stored as pointers during a poll.
#![expect(unsafe_code, reason = "see the module's first line")]

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::tokio::sync as real;
use standstill_rt::facade::{Hold, Tag, Wait};
use standstill_rt::{Op, Site};

use crate::guard::Tagged;
use crate::sync::{Mutex, Notify, RwLock};

/// A family of real guards, one for each lifetime.
pub(crate) trait Guards {
    type Of<'a>;
}

/// Names a lifetime, for closures that work for any lifetime.
pub(crate) type Borrow<'a> = PhantomData<&'a ()>;

macro_rules! guards {
    ($($name:ident = $guard:ident;)*) => {$(
        pub(crate) struct $name<T: ?Sized>(PhantomData<fn() -> Box<T>>);

        impl<T: ?Sized + 'static> Guards for $name<T> {
            type Of<'a> = real::$guard<'a, T>;
        }
    )*};
}

guards! {
    MutexGuards = MutexGuard;
    MappedMutexGuards = MappedMutexGuard;
    ReadGuards = RwLockReadGuard;
    WriteGuards = RwLockWriteGuard;
    MappedWriteGuards = RwLockMappedWriteGuard;
}

/// A value whose references may be dangling by the time it is moved. Only `MaybeUninit` tells this to
/// the compiler.
struct Loose<G>(MaybeUninit<G>);

impl<G> Loose<G> {
    fn new(guard: G) -> Self {
        Self(MaybeUninit::new(guard))
    }

    fn get(&self) -> &G {
        // SAFETY: `new` initialises the value, and only `drop` and `into_inner` invalidate it.
        unsafe { self.0.assume_init_ref() }
    }

    fn get_mut(&mut self) -> &mut G {
        // SAFETY: as in `get`.
        unsafe { self.0.assume_init_mut() }
    }

    fn into_inner(self) -> G {
        let this = ManuallyDrop::new(self);
        // SAFETY: as in `get`; `this` is never dropped, so the guard is not duplicated.
        unsafe { this.0.assume_init_read() }
    }
}

impl<G> Drop for Loose<G> {
    fn drop(&mut self) {
        // SAFETY: as in `get`; nothing reads the value after this.
        unsafe { self.0.assume_init_drop() }
    }
}

/// A real guard, the `Arc` of the lock that it borrows from, and the tracker's record of the hold.
///
/// Dropping it passes a switch point, then drops the real guard, the record and the `Arc`, in this
/// order.
pub(crate) struct OwnedGuard<G: Guards, O: Tagged + ?Sized> {
    guard: Loose<G::Of<'static>>,
    hold: Hold,
    owner: Arc<O>,
    site: Site,
}

impl<G: Guards, O: Tagged + ?Sized> OwnedGuard<G, O> {
    /// Acquires a guard from `owner` by calling `take`.
    pub(crate) fn take<E>(
        owner: Arc<O>,
        (op, amount, site): (Op, u32, Site),
        take: impl for<'a> FnOnce(&'a O) -> Result<G::Of<'a>, E>,
    ) -> Result<Self, E>
    where
        O: 'static,
    {
        // SAFETY: the lock is neither moved nor freed while the `Arc` exists, and the `Arc` is dropped
        // after the guard. `take` works for any lifetime, so it can keep nothing of the reference
        // except what it returns, and that is stored in `guard`.
        let lock: &'static O = unsafe { &*Arc::as_ptr(&owner) };
        let guard = take(lock)?;
        Ok(Self::new(guard, owner, op, amount, site))
    }

    fn new(guard: G::Of<'static>, owner: Arc<O>, op: Op, amount: u32, site: Site) -> Self {
        // Locals are dropped before parameters: if the code below panics, the guard is dropped before
        // the lock.
        let guard = Loose::new(guard);
        let hold = Hold::take(owner.tag(), op, amount, site);
        Self {
            guard,
            hold,
            owner,
            site,
        }
    }

    pub(crate) fn owner(&self) -> &Arc<O> {
        &self.owner
    }

    /// Passes a switch point, before all or part of the hold is released.
    pub(crate) fn switch(&self) {
        self.owner.tag().switch(Op::Release, self.site);
    }

    pub(crate) fn resize(&mut self, amount: u32, op: Op) {
        self.hold.resize(amount, op);
    }

    /// Converts the real guard with `map`.
    pub(crate) fn map<M: Guards>(
        self,
        map: impl for<'a> FnOnce(G::Of<'a>, Borrow<'a>) -> M::Of<'a>,
    ) -> OwnedGuard<M, O> {
        let (guard, hold, owner, site) = self.into_parts();
        // `map` works for any lifetime, so it can only put the guard into its result.
        let guard = Loose::new(map(guard, PhantomData));
        OwnedGuard {
            guard,
            hold,
            owner,
            site,
        }
    }

    /// Converts the real guard with `map`, or leaves it unchanged.
    pub(crate) fn try_map<M: Guards>(
        self,
        map: impl for<'a> FnOnce(G::Of<'a>, Borrow<'a>) -> Result<M::Of<'a>, G::Of<'a>>,
    ) -> Result<OwnedGuard<M, O>, Self> {
        let (guard, hold, owner, site) = self.into_parts();
        match map(guard, PhantomData) {
            Ok(guard) => Ok(OwnedGuard {
                guard: Loose::new(guard),
                hold,
                owner,
                site,
            }),
            Err(guard) => Err(OwnedGuard {
                guard: Loose::new(guard),
                hold,
                owner,
                site,
            }),
        }
    }

    fn into_parts(self) -> (G::Of<'static>, Hold, Arc<O>, Site) {
        let this = ManuallyDrop::new(self);
        // SAFETY: each field that is not `Copy` is read once, and `this` is never dropped.
        let (guard, hold, owner) = unsafe {
            (
                std::ptr::read(&this.guard),
                std::ptr::read(&this.hold),
                std::ptr::read(&this.owner),
            )
        };
        (guard.into_inner(), hold, owner, this.site)
    }
}

impl<G: Guards, O: Tagged + ?Sized> Deref for OwnedGuard<G, O>
where
    G::Of<'static>: Deref,
{
    type Target = <G::Of<'static> as Deref>::Target;

    fn deref(&self) -> &Self::Target {
        self.guard.get()
    }
}

impl<G: Guards, O: Tagged + ?Sized> DerefMut for OwnedGuard<G, O>
where
    G::Of<'static>: DerefMut,
{
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.guard.get_mut()
    }
}

impl<G: Guards, O: Tagged + ?Sized> Drop for OwnedGuard<G, O> {
    fn drop(&mut self) {
        self.switch();
    }
}

/// Locks `mutex`, and returns a guard that keeps it alive.
pub(crate) async fn lock<T: ?Sized + 'static>(
    mutex: Arc<Mutex<T>>,
    site: Site,
) -> OwnedGuard<MutexGuards<T>, Mutex<T>> {
    let guard = Wait::new(mutex.real().lock(), mutex.tag(), Op::Lock, site).await;
    // SAFETY: the mutex is neither moved nor freed while the `Arc` exists. `OwnedGuard` stores the
    // `Arc` together with the guard, and drops the guard first. If the code in between unwinds, the
    // order is the same, since the guard is a local and the `Arc` a parameter.
    let guard: real::MutexGuard<'static, T> = unsafe { std::mem::transmute(guard) };
    OwnedGuard::new(guard, mutex, Op::Lock, 1, site)
}

/// Locks `lock` for reading, and returns a guard that keeps it alive.
pub(crate) async fn read<T: ?Sized + 'static>(
    lock: Arc<RwLock<T>>,
    site: Site,
) -> OwnedGuard<ReadGuards<T>, RwLock<T>> {
    let guard = Wait::new(lock.real().read(), lock.tag(), Op::Read, site).await;
    // SAFETY: as in `lock`.
    let guard: real::RwLockReadGuard<'static, T> = unsafe { std::mem::transmute(guard) };
    OwnedGuard::new(guard, lock, Op::Read, 1, site)
}

/// Locks `lock` for writing, and returns a guard that keeps it alive.
pub(crate) async fn write<T: ?Sized + 'static>(
    lock: Arc<RwLock<T>>,
    site: Site,
) -> OwnedGuard<WriteGuards<T>, RwLock<T>> {
    let all = lock.readers();
    let guard = Wait::many(lock.real().write(), lock.tag(), Op::Write, all, site).await;
    // SAFETY: as in `lock`.
    let guard: real::RwLockWriteGuard<'static, T> = unsafe { std::mem::transmute(guard) };
    OwnedGuard::new(guard, lock, Op::Write, all, site)
}

/// A real `Notified` together with the `Arc` of the `Notify` it borrows from.
#[derive(Debug)]
pub(crate) struct KeptNotified {
    // Dropped before the `Arc`.
    notified: Pin<Box<real::futures::Notified<'static>>>,
    notify: KeptNotify,
}

impl KeptNotified {
    pub(crate) fn new(notify: Arc<Notify>) -> Self {
        let notified = notify.real().notified();
        // SAFETY: the `Notify` is neither moved nor freed while the `Arc` exists, and the `Arc` is
        // dropped after the future. The future can be reached only through `self`.
        let notified: real::futures::Notified<'static> = unsafe { std::mem::transmute(notified) };
        Self {
            notified: Box::pin(notified),
            notify: KeptNotify(notify),
        }
    }

    pub(crate) fn owner(&self) -> KeptNotify {
        KeptNotify(Arc::clone(&self.notify.0))
    }

    pub(crate) fn enable(&mut self) -> bool {
        self.notified.as_mut().enable()
    }
}

impl Future for KeptNotified {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.notified.as_mut().poll(cx)
    }
}

/// A shared `Notify`, from which a wait gets the tag.
#[derive(Debug)]
pub(crate) struct KeptNotify(Arc<Notify>);

impl AsRef<Tag> for KeptNotify {
    fn as_ref(&self) -> &Tag {
        self.0.tag()
    }
}

/// The value of a task-local key on this thread: a pointer into the scope that is being polled. Not
/// part of the public interface.
#[doc(hidden)]
pub struct Current<T: 'static> {
    state: Cell<State<T>>,
}

struct State<T> {
    value: Option<NonNull<T>>,
    borrows: usize,
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for State<T> {}

impl<T> fmt::Debug for Current<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}

impl<T: 'static> Current<T> {
    /// A key without a value.
    #[expect(
        clippy::new_without_default,
        reason = "only the macro's expansion makes one"
    )]
    pub const fn new() -> Self {
        Self {
            state: Cell::new(State {
                value: None,
                borrows: 0,
            }),
        }
    }

    /// Calls `f` with the value, if there is one.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&T) -> R) -> Option<R> {
        struct Borrowed<'a, T: 'static>(&'a Current<T>);

        impl<T> Drop for Borrowed<'_, T> {
            fn drop(&mut self) {
                let mut state = self.0.state.get();
                state.borrows -= 1;
                self.0.state.set(state);
            }
        }

        let mut state = self.state.get();
        let value = state.value?;
        state.borrows += 1;
        self.state.set(state);
        let borrowed = Borrowed(self);
        // SAFETY: the pointer is in the cell only while the `Scope` that stored it is alive, and the
        // `Scope` borrows the value. The scope's frame is below this one on the same stack, so it
        // outlives this call. That is also true if the stack is suspended during the call and the state
        // is put aside.
        let result = f(unsafe { value.as_ref() });
        drop(borrowed);
        Some(result)
    }

    fn is_borrowed(&self) -> bool {
        self.state.get().borrows > 0
    }

    /// Removes the state while another task runs.
    pub(crate) fn put_aside(&self) -> Box<dyn Any> {
        Box::new(self.state.replace(State {
            value: None,
            borrows: 0,
        }))
    }

    /// Restores the state that [`Current::put_aside`] removed.
    pub(crate) fn put_back(&self, state: &dyn Any) {
        if let Some(state) = state.downcast_ref() {
            self.state.set(*state);
        }
    }
}

/// Gives a task-local key a value, or none, until it is dropped.
pub(crate) struct Scope<'a, T: 'static> {
    key: &'static std::thread::LocalKey<Current<T>>,
    before: State<T>,
    value: PhantomData<&'a Option<T>>,
}

impl<'a, T: 'static> Scope<'a, T> {
    /// Sets the value of the key, which may be none. Returns None if the key is being read.
    pub(crate) fn enter(
        key: &'static std::thread::LocalKey<Current<T>>,
        value: &'a Option<T>,
    ) -> Result<Option<Self>, std::thread::AccessError> {
        key.try_with(|current| {
            if current.is_borrowed() {
                return None;
            }
            let inner = State {
                value: value.as_ref().map(NonNull::from),
                borrows: 0,
            };
            Some(Self {
                key,
                before: current.state.replace(inner),
                value: PhantomData,
            })
        })
    }
}

impl<T: 'static> Drop for Scope<'_, T> {
    fn drop(&mut self) {
        // If the thread-local is already destroyed, nothing reads it any more.
        let _ = self.key.try_with(|current| current.state.set(self.before));
    }
}
