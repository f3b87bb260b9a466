//! Counts what the runs of a hunt showed of the program, from many threads.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use standstill_engine::Run;
use standstill_model::account::Account;

use crate::runner::distinct::Distinct;

/// The counts so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    orders: Distinct,
    tasks: AtomicU32,
    raw_tasks: AtomicBool,
}

impl Tally {
    /// Counts a run.
    pub(crate) fn add(&self, run: &Run) {
        if let Some(order) = run.order {
            self.orders.add(order);
        }
        if self.tasks.load(Ordering::Relaxed) < run.tasks {
            self.tasks.fetch_max(run.tasks, Ordering::Relaxed);
        }
        if run.raw_tasks {
            self.raw_tasks.store(true, Ordering::Relaxed);
        }
    }

    /// The account of these runs.
    pub(crate) fn account(&self) -> Account {
        let mut account = Account::default();
        account.tasks = self.tasks.load(Ordering::Relaxed);
        account.interleavings = self.orders.estimate();
        account.raw_tasks = self.raw_tasks.load(Ordering::Relaxed);
        account
    }
}
