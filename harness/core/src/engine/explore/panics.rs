//! What a task's panic said and where, caught by a hook that keeps quiet about it.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

use crate::engine::stress::AMBIENT_EPOCH;
use crate::raw;
use crate::site::Place;

/// A panic's message and place.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) message: String,
    pub(crate) at: Option<Place>,
}

thread_local! {
    static LAST: RefCell<Option<Said>> = const { RefCell::new(None) };
}

/// Puts the hook in place, once a process. Panics outside of a run's tasks go to the hook that
/// was there before.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // Outside of runs a panic is printed, though the task be tracked.
            let in_task = raw::with_host(|host| {
                host.epoch() != AMBIENT_EPOCH && (host.current().is_some() || host.closing())
            });
            if in_task != Some(true) {
                before(info);
                return;
            }
            let payload = info.payload();
            let message = payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| payload.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "a value that is not text".to_owned());
            let at = info.location().map(|location| Place {
                file: location.file().to_owned(),
                line: location.line(),
                column: location.column(),
            });
            LAST.with(|last| *last.borrow_mut() = Some(Said { message, at }));
        }));
    });
}

/// What the last panic on this thread said. It is told once.
pub(crate) fn take() -> Said {
    LAST.with(|last| last.borrow_mut().take()).unwrap_or(Said {
        message: "unwound without a panic (`resume_unwind`)".to_owned(),
        at: None,
    })
}
