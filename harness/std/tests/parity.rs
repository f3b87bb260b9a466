//! The contract of std's interface, written once and kept three ways: by std itself, by the drop-in
//! outside of runs, and by the drop-in inside, under many schedules.

use std::sync::mpsc::{RecvTimeoutError, channel};
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

/// What `f` panics with.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    let payload = panic.err().expect("it panics");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().expect("a message")).to_owned(),
    }
}

macro_rules! all_contracts {
    () => {
        mod locks {
            use super::{check, lib};
            include!("contract/locks.rs");
        }
        mod signals {
            use super::{check, lib};
            include!("contract/signals.rs");
        }
        mod cells {
            use super::{check, lib};
            include!("contract/cells.rs");
        }
        mod channels {
            use super::{check, lib};
            include!("contract/channels.rs");
        }
        mod threads {
            use super::{check, lib};
            include!("contract/threads.rs");
        }
        mod atomics {
            use super::{check, lib};
            include!("contract/atomics.rs");
        }
    };
}

/// Calls a contract as it is.
macro_rules! check_on_threads {
    () => {
        fn check(body: fn()) {
            super::limited(body);
        }
    };
}

mod by_std {
    use ::std as lib;

    check_on_threads!();
    all_contracts!();
}

mod by_the_drop_in {
    use ::standstill_std as lib;

    check_on_threads!();
    all_contracts!();
}

/// Calls a contract in runs of an engine.
#[cfg(feature = "standstill")]
macro_rules! check_in_runs {
    ($engine:ident) => {
        use ::standstill_std as lib;
        use standstill_hunt::Hunt;
        use standstill_model::{EngineKind, Preempt};

        fn check(body: fn()) {
            super::limited(move || {
                for preempt in [Preempt::Op, Preempt::Await] {
                    Hunt::new("contract")
                        .engine(EngineKind::$engine)
                        .schedules(300)
                        .seed(7)
                        .preempt(preempt)
                        .run(move || async move { body() })
                        .assert_clean();
                }
            });
        }
    };
}

#[cfg(feature = "standstill")]
mod by_the_drop_in_under_explore {
    check_in_runs!(Explore);
    all_contracts!();
}

#[cfg(feature = "shuttle")]
mod by_the_drop_in_under_shuttle {
    check_in_runs!(Shuttle);
    all_contracts!();
}
