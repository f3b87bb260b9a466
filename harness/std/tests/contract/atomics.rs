use lib::sync::atomic::{AtomicBool, AtomicI8, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

#[test]
fn integers_do_what_they_say() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    check(|| {
        COUNT.fetch_add(1, Ordering::Relaxed);
        let number = AtomicU64::new(6);
        assert_eq!(number.fetch_add(4, Ordering::SeqCst), 6);
        assert_eq!(number.fetch_sub(1, Ordering::SeqCst), 10);
        assert_eq!(number.fetch_and(0b1101, Ordering::SeqCst), 9);
        assert_eq!(number.fetch_or(0b0110, Ordering::SeqCst), 9);
        assert_eq!(number.fetch_xor(0b1000, Ordering::SeqCst), 15);
        assert_eq!(number.fetch_max(20, Ordering::SeqCst), 7);
        assert_eq!(number.fetch_min(3, Ordering::SeqCst), 20);
        assert_eq!(number.swap(4, Ordering::SeqCst), 3);
        let exchanged = number.compare_exchange(4, 5, Ordering::SeqCst, Ordering::SeqCst);
        assert_eq!(exchanged, Ok(4));
        let exchanged = number.compare_exchange(4, 6, Ordering::SeqCst, Ordering::SeqCst);
        assert_eq!(exchanged, Err(5));
        let update = |n: u64| (n < 6).then_some(n + 1);
        assert_eq!(number.fetch_update(Ordering::SeqCst, Ordering::SeqCst, update), Ok(5));
        assert_eq!(number.fetch_update(Ordering::SeqCst, Ordering::SeqCst, update), Err(6));
        fence(Ordering::SeqCst);
        assert_eq!(format!("{number:?}"), "6");
        assert_eq!(number.into_inner(), 6);
        let mut small = AtomicI8::from(-1);
        *small.get_mut() -= 1;
        small.store(small.load(Ordering::Acquire) * 2, Ordering::Release);
        assert_eq!(small.load(Ordering::Relaxed), -4);
    });
}

#[test]
fn booleans_and_pointers_do_what_they_say() {
    check(|| {
        let flag = AtomicBool::default();
        assert!(!flag.fetch_or(true, Ordering::SeqCst));
        assert!(flag.fetch_not(Ordering::SeqCst));
        assert!(!flag.fetch_nand(true, Ordering::SeqCst));
        assert!(flag.fetch_xor(true, Ordering::SeqCst));
        assert!(!flag.fetch_and(true, Ordering::SeqCst));
        let mut value = 7;
        let pointer = AtomicPtr::new(&raw mut value);
        assert_eq!(pointer.load(Ordering::SeqCst), &raw mut value);
        assert_eq!(pointer.swap(std::ptr::null_mut(), Ordering::SeqCst), &raw mut value);
        assert!(pointer.into_inner().is_null());
    });
}
