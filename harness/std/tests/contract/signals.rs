use lib::sync::{Arc, Barrier, Condvar, Mutex};
use lib::thread;
use lib::time::{Duration, Instant};

#[test]
fn a_condition_is_waited_for() {
    check(|| {
        let state = Arc::new((Mutex::new(0), Condvar::new()));
        let other = Arc::clone(&state);
        let thread = thread::spawn(move || {
            for _ in 0..2 {
                *other.0.lock().unwrap() += 1;
                other.1.notify_one();
            }
        });
        let mut guard = state.0.lock().unwrap();
        while *guard == 0 {
            guard = state.1.wait(guard).unwrap();
        }
        let guard = state.1.wait_while(guard, |count| *count < 2).unwrap();
        assert_eq!(*guard, 2);
        drop(guard);
        thread.join().unwrap();
    });
}

#[test]
fn everybody_is_notified() {
    check(|| {
        let state = Arc::new((Mutex::new(false), Condvar::new()));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let state = Arc::clone(&state);
                thread::spawn(move || {
                    let guard = state.0.lock().unwrap();
                    let guard = state.1.wait_while(guard, |open| !*open).unwrap();
                    assert!(*guard);
                })
            })
            .collect();
        *state.0.lock().unwrap() = true;
        state.1.notify_all();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_wait_with_a_limit_ends() {
    check(|| {
        let (mutex, condvar) = (Mutex::new(()), Condvar::new());
        let start = Instant::now();
        let limit = Duration::from_millis(20);
        let guard = mutex.lock().unwrap();
        let (guard, result) = condvar.wait_timeout_while(guard, limit, |()| true).unwrap();
        assert!(result.timed_out());
        assert!(start.elapsed() >= limit);
        let (_guard, result) = condvar.wait_timeout_while(guard, limit, |()| false).unwrap();
        assert!(!result.timed_out());
    });
}

#[test]
fn a_barrier_has_one_leader_a_round() {
    check(|| {
        let barrier = Arc::new(Barrier::new(3));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                thread::spawn(move || {
                    (0..2).filter(|_| barrier.wait().is_leader()).count()
                })
            })
            .collect();
        let leaders = threads.into_iter().map(|thread| thread.join().unwrap());
        assert_eq!(leaders.sum::<usize>(), 2);
        assert!(Barrier::new(1).wait().is_leader() && Barrier::new(0).wait().is_leader());
    });
}

#[test]
fn a_park_token_is_kept() {
    check(|| {
        let parked = thread::spawn(|| {
            thread::park();
            thread::park_timeout(Duration::from_millis(5));
        });
        parked.thread().unpark();
        parked.join().unwrap();
        thread::current().unpark();
        thread::park();
    });
}
