//! Watches engine threads from outside: do they still make progress?

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use standstill_engine::pulse::{Pulse, Reading};
use standstill_engine::threads::{self, ThreadState};
use standstill_model::finding::BlockedFact;
use standstill_rt::task::role_of;

use crate::runner::distinct::Distinct;

/// Counts what a hunt has done so far, for whoever displays its progress.
#[derive(Debug, Default)]
pub struct Progress {
    schedules: AtomicU64,
    steps: AtomicU64,
    found: AtomicU64,
    orders: Distinct,
}

impl Progress {
    /// Counts one more run. `order` is as [`Run::order`](standstill_engine::Run::order).
    pub fn add(&self, steps: u64, order: Option<u64>) {
        self.schedules.fetch_add(1, Ordering::Relaxed);
        self.steps.fetch_add(steps, Ordering::Relaxed);
        if let Some(order) = order {
            self.orders.add(order);
        }
    }

    /// Counts one more finding.
    pub fn add_found(&self) {
        self.found.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs of the stress engine that had a finding. The other engines count theirs when the hunt is
    /// over.
    pub fn found(&self) -> u64 {
        self.found.load(Ordering::Relaxed)
    }

    /// Schedules run.
    pub fn schedules(&self) -> u64 {
        self.schedules.load(Ordering::Relaxed)
    }

    /// Roughly how many different interleavings there were among the schedules, within a few percent.
    /// Runs under different loads, or with the same choices and other timers, may count as one. 0 where
    /// the engine does not know.
    pub fn interleavings(&self) -> u64 {
        self.orders.estimate()
    }

    /// Steps made.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }
}

/// A step that takes longer than this, with its thread asleep, counts as stuck.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// How often the watcher checks.
pub const TICK: Duration = Duration::from_millis(50);

/// An engine thread that sleeps inside a step.
#[derive(Clone, Debug)]
pub struct Stuck {
    /// Other tasks were suspended inside their polls, and may hold what it waits for: then the engine
    /// itself may have caused it.
    pub others_suspended: bool,
    /// The task and the thread.
    pub fact: BlockedFact,
}

impl Stuck {
    fn new(reading: &Reading) -> Self {
        let site = reading.task.map(|task| task.site);
        Self {
            others_suspended: reading.suspended > 0,
            fact: BlockedFact {
                role: reading
                    .task
                    .map_or_else(|| "task".to_owned(), |task| role_of(task.type_name)),
                spawned_at: site.map(Into::into),
                last: reading.last.map(|(op, site)| (op, site.into())),
                thread: None,
            },
        }
    }

    /// The last operation before the thread got stuck, with its place in the source.
    pub fn operation(&self) -> String {
        match &self.fact.last {
            Some((op, place)) => {
                format!("a step of `{}`, after {op} at {place}", self.fact.role)
            }
            None => format!("a step of `{}`", self.fact.role),
        }
    }
}

/// Checks one engine thread periodically.
#[derive(Debug)]
pub struct Watch {
    pulse: Arc<Pulse>,
    beats: u64,
    state: Option<ThreadState>,
    since: Instant,
}

impl Watch {
    /// Watches the engine that beats `pulse`.
    pub fn new(pulse: Arc<Pulse>) -> Self {
        Self {
            pulse,
            beats: 0,
            state: None,
            since: Instant::now(),
        }
    }

    /// Whether the thread has been asleep inside one step for longer than the patience. It must not have
    /// used CPU time meanwhile: a long computation is not stuck.
    pub fn look(&mut self) -> Option<Stuck> {
        let reading = self.pulse.read();
        let state = threads::state(reading.thread);
        let asleep = state.is_some_and(|state| state.asleep);
        let same = reading.in_step && reading.beats == self.beats && state == self.state;
        if !(asleep && same) {
            self.beats = reading.beats;
            self.state = state;
            self.since = Instant::now();
            return None;
        }
        (self.since.elapsed() > PATIENCE).then(|| Stuck::new(&reading))
    }
}
