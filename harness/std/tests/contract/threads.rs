use crate::panic_of;
use lib::sync::atomic::{AtomicU32, Ordering};
use lib::thread;
use lib::time::{Duration, Instant};

#[test]
fn a_thread_gives_its_result() {
    check(|| {
        let handle = thread::Builder::new()
            .name("adder".to_owned())
            .stack_size(1 << 20)
            .spawn(|| (thread::current().name().map(str::to_owned), 1 + 1))
            .unwrap();
        assert_eq!(handle.thread().name(), Some("adder"));
        assert_ne!(handle.thread().id(), thread::current().id());
        assert_eq!(handle.join().unwrap(), (Some("adder".to_owned()), 2));
        assert_eq!(thread::current().id(), thread::current().id());
    });
}

#[test]
fn a_thread_is_finished_when_it_has_ended() {
    check(|| {
        let handle = thread::spawn(|| {});
        while !handle.is_finished() {
            thread::yield_now();
        }
        handle.join().unwrap();
    });
}

#[test]
fn a_scope_waits_for_its_threads() {
    check(|| {
        let mut list = vec![1, 2];
        let count = AtomicU32::new(0);
        let sum = thread::scope(|scope| {
            scope.spawn(|| count.fetch_add(1, Ordering::SeqCst));
            scope.spawn(|| {
                scope.spawn(|| count.fetch_add(1, Ordering::SeqCst));
                count.fetch_add(1, Ordering::SeqCst);
            });
            scope.spawn(|| list.iter().sum::<i32>()).join().unwrap()
        });
        list.push(sum);
        assert_eq!((list, count.into_inner()), (vec![1, 2, 3], 3));
    });
}

#[test]
fn a_scope_tells_of_a_panic_unless_it_was_heard() {
    check(|| {
        let heard = thread::scope(|scope| scope.spawn(|| panic!("heard")).join().is_err());
        assert!(heard);
        let text = panic_of(|| {
            thread::scope(|scope| {
                scope.spawn(|| panic!("unheard"));
            });
        });
        assert!(text.starts_with("a scoped thread panicked"), "{text}");
        let text = panic_of(|| {
            thread::scope(|scope| {
                scope.spawn(|| {});
                panic!("its own");
            });
        });
        assert_eq!(text, "its own");
    });
}

#[test]
fn the_clock_goes_on_while_a_thread_sleeps() {
    check(|| {
        let start = Instant::now();
        thread::sleep(Duration::from_millis(10));
        let passed = start.elapsed();
        assert!(passed >= Duration::from_millis(10));
        let later = start + Duration::from_secs(1);
        assert_eq!(later - start, Duration::from_secs(1));
        assert_eq!(start.saturating_duration_since(later), Duration::ZERO);
        assert_eq!(start.checked_duration_since(later), None);
        assert!(later > start);
    });
}

#[test]
fn each_thread_has_values_of_its_own() {
    use std::cell::{Cell, RefCell};
    lib::thread_local! {
        /// A number.
        static NUMBER: Cell<u32> = const { Cell::new(1) };
        static LIST: RefCell<Vec<u32>> = RefCell::new(vec![1]);
    }
    check(|| {
        NUMBER.set(5);
        LIST.with_borrow_mut(|list| list.push(2));
        let thread = thread::spawn(|| (NUMBER.replace(8), NUMBER.take(), LIST.take()));
        assert_eq!(thread.join().unwrap(), (1, 8, vec![1]));
        assert_eq!(NUMBER.get(), 5);
        assert_eq!(LIST.with_borrow(Vec::len), 2);
        LIST.set(vec![1]);
        assert_eq!(LIST.replace(vec![1]), [1]);
        assert_eq!(NUMBER.try_with(Cell::get), Ok(5));
    });
}
