//! The contract of tokio's interface, for the drop-in outside runs while its tasks are tracked, as for a
//! watchdog. Tracking stays enabled once it is, so this is a separate process.

include!("contract/support.rs");

mod by_the_drop_in_when_tracked {
    use ::standstill_tokio as tokio;

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
                .block_on(async {
                    let _tracked = standstill_engine::stress::tracking::start();
                    body().await;
                });
        });
    }

    all_contracts!();
}
