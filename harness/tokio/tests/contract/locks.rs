use crate::{is_pending, panic_of, poll};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::{Mutex, MutexGuard, OwnedMutexGuard, OwnedRwLockWriteGuard, RwLock};
use tokio::sync::{RwLockReadGuard, RwLockWriteGuard, Semaphore, TryAcquireError};

#[test]
fn a_mutex_grants_in_the_order_of_asking() {
    check(|| async {
        let mutex = Mutex::new(0);
        let guard = mutex.lock().await;
        let mut first = pin!(mutex.lock());
        let mut second = pin!(mutex.lock());
        assert!(is_pending(first.as_mut()) && is_pending(second.as_mut()));
        drop(guard);
        assert!(mutex.try_lock().is_err(), "it was handed on");
        assert!(is_pending(second.as_mut()));
        let Poll::Ready(guard) = poll(first) else {
            panic!("the first is next");
        };
        drop(guard);
        *second.await += 1;
        assert_eq!(*mutex.lock().await, 1);
        assert_eq!(Mutex::new(2).into_inner(), 2);
    });
}

#[test]
fn a_lock_that_is_given_up_passes_the_grant_on() {
    check(|| async {
        let mutex = Mutex::new(());
        let guard = mutex.lock().await;
        let mut first = Box::pin(mutex.lock());
        let mut second = pin!(mutex.lock());
        assert!(is_pending(first.as_mut()) && is_pending(second.as_mut()));
        drop(guard);
        drop(first);
        assert!(!is_pending(second.as_mut()));
    });
}

#[test]
fn tasks_exclude_each_other() {
    check(|| async {
        let mutex = Arc::new(Mutex::new(0));
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let mutex = Arc::clone(&mutex);
                tokio::spawn(async move {
                    let mut guard = mutex.lock().await;
                    let before = *guard;
                    tokio::task::yield_now().await;
                    *guard = before + 1;
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*mutex.lock().await, 3);
    });
}

#[test]
fn mutex_guards_map_and_show_what_they_guard() {
    check(|| async {
        let mutex = Mutex::new((1, "two"));
        let guard = mutex.lock().await;
        assert!(std::ptr::eq(MutexGuard::mutex(&guard), &mutex));
        assert_eq!(format!("{guard:?} {mutex:?}"), r#"(1, "two") Mutex { data: <locked> }"#);
        let guard = MutexGuard::try_map(guard, |_| None::<&mut u8>).unwrap_err();
        let mut guard = MutexGuard::map(guard, |pair| &mut pair.0);
        *guard += 4;
        assert_eq!(guard.to_string(), "5");
        assert!(mutex.try_lock().is_err());
        drop(guard);
        assert_eq!(mutex.try_lock().unwrap().0, 5);
        assert_eq!(format!("{mutex:?}"), r#"Mutex { data: (5, "two") }"#);
        assert_eq!(mutex.lock().await.1, "two");
        let error = {
            let _guard = mutex.lock().await;
            mutex.try_lock().unwrap_err()
        };
        assert_eq!(error.to_string(), "operation would block");
    });
}

#[test]
fn an_owned_mutex_guard_keeps_the_mutex_and_goes_to_other_tasks() {
    check(|| async {
        let mutex = Arc::new(Mutex::new(vec![1]));
        let guard = Arc::clone(&mutex).lock_owned().await;
        assert_eq!(Arc::strong_count(&mutex), 2);
        assert!(Arc::clone(&mutex).try_lock_owned().is_err());
        let task = tokio::spawn(async move {
            let mut guard = guard;
            guard.push(2);
            let guard = OwnedMutexGuard::map(guard, |all| &mut all[1]);
            assert_eq!(*guard, 2);
        });
        let guard = Arc::clone(&mutex).lock_owned().await;
        assert_eq!(*guard, [1, 2]);
        assert!(Arc::ptr_eq(OwnedMutexGuard::mutex(&guard), &mutex));
        task.await.unwrap();
        let weak = Arc::downgrade(&mutex);
        drop(mutex);
        assert!(weak.upgrade().is_some());
        drop(guard);
        assert!(weak.upgrade().is_none());
    });
}

#[test]
fn blocking_locks_work_where_blocking_is_allowed_and_panic_elsewhere() {
    check(|| async {
        let mutex = Arc::new(Mutex::new(0));
        let lock = Arc::new(RwLock::new(0));
        let task = {
            let (mutex, lock) = (Arc::clone(&mutex), Arc::clone(&lock));
            tokio::task::spawn_blocking(move || {
                *mutex.blocking_lock() += 1;
                *Arc::clone(&mutex).blocking_lock_owned() += 1;
                *lock.blocking_write() += 1;
                *lock.blocking_read()
            })
        };
        assert_eq!(task.await.unwrap(), 1);
        assert_eq!(*mutex.lock().await, 2);
        let said = panic_of(|| drop(mutex.blocking_lock()));
        assert!(
            said.starts_with("Cannot block the current thread from within a runtime."),
            "{said}"
        );
    });
}

#[test]
fn values_without_a_size_can_be_locked() {
    check(|| async {
        let mutex: Arc<Mutex<[u8]>> = Arc::new(Mutex::new([1, 2, 3]));
        mutex.lock().await[0] = 9;
        assert_eq!(Arc::clone(&mutex).lock_owned().await.len(), 3);
        let lock: Arc<RwLock<dyn Send + Sync>> = Arc::new(RwLock::new(1));
        drop((lock.read().await, Arc::clone(&lock).read_owned().await));
    });
}

static STATIC: Mutex<u32> = Mutex::const_new(0);

#[test]
fn a_static_mutex_outlives_runs() {
    check(|| async {
        let before = std::mem::replace(&mut *STATIC.lock().await, 5);
        assert!(before == 0 || before == 5);
    });
}

#[test]
fn readers_share_and_queue_behind_a_writer() {
    check(|| async {
        let lock = RwLock::new(1);
        let one = lock.read().await;
        let two = lock.try_read().unwrap();
        assert!(lock.try_write().is_err());
        let mut write = pin!(lock.write());
        assert!(is_pending(write.as_mut()));
        assert!(lock.try_read().is_err(), "a writer is in line");
        let mut read = pin!(lock.read());
        assert!(is_pending(read.as_mut()));
        assert_eq!(*one + *two, 2);
        drop((one, two));
        assert!(is_pending(read.as_mut()));
        let mut guard = write.await;
        *guard += 1;
        let guard = guard.downgrade();
        assert_eq!((*guard, *read.await), (2, 2));
        assert!(lock.try_write().is_err());
        drop(guard);
        assert!(lock.try_write().is_ok());
    });
}

#[test]
fn a_lock_may_have_few_readers() {
    check(|| async {
        let lock = RwLock::with_max_readers((), 1);
        let reader = lock.read().await;
        assert!(lock.try_read().is_err());
        drop(reader);
        let writer = lock.write().await;
        assert!(lock.try_read().is_err());
        drop(writer);
        assert_eq!(format!("{lock:?}"), "RwLock { data: () }");
    });
}

#[test]
fn rwlock_guards_map_and_downgrade() {
    check(|| async {
        let lock = Arc::new(RwLock::new((1, 2)));
        let write = lock.write().await;
        let write = RwLockWriteGuard::try_map(write, |_| None::<&mut u8>).unwrap_err();
        let mut part = RwLockWriteGuard::map(write, |pair| &mut pair.0);
        *part = 7;
        drop(part);
        let read = RwLockWriteGuard::downgrade_map(lock.write().await, |pair| &pair.0);
        let other = RwLockReadGuard::map(lock.read().await, |pair| &pair.1);
        assert_eq!((*read, *other), (7, 2));
        drop((read, other));

        let write = Arc::clone(&lock).write_owned().await;
        let mut part = OwnedRwLockWriteGuard::map(write, |pair| &mut pair.1);
        *part = 8;
        drop(part);
        let write = Arc::clone(&lock).try_write_owned().unwrap();
        let read = write.downgrade();
        assert_eq!(*read, (7, 8));
        assert!(Arc::clone(&lock).try_read_owned().is_ok());
        assert!(Arc::clone(&lock).try_write_owned().is_err());
        drop(read);
        assert_eq!(Arc::strong_count(&lock), 1);
        assert!(lock.try_write().is_ok());
    });
}

#[test]
fn a_semaphore_grants_many_in_the_order_of_asking() {
    check(|| async {
        let semaphore = Semaphore::new(2);
        let one = semaphore.acquire().await.unwrap();
        let mut two = pin!(semaphore.acquire_many(2));
        assert!(is_pending(two.as_mut()));
        assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
        drop(one);
        assert_eq!(two.await.unwrap().num_permits(), 2);
        assert_eq!(semaphore.available_permits(), 2);
    });
}

#[test]
fn an_acquire_that_is_given_up_gives_back_what_it_had() {
    check(|| async {
        let semaphore = Semaphore::new(1);
        let mut two = Box::pin(semaphore.acquire_many(2));
        assert!(is_pending(two.as_mut()));
        assert_eq!(semaphore.available_permits(), 0);
        drop(two);
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn permits_split_merge_and_are_forgotten() {
    check(|| async {
        let semaphore = Arc::new(Semaphore::new(5));
        let mut permits = semaphore.acquire_many(3).await.unwrap();
        let one = permits.split(1).unwrap();
        assert!(permits.split(9).is_none());
        assert_eq!((permits.num_permits(), one.num_permits()), (2, 1));
        drop(one);
        assert_eq!(semaphore.available_permits(), 3);
        permits.merge(semaphore.try_acquire().unwrap());
        assert_eq!(permits.num_permits(), 3);
        permits.forget();
        assert_eq!(semaphore.available_permits(), 2);

        let mut owned = Arc::clone(&semaphore).acquire_many_owned(2).await.unwrap();
        assert_eq!(Arc::strong_count(&semaphore), 2);
        let one = owned.split(1).unwrap();
        owned.merge(one);
        assert!(Arc::ptr_eq(owned.semaphore(), &semaphore));
        drop(owned);
        assert_eq!(Arc::strong_count(&semaphore), 1);
        assert_eq!(semaphore.available_permits(), 2);
        Arc::clone(&semaphore).try_acquire_owned().unwrap().forget();
        assert_eq!(semaphore.forget_permits(4), 1);
        semaphore.add_permits(3);
        assert_eq!(semaphore.available_permits(), 3);
        let other = Arc::new(Semaphore::new(1));
        let said = panic_of(|| {
            let mut permit = Arc::clone(&semaphore).try_acquire_owned().unwrap();
            permit.merge(Arc::clone(&other).try_acquire_owned().unwrap());
        });
        assert_eq!(said, "merging permits from different semaphore instances");
        assert_eq!((semaphore.available_permits(), other.available_permits()), (3, 1));
    });
}

#[test]
fn a_closed_semaphore_fails_everybody() {
    check(|| async {
        let semaphore = Arc::new(Semaphore::new(0));
        let task = {
            let semaphore = Arc::clone(&semaphore);
            tokio::spawn(async move { semaphore.acquire().await.map(drop).unwrap_err().to_string() })
        };
        semaphore.close();
        assert!(semaphore.is_closed());
        assert_eq!(task.await.unwrap(), "semaphore closed");
        assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
    });
}
