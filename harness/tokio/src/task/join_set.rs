//! `JoinSet`.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use standstill_rt::facade::{self, Locked, PollWait, Shared};
use standstill_rt::{Op, Site, host};

use crate::runtime::Handle;
use crate::task::{
    AbortHandle, Id, JoinError, JoinHandle, LocalSet, coop, spawn_at, spawn_blocking_at,
    spawn_local,
};

/// A set of tasks that are joined in the order in which they end. Dropping the set aborts them.
pub struct JoinSet<T> {
    members: BTreeMap<u64, Member<T>>,
    spawned: u64,
    woken: Owner,
    /// Where the set was created.
    site: Site,
    /// Whether the task that owns the set waits for a member.
    waiting: bool,
    /// Makes the set as little unwind-safe as in tokio.
    unwinding: PhantomData<Arc<dyn Fn() + Send + Sync>>,
}

struct Member<T> {
    handle: JoinHandle<T>,
    /// The result, if the task had already ended when it was added. The lock makes the set `Sync`
    /// although the result need not be; it is never locked.
    ended: Locked<Option<Result<T, JoinError>>>,
    waker: Waker,
    wait: PollWait,
}

impl<T> Member<T> {
    fn take_ended(&mut self) -> Option<Result<T, JoinError>> {
        self.ended.get_mut().take()
    }
}

/// State that the members' wakers share with the set.
#[derive(Default)]
struct Woken {
    lists: Mutex<Lists>,
}

#[derive(Default)]
struct Lists {
    /// The members that have woken the set, in this order.
    woken: VecDeque<u64>,
    waker: Option<Waker>,
    /// Whether the set was dropped.
    gone: bool,
}

impl Woken {
    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline(never)]
    fn wake(&self, member: u64) {
        let waker = {
            let mut lists = self.lists();
            if !lists.woken.contains(&member) {
                lists.woken.push_back(member);
            }
            lists.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The first member that has woken the set. If there is none, the next one wakes `waker`.
    #[inline(never)]
    fn next(&self, waker: Option<&Waker>) -> Option<u64> {
        let mut lists = self.lists();
        let next = lists.woken.pop_front();
        if let (None, Some(waker)) = (next, waker) {
            match &mut lists.waker {
                Some(known) => known.clone_from(waker),
                none => *none = Some(waker.clone()),
            }
        }
        next
    }
}

/// The set's own reference. Once it is dropped, the members' wakers have no effect.
struct Owner(Shared<Woken>);

impl Owner {
    #[inline(never)]
    fn new() -> Self {
        Self(Shared::new(Woken::default()))
    }

    /// The waker of a member.
    #[inline(never)]
    fn waker(&self, member: u64) -> Waker {
        Waker::from(Arc::new(MemberWaker {
            woken: self.0.clone(),
            member,
        }))
    }
}

impl Drop for Owner {
    #[inline(never)]
    fn drop(&mut self) {
        let lists = std::mem::take(&mut *self.0.lists());
        self.0.lists().gone = true;
        drop(lists);
    }
}

struct MemberWaker {
    woken: Shared<Woken>,
    member: u64,
}

impl Wake for MemberWaker {
    fn wake(self: Arc<Self>) {
        if !self.woken.lists().gone {
            // The order of wake-ups is the order in which members are joined, so other steps may notice
            // it.
            host::with(|host| host.unseen());
            self.woken.wake(self.member);
        }
    }
}

impl<T> JoinSet<T> {
    /// An empty set.
    #[track_caller]
    pub fn new() -> Self {
        Self {
            members: BTreeMap::new(),
            spawned: 0,
            woken: Owner::new(),
            site: Location::caller(),
            waiting: false,
            unwinding: PhantomData,
        }
    }

    /// The number of tasks that have not been joined.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether all tasks have been joined.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Ends the recorded waits of the task that owns the set.
    fn end_waits(&mut self) {
        if std::mem::take(&mut self.waiting) {
            for member in self.members.values_mut() {
                member.wait.end();
            }
        }
    }

    fn abort_members(&self, site: Site) {
        for member in self.members.values() {
            member.handle.abort_at(site);
        }
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task that belongs to the set.
    #[track_caller]
    pub fn spawn<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(spawn_at(task, None, Location::caller()))
    }

    /// As [`JoinSet::spawn`], on `handle`'s runtime.
    #[track_caller]
    pub fn spawn_on<F>(&mut self, task: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn(task))
    }

    /// Spawns a task that need not be `Send`.
    ///
    /// # Panics
    ///
    /// As [`spawn_local`].
    #[track_caller]
    pub fn spawn_local<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(spawn_local(task))
    }

    /// As [`JoinSet::spawn_local`], on `local_set`.
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, task: F, local_set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(local_set.spawn_local(task))
    }

    /// Runs `f` as a task of the set that is allowed to block.
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(spawn_blocking_at(f, None, Location::caller()))
    }

    /// As [`JoinSet::spawn_blocking`], on `handle`'s runtime.
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, f: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn_blocking(f))
    }

    fn insert(&mut self, mut handle: JoinHandle<T>) -> AbortHandle {
        let abort = handle.abort_handle();
        let member = self.spawned;
        self.spawned += 1;
        let waker = self.woken.waker(member);
        // Registers the waker with the task, which may have ended already.
        let ended = match poll_now(&mut handle, &waker) {
            Poll::Ready(result) => {
                self.woken.0.wake(member);
                Some(result)
            }
            Poll::Pending => None,
        };
        self.members.insert(
            member,
            Member {
                handle,
                ended: Locked::new(ended),
                waker,
                wait: PollWait::new(),
            },
        );
        abort
    }

    fn finish(&mut self, member: u64, result: Result<T, JoinError>) -> Ended<T> {
        self.end_waits();
        let id = match self.members.remove(&member) {
            Some(member) => member.handle.id(),
            None => unreachable!("a member that was polled is in the set"),
        };
        result.map(|output| (id, output))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, site: Site) -> Poll<Option<Ended<T>>> {
        if !self.waiting {
            facade::switch(Op::JoinNext, site);
        }
        while let Some(key) = self.woken.0.next(Some(cx.waker())) {
            let Some(member) = self.members.get_mut(&key) else {
                continue;
            };
            let polled = match member.take_ended() {
                Some(result) => Poll::Ready(result),
                None => {
                    let mut cx = Context::from_waker(&member.waker);
                    member.handle.poll_untracked(&mut cx)
                }
            };
            match polled {
                Poll::Ready(result) => return Poll::Ready(Some(self.finish(key, result))),
                // It woke the set without having ended: the budget is used up.
                Poll::Pending => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
        if self.members.is_empty() {
            self.end_waits();
            return Poll::Ready(None);
        }
        if host::in_run() {
            self.waiting = true;
            for member in self.members.values_mut() {
                if !member.wait.is_waiting() {
                    let Member { handle, wait, .. } = member;
                    handle.note_wait(wait, Op::JoinNext, site);
                }
            }
        }
        Poll::Pending
    }

    fn try_next(&mut self, site: Site) -> Option<Ended<T>> {
        facade::switch(Op::JoinNext, site);
        while let Some(key) = self.woken.0.next(None) {
            let Some(member) = self.members.get_mut(&key) else {
                continue;
            };
            let polled = match member.take_ended() {
                Some(result) => Poll::Ready(result),
                None => poll_now(&mut member.handle, &member.waker),
            };
            if let Poll::Ready(result) = polled {
                return Some(self.finish(key, result));
            }
        }
        None
    }

    async fn next_at(&mut self, site: Site) -> Option<Ended<T>> {
        let waiting = Waiting(self);
        poll_fn(|cx| waiting.0.poll_next(cx, site)).await
    }

    async fn join_next_at(&mut self, site: Site) -> Option<Result<T, JoinError>> {
        self.next_at(site).await.map(without_id)
    }

    /// Waits for the next task to end. None if the set is empty.
    #[track_caller]
    pub fn join_next(&mut self) -> impl Future<Output = Option<Result<T, JoinError>>> {
        self.join_next_at(Location::caller())
    }

    /// As [`JoinSet::join_next`], and also returns the task's id.
    #[track_caller]
    pub fn join_next_with_id(
        &mut self,
    ) -> impl Future<Output = Option<Result<(Id, T), JoinError>>> {
        self.next_at(Location::caller())
    }

    /// The result of a task that has ended, if there is one.
    #[track_caller]
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_next(Location::caller()).map(without_id)
    }

    /// As [`JoinSet::try_join_next`], and also returns the task's id.
    #[track_caller]
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        self.try_next(Location::caller())
    }

    async fn shutdown_at(&mut self, site: Site) {
        self.abort_members(site);
        while self.next_at(site).await.is_some() {}
    }

    /// Aborts all tasks and waits until they have ended.
    #[track_caller]
    pub fn shutdown(&mut self) -> impl Future<Output = ()> {
        self.shutdown_at(Location::caller())
    }

    async fn join_all_at(mut self, site: Site) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(result) = self.join_next_at(site).await {
            match result {
                Ok(output) => outputs.push(output),
                Err(error) if error.is_panic() => {
                    std::panic::resume_unwind(error.into_panic());
                }
                Err(error) => panic!("{error}"),
            }
        }
        outputs
    }

    /// Waits for all tasks and returns their results, in the order in which they ended.
    ///
    /// # Panics
    ///
    /// If one of them panicked or was aborted.
    #[track_caller]
    pub fn join_all(self) -> impl Future<Output = Vec<T>> {
        self.join_all_at(Location::caller())
    }

    /// Aborts all tasks. They stay in the set until they are joined.
    #[track_caller]
    pub fn abort_all(&mut self) {
        self.abort_members(Location::caller());
    }

    /// Detaches all tasks: they continue without the set.
    pub fn detach_all(&mut self) {
        self.members.clear();
    }

    /// As [`JoinSet::join_next`], for hand-written futures.
    #[track_caller]
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_next(cx, Location::caller())
            .map(|ended| ended.map(without_id))
    }

    /// As [`JoinSet::join_next_with_id`], for hand-written futures.
    #[track_caller]
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        self.poll_next(cx, Location::caller())
    }
}

type Ended<T> = Result<(Id, T), JoinError>;

fn without_id<T>(ended: Ended<T>) -> Result<T, JoinError> {
    ended.map(|(_, output)| output)
}

/// Polls regardless of the current task's budget.
fn poll_now<T>(handle: &mut JoinHandle<T>, waker: &Waker) -> Poll<Result<T, JoinError>> {
    let mut cx = Context::from_waker(waker);
    let mut poll = coop::unconstrained(poll_fn(|cx| handle.poll_untracked(cx)));
    Pin::new(&mut poll).poll(&mut cx)
}

/// Ends the recorded waits when the waiting future is dropped.
struct Waiting<'a, T>(&'a mut JoinSet<T>);

impl<T> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        self.0.end_waits();
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.abort_members(self.site);
    }
}

impl<T> Default for JoinSet<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}

impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = F>>(tasks: I) -> Self {
        let mut set = Self::new();
        set.extend(tasks);
        set
    }
}

impl<T, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    #[track_caller]
    fn extend<I: IntoIterator<Item = F>>(&mut self, tasks: I) {
        for task in tasks {
            self.spawn(task);
        }
    }
}
