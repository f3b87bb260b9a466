//! Shuttle reports every panic of the process on stderr, once it has run. Ours are findings.

use std::panic;
use std::sync::Once;

use shuttle_engine::runtime::execution::{ExecutionState, ExecutionStateBorrowError};
use shuttle_engine::{Config, Runner};
use shuttle_schedulers::RoundRobinScheduler;
use standstill_rt::panics;

/// Puts a hook in front of Shuttle's, once a process: a panic of our tasks is kept, one in another
/// execution of Shuttle's goes to Shuttle's hook, any other to the hook that was there before.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        // Shuttle's is installed with the first execution of the process.
        Runner::new(RoundRobinScheduler::new(1), Config::new()).run(|| {});
        let shuttles = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if panics::is_uncounted(info) || panics::note(info) {
                return;
            }
            match ExecutionState::try_with(|_| ()) {
                Err(ExecutionStateBorrowError::NotSet) => before(info),
                _ => shuttles(info),
            }
        }));
    });
}
