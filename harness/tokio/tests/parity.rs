//! The contract of tokio's interface, written once and kept three ways: by tokio itself, by the
//! drop-in outside of runs, and by the drop-in inside, under many schedules.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// No contract takes longer: this is a tester of hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `test` on a thread of its own, but not for ever.
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

/// Polls once, without anybody to wake.
fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Whether `future` is pending when it is polled once.
fn is_pending<F: Future + ?Sized>(future: Pin<&mut F>) -> bool {
    poll(future).is_pending()
}

/// What `f` panics with.
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
        }
    };
}

/// Runs a contract on a runtime whose clock is paused.
macro_rules! check_on_a_runtime {
    () => {
        fn check<F, R>(body: F)
        where
            F: Fn() -> R + Send + Sync + 'static,
            R: std::future::Future<Output = ()> + 'static,
        {
            super::limited(move || {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .start_paused(true)
                    .build()
                    .expect("a runtime")
                    .block_on(body());
            });
        }
    };
}

mod by_tokio {
    use ::tokio;

    check_on_a_runtime!();
    all_contracts!();
}

mod by_the_drop_in {
    use ::standstill_tokio as tokio;

    check_on_a_runtime!();
    all_contracts!();
}

/// Runs a contract in runs of an engine. `$with` sets the hunt up for it.
#[cfg(feature = "standstill")]
macro_rules! check_in_runs {
    ($with:expr) => {
        use ::standstill_tokio as tokio;

        fn check<F, R>(body: F)
        where
            F: Fn() -> R + Send + Sync + 'static,
            R: std::future::Future<Output = ()> + 'static,
        {
            super::limited(move || {
                let hunt = standstill_core::Hunt::new("contract")
                    .schedules(300)
                    .seed(7);
                let with: fn(standstill_core::Hunt) -> standstill_core::Hunt = $with;
                with(hunt).run(body).assert_clean();
            });
        }
    };
}

#[cfg(feature = "standstill")]
mod by_the_drop_in_under_explore {
    check_in_runs!(|hunt| hunt);
    all_contracts!();
}
