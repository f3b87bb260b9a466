use crate::panic_of;
use lib::sync::{Arc, Mutex, RwLock, TryLockError};
use lib::thread;

#[test]
fn threads_exclude_each_other() {
    check(|| {
        let mutex = Arc::new(Mutex::new(0));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let mutex = Arc::clone(&mutex);
                thread::spawn(move || {
                    let mut guard = mutex.lock().unwrap();
                    let before = *guard;
                    thread::yield_now();
                    *guard = before + 1;
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*mutex.lock().unwrap(), 3);
    });
}

#[test]
fn a_locked_mutex_cannot_be_locked_again() {
    check(|| {
        let mut mutex = Mutex::new("x");
        let guard = mutex.lock().unwrap();
        assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
        assert_eq!(format!("{guard} {guard:?}"), r#"x "x""#);
        assert_eq!(
            format!("{mutex:?}"),
            r#"Mutex { data: "<locked>", poisoned: false, .. }"#
        );
        drop(guard);
        assert_eq!(*mutex.try_lock().unwrap(), "x");
        *mutex.get_mut().unwrap() = "y";
        assert_eq!(format!("{mutex:?}"), r#"Mutex { data: "y", poisoned: false, .. }"#);
        assert_eq!(mutex.into_inner().unwrap(), "y");
    });
}

#[test]
fn a_panic_poisons_what_it_holds_until_that_is_cleared() {
    check(|| {
        let locks = Arc::new((Mutex::new(1), RwLock::new(2)));
        let other = Arc::clone(&locks);
        let thread = thread::spawn(move || {
            let _one = other.0.lock().unwrap();
            let _two = other.1.write().unwrap();
            panic!("with both");
        });
        let error = thread.join().unwrap_err();
        assert_eq!(*error.downcast::<&str>().unwrap(), "with both");
        assert!(locks.0.is_poisoned() && locks.1.is_poisoned());
        assert_eq!(*locks.0.lock().unwrap_err().into_inner(), 1);
        assert!(matches!(locks.0.try_lock(), Err(TryLockError::Poisoned(_))));
        assert!(matches!(locks.1.try_read(), Err(TryLockError::Poisoned(_))));
        assert_eq!(*locks.1.read().unwrap_err().into_inner(), 2);
        locks.0.clear_poison();
        locks.1.clear_poison();
        assert_eq!(*locks.0.lock().unwrap() + *locks.1.write().unwrap(), 3);
    });
}

#[test]
fn a_guard_taken_while_unwinding_poisons_nothing() {
    struct Locks(Arc<Mutex<u32>>);
    impl Drop for Locks {
        fn drop(&mut self) {
            *self.0.lock().expect("no poison") += 1;
        }
    }
    check(|| {
        let mutex = Arc::new(Mutex::new(0));
        let locks = Locks(Arc::clone(&mutex));
        let text = panic_of(move || {
            let _locks = locks;
            panic!("on the way");
        });
        assert_eq!(text, "on the way");
        assert_eq!(*mutex.lock().unwrap(), 1);
    });
}

#[test]
fn readers_share_and_writers_do_not() {
    check(|| {
        let lock = RwLock::new(1);
        {
            let one = lock.read().unwrap();
            let two = lock.try_read().unwrap();
            assert_eq!(*one + *two, 2);
            assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
        }
        *lock.write().unwrap() += 1;
        let writer = lock.try_write().unwrap();
        assert!(matches!(lock.try_read(), Err(TryLockError::WouldBlock)));
        drop(writer);
        assert_eq!(lock.into_inner().unwrap(), 2);
    });
}

#[cfg(since_1_92)]
#[clippy::msrv = "1.92"]
#[test]
fn a_downgraded_writer_lets_readers_in_and_no_writer() {
    check(|| {
        let lock = Arc::new(RwLock::new(1));
        let mut writing = lock.write().unwrap();
        *writing = 2;
        let other = Arc::clone(&lock);
        let writer = thread::spawn(move || *other.write().unwrap() += 1);
        let reading = lib::sync::RwLockWriteGuard::downgrade(writing);
        assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
        assert_eq!(*reading, 2);
        drop(reading);
        writer.join().unwrap();
        assert_eq!(*lock.read().unwrap(), 3);
    });
}

#[test]
fn a_static_lock_works() {
    static LOCK: Mutex<u32> = Mutex::new(0);
    static TABLE: RwLock<u32> = RwLock::new(0);
    check(|| {
        let before = *LOCK.lock().unwrap();
        *LOCK.lock().unwrap() = before + 1;
        *TABLE.write().unwrap() = before;
        let _same = *TABLE.read().unwrap();
    });
}
