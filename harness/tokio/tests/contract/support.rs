// Shared by the contracts and the tests that run them.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The time limit of a contract. These tests check a hang tester, so they must not hang themselves.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `test` on its own thread, with a time limit.
fn limited(test: impl FnOnce() + Send + 'static) {
    let (done, ended) = channel();
    let thread = std::thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    match ended.recv_timeout(LIMIT) {
        Err(RecvTimeoutError::Timeout) => panic!("it hangs"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// Polls once, with a waker that does nothing.
fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Whether `future` is pending when it is polled once.
fn is_pending<F: Future + ?Sized>(future: Pin<&mut F>) -> bool {
    poll(future).is_pending()
}

/// The message that `f` panics with.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    let payload = panic.err().expect("it panics");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().expect("a message")).to_owned(),
    }
}

macro_rules! contracts {
    ($($name:ident = $file:literal;)*) => {$(
        mod $name {
            use super::{check, tokio};
            include!($file);
        }
    )*};
}

macro_rules! all_contracts {
    () => {
        contracts! {
            locks = "contract/locks.rs";
            signals = "contract/signals.rs";
            channels = "contract/channels.rs";
            watches = "contract/watches.rs";
            tasks = "contract/tasks.rs";
            locals = "contract/locals.rs";
            timers = "contract/timers.rs";
            selects = "contract/selects.rs";
            promises = "contract/promises.rs";
            sends = "contract/sends.rs";
            local_sets = "contract/local_sets.rs";
            queues = "contract/queues.rs";
            given_up = "contract/given_up.rs";
            ends = "contract/ends.rs";
            forms = "contract/forms.rs";
        }
    };
}
