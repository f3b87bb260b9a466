// The rarer forms of operations: mapped and owned guards, many at once, polled, created with a value.

use crate::panic_of;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard, OnceCell, OwnedMutexGuard, SetOnce};
use tokio::sync::{OwnedMappedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore, TryAcquireError};
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, interval, interval_at};

#[test]
fn mapped_mutex_guards_map_further_and_unlock_at_the_end() {
    check(|| async {
        let mutex = Arc::new(Mutex::new((1, (2, 3))));
        let pair = MutexGuard::map(mutex.lock().await, |all| &mut all.1);
        let pair = MappedMutexGuard::try_map(pair, |_| None::<&mut i32>).unwrap_err();
        let mut last = MappedMutexGuard::map(pair, |pair| &mut pair.1);
        *last = 9;
        assert!(mutex.try_lock().is_err());
        drop(last);
        let owned = Arc::clone(&mutex).lock_owned().await;
        let owned = OwnedMutexGuard::try_map(owned, |_| None::<&mut i32>).unwrap_err();
        let pair = OwnedMutexGuard::map(owned, |all| &mut all.1);
        let pair = OwnedMappedMutexGuard::try_map(pair, |_| None::<&mut i32>).unwrap_err();
        let last = OwnedMappedMutexGuard::map(pair, |pair| &mut pair.1);
        assert_eq!(*last, 9);
        assert!(mutex.try_lock().is_err());
        drop(last);
        assert_eq!(*mutex.try_lock().unwrap(), (1, (2, 9)));
    });
}

#[test]
fn mapped_rwlock_guards_hold_what_they_were_mapped_from() {
    check(|| async {
        let lock = Arc::new(RwLock::new((1, 2)));
        let read = RwLockReadGuard::try_map(lock.read().await, |_| None::<&i32>).unwrap_err();
        let read = RwLockReadGuard::map(read, |all| &all.0);
        assert!(lock.try_write().is_err() && lock.try_read().is_ok());
        drop(read);
        let owned = Arc::clone(&lock).read_owned().await;
        assert!(Arc::ptr_eq(OwnedRwLockReadGuard::rwlock(&owned), &lock));
        let owned = OwnedRwLockReadGuard::try_map(owned, |_| None::<&i32>).unwrap_err();
        let owned = OwnedRwLockReadGuard::map(owned, |all| &all.1);
        assert!(lock.try_write().is_err());
        assert_eq!(*owned, 2);
        drop(owned);
        let write = RwLockWriteGuard::into_mapped(lock.write().await);
        assert!(lock.try_read().is_err());
        drop(write);
        let owned = Arc::clone(&lock).write_owned().await;
        assert!(Arc::ptr_eq(OwnedRwLockWriteGuard::rwlock(&owned), &lock));
        let owned = OwnedRwLockWriteGuard::try_map(owned, |_| None::<&mut i32>).unwrap_err();
        let read = OwnedRwLockWriteGuard::downgrade_map(owned, |all| &all.1);
        assert!(lock.try_read().is_ok() && lock.try_write().is_err());
        drop(read);
        let write = RwLockWriteGuard::try_downgrade_map(lock.write().await, |_| None::<&i32>);
        let write = write.unwrap_err();
        assert!(lock.try_read().is_err(), "it still writes");
        let Ok(read) = RwLockWriteGuard::try_downgrade_map(write, |all| Some(&all.0)) else {
            panic!("there is a part");
        };
        assert!(lock.try_read().is_ok());
        assert_eq!(*read, 1);
        let owned = {
            drop(read);
            Arc::clone(&lock).try_write_owned().unwrap()
        };
        let owned = OwnedRwLockWriteGuard::try_downgrade_map(owned, |_| None::<&i32>).unwrap_err();
        drop(OwnedRwLockWriteGuard::into_mapped(owned));
        assert!(lock.try_write().is_ok());
        assert_eq!(Arc::strong_count(&lock), 1);
    });
}

#[test]
fn locks_that_nobody_else_has_are_open() {
    check(|| async {
        let mut mutex = Mutex::new(1);
        *mutex.get_mut() += 1;
        let mut lock = RwLock::new(mutex.into_inner());
        *lock.get_mut() += 1;
        assert_eq!(lock.into_inner(), 3);
        static FEW: RwLock<u8> = RwLock::const_with_max_readers(4, 1);
        drop(FEW.read().await);
        let said = panic_of(|| RwLock::with_max_readers((), u32::MAX));
        assert!(said.starts_with("a RwLock may not be created with more than"), "{said}");
    });
}

#[test]
fn many_permits_are_tried_for_at_once_or_not_at_all() {
    check(|| async {
        let semaphore = Arc::new(Semaphore::new(3));
        let two = semaphore.try_acquire_many(2).unwrap();
        assert_eq!(semaphore.try_acquire_many(2).unwrap_err(), TryAcquireError::NoPermits);
        assert_eq!(semaphore.available_permits(), 1);
        let error = Arc::clone(&semaphore).try_acquire_many_owned(2).unwrap_err();
        assert_eq!(error, TryAcquireError::NoPermits);
        drop(two);
        let all = Arc::clone(&semaphore).try_acquire_many_owned(3).unwrap();
        assert_eq!((all.num_permits(), semaphore.available_permits()), (3, 0));
        drop(all);
        assert_eq!(semaphore.available_permits(), 3);
    });
}

#[test]
fn cells_are_made_with_a_value_or_without() {
    check(|| async {
        static FULL: OnceCell<u8> = OnceCell::const_new_with(1);
        static SET: SetOnce<u8> = SetOnce::const_new_with(2);
        assert_eq!((FULL.get(), SET.get()), (Some(&1), Some(&2)));
        let mut cell = OnceCell::new_with(None::<u8>);
        assert!(!cell.initialized());
        cell.set(3).unwrap();
        let full = cell.set(4).unwrap_err();
        assert!(full.is_already_init_err() && !full.is_initializing_err());
        assert_eq!(cell.take(), Some(3));
        assert_eq!(OnceCell::from(5).into_inner(), Some(5));
        let set = SetOnce::new_with(Some(6));
        assert_eq!(set.set(7).unwrap_err().0, 7);
        assert_eq!((*set.wait().await, set.into_inner()), (6, Some(6)));
        let panicking = Arc::new(OnceCell::new());
        let other = Arc::clone(&panicking);
        let task = tokio::spawn(async move {
            other.get_or_init(|| async { panic!("no value") }).await;
        });
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!(*panicking.get_or_init(|| async { 8 }).await, 8);
    });
}

#[test]
fn many_values_are_received_at_once_as_far_as_they_are_there() {
    check(|| async {
        let (sender, mut receiver) = mpsc::channel(4);
        for number in 0..3 {
            sender.try_send(number).unwrap();
        }
        let mut all = Vec::new();
        assert_eq!(receiver.recv_many(&mut all, 0).await, 0);
        let polled = std::future::poll_fn(|cx| receiver.poll_recv_many(cx, &mut all, 2));
        assert_eq!((polled.await, sender.capacity()), (2, 3));
        let weak = sender.downgrade();
        assert_eq!((receiver.sender_strong_count(), receiver.sender_weak_count()), (1, 1));
        let thread = tokio::task::spawn_blocking(move || {
            let mut rest = Vec::new();
            let counts = [(); 2].map(|()| receiver.blocking_recv_many(&mut rest, 9));
            (counts, rest)
        });
        drop(sender);
        assert_eq!(thread.await.unwrap(), ([1, 0], vec![2]));
        assert!(weak.upgrade().is_none());
        assert_eq!(all, [0, 1]);
        let (sender, mut receiver) = mpsc::unbounded_channel();
        sender.send(4).unwrap();
        let polled = std::future::poll_fn(|cx| receiver.poll_recv_many(cx, &mut all, 9));
        assert_eq!(polled.await, 1);
        assert_eq!((receiver.sender_weak_count(), all), (0, vec![0, 1, 4]));
        let (news, _heard) = broadcast::channel::<u8>(1);
        let _weak = news.downgrade();
        assert_eq!((news.weak_count(), news.strong_count()), (1, 1));
    });
}

#[test]
fn ticks_are_polled_and_put_off() {
    check(|| async {
        let second = Duration::from_secs(1);
        let begin = Instant::now();
        let mut ticks = interval_at(begin + second, second);
        let first = std::future::poll_fn(|cx| Poll::Ready(ticks.poll_tick(cx))).await;
        assert!(first.is_pending());
        ticks.reset_at(begin + 5 * second);
        let tick = std::future::poll_fn(|cx| ticks.poll_tick(cx)).await;
        assert_eq!(tick.duration_since(begin).as_secs(), 5);
        assert_eq!(panic_of(|| interval(Duration::ZERO)), "`period` must be non-zero.");
    });
}

#[test]
fn instants_compare_and_count() {
    check(|| async {
        let second = Duration::from_secs(1);
        let now = Instant::now();
        let later = now.checked_add(second).unwrap();
        assert_eq!((later - second, later - now), (now, second));
        assert_eq!(now.checked_duration_since(later), None);
        assert_eq!(now.saturating_duration_since(later), Duration::ZERO);
        assert_eq!(later.checked_sub(second), Some(now));
        assert_eq!(Instant::from_std(later.into_std()), later);
        assert_eq!(now.checked_add(Duration::MAX), None);
    });
}

#[test]
fn the_handle_of_the_runtime_is_there_where_it_runs() {
    check(|| async {
        assert!(tokio::runtime::Handle::try_current().is_ok());
        let missing = std::thread::spawn(|| {
            let error = tokio::runtime::Handle::try_current().unwrap_err();
            (error.is_missing_context(), error.to_string())
        });
        let (missing, said) = missing.join().unwrap();
        assert!(missing && said.starts_with("there is no reactor running"), "{said}");
    });
}

#[test]
fn a_budget_is_there_and_is_spent_by_what_makes_progress() {
    check(|| async {
        assert!(tokio::task::coop::has_budget_remaining());
        let made = pin!(tokio::task::coop::cooperative(async { 3 }));
        assert_eq!(made.await, 3);
        let proceed = std::future::poll_fn(tokio::task::coop::poll_proceed).await;
        proceed.made_progress();
    });
}
