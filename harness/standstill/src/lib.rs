//! Standstill finds the schedule under which a concurrent program hangs, explains it, and keeps it as a
//! regression test.
//!
//! Put this crate into `[dev-dependencies]`, and the drop-in for tokio into `[dependencies]`:
//!
//! ```toml
//! [dependencies]
//! tokio = { package = "standstill-tokio", version = "0.1", features = ["full"] }
//!
//! [dev-dependencies]
//! standstill = "0.1"
//! ```
//!
//! In a production build the drop-in is tokio and nothing else. In tests this crate enables it, and a
//! test runs under thousands of schedules:
//!
//! ```
//! use std::sync::Arc;
//! use tokio::sync::Mutex;
//!
//! standstill::check(|| async {
//!     let counter = Arc::new(Mutex::new(0));
//!     let other = Arc::clone(&counter);
//!     let task = tokio::spawn(async move { *other.lock().await += 1 });
//!     *counter.lock().await += 1;
//!     task.await.unwrap();
//!     assert_eq!(*counter.lock().await, 2);
//! });
//! ```
//!
//! - [`check`] and [`test`](macro@test): for tests;
//! - [`Hunt`]: the same with every setting, as a builder;
//! - [`Scenario`]: a program with a name, knobs and variants, for the command line;
//! - [`Plan`], [`Runner`]: for replaying findings;
//! - `Property`, with the feature `proptest`: the same over every load in range, with shrinking and a
//!   corpus of failures;
//! - `fuzz`, with the feature `fuzz`: fuzz targets whose input is the schedule.

mod corpus;
#[cfg(feature = "tokio")]
pub mod leaks;
#[cfg(feature = "proptest")]
mod property;
#[cfg(feature = "shuttle")]
mod shuttle_body;
pub mod test_support;
#[cfg(feature = "tokio")]
pub mod watchdog;

pub use corpus::{Corpus, CorpusError, Entry, Expectation, Loaded};
#[cfg(feature = "proptest")]
pub use property::{DEFAULT_CASES, Falsified, PropertyError, loads, plans};
#[cfg(feature = "shuttle")]
pub use shuttle_body::{shuttle_body, shuttle_body_of};

/// Runs in child processes.
pub mod isolation {
    pub use standstill_engine::isolation::{Launcher, is_child};

    use super::{Plan, Program};

    /// Makes the runs that the parent process orders, of the programs that `find` knows. Exits the
    /// process when there is nothing more to do.
    pub fn serve(find: impl Fn(&Plan) -> Option<Program>) -> ! {
        standstill_hunt::runner::prepare();
        standstill_engine::isolation::serve(find)
    }
}

#[cfg(feature = "fuzz")]
pub use standstill_hunt::fuzz;
pub use standstill_hunt::{
    Again, CHECK_SCHEDULES, Completion, Conclusion, DEFAULT_EXECUTIONS, DEFAULT_HUNT_FIRST,
    DEFAULT_MINIMISE_BUDGET, DEFAULT_SCHEDULES, DEFAULT_SLACK, Found, Hunt, HuntError, Minimise,
    Minimised, Outcome, Progress, Proof, Prove, Runner, STRESS_AGAIN, STRESS_REPLAYS, Shrunk,
    Tactic, Unproved, check, minimise_load, minimise_schedule, schedule_as_bytes,
};
#[doc(hidden)]
pub use standstill_model::duration;
pub use standstill_model::{
    Account, BlockedFact, Choice, Crash, CrashFact, DEFAULT_MAX_STEPS, DEFAULT_TOTAL_STEPS, Digest,
    EngineKind, Finding, FindingKind, Fingerprint, FingerprintError, Knob, Leaks, Load, LoadRanges,
    NoSlack, PanicFact, Plan, Preempt, Program, RangeError, RootFuture, Scenario, Schedule, Size,
    Slack, StrategyKind, ThreadFact, TokenError, Unavailable, Undecided, UnknownWord, Variant,
    Verdict,
};
pub use standstill_model::{graph, trace};
pub use standstill_report::{Report, Smaller, Workers};
pub use standstill_rt::{
    Op, Place, ResourceKind, Side, Site, TaskKind, TaskPath, TaskPathError, TaskRef, role_of,
};
pub use standstill_rt::{facade, host};

/// Engines, which execute runs.
pub mod engine {
    pub use standstill_engine::{
        DEFAULT_GRACE, DEFAULT_PATIENCE, Engine, Explore, RecordLevel, Run, Runs, Stress,
        StressSettings,
    };
}

/// An example with the drop-in for tokio, in a test of one's own:
///
/// ```
/// use std::sync::Arc;
///
/// use standstill::{Load, Property, Scenario, Variant};
/// use tokio::sync::Semaphore;
///
/// async fn pool(load: Load) {
///     let connections = Arc::new(Semaphore::new(usize::from(load.capacity)));
///     for _ in 0..load.workers {
///         let connections = Arc::clone(&connections);
///         tokio::spawn(async move { connections.acquire().await.map(drop) });
///     }
/// }
///
/// let scenario = Scenario::new("pool", "our connection pool")
///     .workers(1..=4)
///     .capacity(1..=2)
///     .variant(Variant::Own, pool);
/// Property::of(&scenario, Variant::Own).cases(64).corpus("corpus").check();
/// ```
#[cfg(feature = "proptest")]
#[doc(inline)]
pub use property::Property;
pub use standstill_macros::test;

#[cfg(feature = "tokio-stream")]
use tokio_stream as _;
#[cfg(feature = "tokio-util")]
use tokio_util as _;

// The dependency enables the drop-in; nothing of it is used here.
#[cfg(feature = "tokio")]
use tokio as _;
