//! The contract of tokio's interface once more, kept by the drop-in outside of runs while its tasks
//! are tracked there, as for a watchdog. Once on that stays on, so it is a process of its own.

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
