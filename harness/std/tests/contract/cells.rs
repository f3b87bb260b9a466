use crate::panic_of;
use lib::sync::{Arc, LazyLock, Once, OnceLock};
use lib::thread;

#[test]
fn something_is_done_once() {
    check(|| {
        let shared = Arc::new((Once::new(), lib::sync::atomic::AtomicU32::new(0)));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    shared.0.call_once(|| {
                        thread::yield_now();
                        shared.1.fetch_add(1, lib::sync::atomic::Ordering::SeqCst);
                    });
                    assert!(shared.0.is_completed());
                    assert_eq!(shared.1.load(lib::sync::atomic::Ordering::SeqCst), 1);
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_panic_poisons_once_until_it_is_forced() {
    check(|| {
        let once = Once::new();
        assert_eq!(panic_of(|| once.call_once(|| panic!("first"))), "first");
        assert!(!once.is_completed());
        let text = panic_of(|| once.call_once(|| {}));
        assert_eq!(text, "Once instance has previously been poisoned");
        once.call_once_force(|state| assert!(state.is_poisoned()));
        once.call_once(|| unreachable!("it was done"));
    });
}

#[test]
fn a_cell_is_set_once() {
    check(|| {
        let cell = Arc::new(OnceLock::new());
        assert_eq!(cell.get(), None);
        let threads: Vec<_> = (0..3)
            .map(|number| {
                let cell = Arc::clone(&cell);
                thread::spawn(move || *cell.get_or_init(|| number))
            })
            .collect();
        let seen: Vec<i32> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(seen.iter().all(|number| Some(number) == cell.get()));
        assert_eq!(cell.set(9), Err(9));
        let failed = OnceLock::<u32>::new();
        assert_eq!(panic_of(|| *failed.get_or_init(|| panic!("no value"))), "no value");
        assert_eq!(*failed.get_or_init(|| 3), 3);
        assert_eq!(failed.into_inner(), Some(3));
        let waited = Arc::new(OnceLock::new());
        let setter = Arc::clone(&waited);
        let thread = thread::spawn(move || setter.set(4));
        assert_eq!(*waited.wait(), 4);
        thread.join().unwrap().unwrap();
    });
}

#[test]
fn a_lazy_value_is_made_when_it_is_used() {
    check(|| {
        let lazy = Arc::new(LazyLock::new(|| vec![1, 2]));
        assert_eq!(format!("{lazy:?}"), "LazyLock(<uninit>)");
        let other = Arc::clone(&lazy);
        let thread = thread::spawn(move || other.len());
        assert_eq!(lazy[1], 2);
        assert_eq!(thread.join().unwrap(), 2);
        assert_eq!(LazyLock::force(&lazy).len(), 2);
        let failed: LazyLock<u32> = LazyLock::new(|| panic!("no value"));
        assert_eq!(panic_of(|| *failed), "no value");
        let text = panic_of(|| *failed);
        assert_eq!(text, "LazyLock instance has previously been poisoned");
    });
}
