//! The contract of tokio-stream's wrappers. It is written once and checked three times: for
//! tokio-stream itself, for the drop-in outside runs, and for the drop-in inside runs, under many
//! schedules.

use std::sync::mpsc::{RecvTimeoutError, channel};
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

macro_rules! contracts {
    ($($name:ident = $file:literal;)*) => {$(
        mod $name {
            use super::{check, tokio, tokio_stream};
            include!($file);
        }
    )*};
}

macro_rules! all_contracts {
    () => {
        contracts! {
            wrappers = "contract/wrappers.rs";
        }
    };
}

/// Runs a contract on a runtime with a paused clock.
macro_rules! on_a_runtime {
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
        all_contracts!();
    };
}

mod by_tokio_stream {
    use ::{tokio, tokio_stream};
    on_a_runtime!();
}

mod by_the_drop_in {
    #[cfg(feature = "standstill")]
    use ::standstill_tokio as tokio;
    use ::standstill_tokio_stream as tokio_stream;
    #[cfg(not(feature = "standstill"))]
    use ::tokio;
    on_a_runtime!();
}

/// Runs a contract in runs of an engine. `$with` configures the hunt.
#[cfg(feature = "standstill")]
macro_rules! in_runs {
    ($with:expr) => {
        use ::standstill_tokio as tokio;
        use ::standstill_tokio_stream as tokio_stream;

        fn check<F, R>(body: F)
        where
            F: Fn() -> R + Send + Sync + 'static,
            R: std::future::Future<Output = ()> + 'static,
        {
            super::limited(move || {
                let hunt = standstill_hunt::Hunt::new("contract")
                    .schedules(300)
                    .seed(7);
                let with: fn(standstill_hunt::Hunt) -> standstill_hunt::Hunt = $with;
                with(hunt).run(body).assert_clean();
            });
        }
        all_contracts!();
    };
}

#[cfg(feature = "standstill")]
mod by_the_drop_in_under_explore {
    in_runs!(|hunt| hunt);
}
