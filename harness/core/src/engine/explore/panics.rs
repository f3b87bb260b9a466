//! What a task's panic said and where, caught by a hook that keeps quiet about it.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use crate::raw;
use crate::site::Place;
use crate::unmodelled;

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
            if !note(info) {
                before(info);
            }
        }));
    });
}

fn text_of(payload: &(dyn Any + Send)) -> Option<String> {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
}

/// Keeps what a panic of a run's task says. False if it is none.
pub(crate) fn note(info: &PanicHookInfo<'_>) -> bool {
    let in_task = raw::with_host(|host| host.current().is_some() || host.closing());
    let explained = match in_task {
        Some(_) => text_of(info.payload()).and_then(|text| unmodelled::explained(&text)),
        None => None,
    };
    if in_task != Some(true) {
        return false;
    }
    let message = explained
        .or_else(|| text_of(info.payload()))
        .unwrap_or_else(|| "a value that is not text".to_owned());
    let at = info.location().map(|location| Place {
        file: location.file().to_owned(),
        line: location.line(),
        column: location.column(),
    });
    LAST.with(|last| *last.borrow_mut() = Some(Said { message, at }));
    true
}

/// What the last panic on this thread said. It is told once.
pub(crate) fn take() -> Said {
    LAST.with(|last| last.borrow_mut().take()).unwrap_or(Said {
        message: "unwound without a panic (`resume_unwind`)".to_owned(),
        at: None,
    })
}
