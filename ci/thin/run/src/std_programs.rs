//! Of the drop-in for std.

use std::cell::Cell;
use std::time::Duration;

use standstill_std::parking_lot as pl;
use standstill_std::sync::mpsc::{channel, sync_channel};
use standstill_std::sync::{Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};
use standstill_std::thread::{self, JoinHandle};

use crate::{Checks, leaked};

standstill_std::thread_local! {
    static CALLS: Cell<u32> = const { Cell::new(0) };
    static NAME: String = "thread".to_owned();
}

/// Three threads that do the same.
fn three(f: impl Fn() + Copy + Send + 'static) {
    let threads: Vec<JoinHandle<()>> = (0..3).map(|_| thread::spawn(f)).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

pub(crate) fn run(checks: &mut Checks) {
    checks.run("std_mutex", || async {
        let mutex = leaked(Mutex::new(0));
        three(|| {
            *mutex.lock().unwrap() += 1;
            drop(mutex.try_lock());
        });
    });
    checks.run("std_rwlock", || async {
        let lock = leaked(RwLock::new(0));
        three(|| {
            let _ = *lock.read().unwrap();
            let writer = lock.write().unwrap();
            drop(standstill_std::sync::RwLockWriteGuard::downgrade(writer));
            drop(lock.try_read());
        });
    });
    checks.run("std_condvar", || async {
        let (mutex, condvar) = leaked((Mutex::new(0), Condvar::new()));
        three(|| {
            *mutex.lock().unwrap() += 1;
            condvar.notify_all();
            let guard = mutex.lock().unwrap();
            let guard = condvar.wait_while(guard, |count| *count < 3).unwrap();
            drop(condvar.wait_timeout(guard, Duration::from_millis(1)));
        });
    });
    checks.run("std_channel", || async {
        let (sender, receiver) = channel();
        for number in 0..2 {
            let sender = sender.clone();
            thread::spawn(move || sender.send(number).unwrap());
        }
        drop(sender);
        assert_eq!(receiver.iter().count(), 2);
        assert!(receiver.recv_timeout(Duration::from_millis(1)).is_err());
    });
    for bound in [0, 1] {
        checks.run(&format!("std_sync_channel_{bound}"), move || async move {
            let (sender, receiver) = sync_channel(bound);
            for number in 0..2 {
                let sender = sender.clone();
                thread::spawn(move || sender.send(number).unwrap());
            }
            drop(sender);
            assert_eq!(receiver.iter().count(), 2);
        });
    }
    checks.run("std_scope", || async {
        let number = 4;
        let sum = thread::scope(|scope| {
            let left = scope.spawn(|| number + 1);
            let right = scope.spawn(|| number + 2);
            left.join().unwrap() + right.join().unwrap()
        });
        assert_eq!(sum, 11);
    });
    checks.run("std_spawn", || async {
        let thread = thread::spawn(|| vec![1, 2, 3]);
        drop(thread.thread().clone());
        drop(thread::current());
        while !thread.is_finished() {
            thread::yield_now();
        }
        assert_eq!(thread.join().unwrap().len(), 3);
        drop(thread::spawn(|| ()));
    });
    checks.run("std_park", || async {
        let thread = thread::spawn(|| {
            thread::park();
            thread::park_timeout(Duration::from_millis(1));
            thread::sleep(Duration::from_millis(1));
        });
        thread.thread().unpark();
        thread.join().unwrap();
    });
    checks.run("std_cells", || async {
        let once = leaked(Once::new());
        let cell = leaked(OnceLock::new());
        let lazy: &LazyLock<u32> = leaked(LazyLock::new(|| 4));
        three(|| {
            once.call_once(|| ());
            assert_eq!(*cell.get_or_init(|| 3) + **lazy, 7);
        });
        assert_eq!((cell.get(), cell.set(1)), (Some(&3), Err(1)));
    });
    checks.run("std_thread_local", || async {
        three(|| {
            CALLS.set(CALLS.get() + 1);
            assert_eq!(CALLS.get(), NAME.with(String::len) as u32 - 5);
        });
    });
    checks.run("parking_lot_mutex", || async {
        let mutex = leaked(pl::Mutex::new(0));
        three(|| {
            *mutex.lock() += 1;
            drop(mutex.try_lock());
            drop(mutex.try_lock_for(Duration::from_millis(1)));
        });
    });
    checks.run("parking_lot_rwlock", || async {
        let lock = leaked(pl::RwLock::new(0));
        three(|| {
            let _ = *lock.read();
            drop(pl::RwLockWriteGuard::downgrade(lock.write()));
            drop(lock.try_read_for(Duration::from_millis(1)));
        });
    });
    checks.run("parking_lot_condvar", || async {
        let (mutex, condvar) = leaked((pl::Mutex::new(0), pl::Condvar::new()));
        three(|| {
            *mutex.lock() += 1;
            condvar.notify_all();
            let mut guard = mutex.lock();
            while *guard < 3 {
                condvar.wait(&mut guard);
            }
            condvar.wait_for(&mut guard, Duration::from_millis(1));
        });
    });
}
