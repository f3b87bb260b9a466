//! `#[standstill::test(engine = "stress")]`: the test binary is executed again for each process.

use std::sync::Arc;

use tokio::sync::Mutex;

async fn add(counter: Arc<Mutex<u32>>) {
    *counter.lock().await += 1;
}

#[standstill::test(engine = "stress", schedules = 50)]
async fn a_program_is_run_in_a_process_of_its_own() {
    let counter = Arc::new(Mutex::new(0));
    let task = tokio::spawn(add(counter.clone()));
    add(counter.clone()).await;
    task.await.unwrap();
    assert_eq!(*counter.lock().await, 2);
}

mod nested {
    #[standstill::test(engine = "stress", schedules = 2)]
    #[should_panic(expected = "exited with code 7")]
    async fn a_test_in_a_module_fails_with_what_its_process_did() {
        std::process::exit(7);
    }
}
