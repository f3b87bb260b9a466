//! The contract of tokio's interface. It is written once and checked three times: for tokio itself, for
//! the drop-in outside runs, and for the drop-in inside runs, under many schedules.

include!("contract/support.rs");

/// Runs a contract on a runtime with a paused clock.
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

/// Runs a contract in runs of an engine. `$with` configures the hunt.
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
                let hunt = standstill_hunt::Hunt::new("contract")
                    .schedules(300)
                    .seed(7);
                let with: fn(standstill_hunt::Hunt) -> standstill_hunt::Hunt = $with;
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

#[cfg(feature = "shuttle")]
mod by_the_drop_in_under_shuttle {
    check_in_runs!(|hunt| hunt.engine(standstill_model::EngineKind::Shuttle));
    all_contracts!();
}
