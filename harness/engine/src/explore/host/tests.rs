//! The host of the current thread.

use std::rc::Rc;
use std::sync::Arc;

use standstill_rt::current::{epoch, hosting, with_host, within};

use crate::explore::executor::Executor;

fn host(epoch: u32) -> Rc<Executor> {
    let host = Executor::shared(Arc::default());
    host.epoch.set(epoch);
    host
}

fn current() -> Option<u32> {
    with_host(|host| host.epoch())
}

#[test]
fn hosts_are_left_in_any_order() {
    let (outer, inner) = (host(7), host(8));
    hosting(&*outer, |one| {
        assert_eq!(current(), None);
        one.begin();
        hosting(&*inner, |other| {
            other.begin();
            assert_eq!((current(), epoch()), (Some(8), 8));
            one.end();
            assert_eq!((current(), epoch()), (Some(8), 8));
            one.begin();
            assert_eq!((current(), epoch()), (Some(7), 7));
            one.end();
            assert_eq!((current(), epoch()), (Some(8), 8));
        });
        assert_eq!((current(), epoch()), (None, 0));
    });
}

#[test]
fn a_host_is_left_by_a_panic_too() {
    let (outer, inner) = (host(7), host(8));
    within(&*outer, || {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            within(&*inner, || std::panic::resume_unwind(Box::new(())));
        }));
        assert!(caught.is_err());
        assert_eq!((current(), epoch()), (Some(7), 7));
    });
    assert_eq!((current(), epoch()), (None, 0));
}
