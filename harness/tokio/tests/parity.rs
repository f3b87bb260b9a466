//! The contract of tokio's interface, written once and kept three ways: by tokio itself, by the
//! drop-in outside of runs, and by the drop-in inside, under many schedules.

include!("contract/support.rs");

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

#[cfg(feature = "standstill")]
mod by_the_drop_in_inside_of_a_run {
    use ::standstill_tokio as tokio;

    fn check<F, R>(body: F)
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: std::future::Future<Output = ()> + 'static,
    {
        super::limited(move || {
            standstill_core::Hunt::new("contract")
                .schedules(300)
                .seed(7)
                .run(body)
                .assert_clean();
        });
    }

    all_contracts!();
}
