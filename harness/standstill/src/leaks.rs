//! Leaks in plain tokio tests: which tasks have not ended when a test is over?
//!
//! ```
//! # use standstill as standstill;
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let mark = standstill::leaks::mark();
//! // ... what is tested ...
//! mark.assert_none().await;
//! # });
//! ```
//!
//! Only tasks that were spawned through the drop-in, on the runtime of the mark, are known: so tests
//! that run in parallel do not see each other's tasks. A task may outlive the check by a grace period.
//! Tasks that were spawned at allowed places may outlive it for ever.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::{Duration, Instant};

use real_tokio::runtime::Handle;
use standstill_engine::DEFAULT_GRACE;
use standstill_engine::stress::tracking;
use standstill_model::graph::WaitGraph;
use standstill_report as report;
use standstill_rt::driver::RuntimeId;
use standstill_rt::site::{Place, Site};
use standstill_rt::task::TaskRef;
use tokio::driver::id_of;

/// How often to check whether the tasks have ended.
const LOOK: Duration = Duration::from_millis(5);

/// Marks this moment, and enables tracking: tasks that are spawned from now on count.
///
/// # Panics
///
/// Outside of a tokio runtime.
#[track_caller]
pub fn mark() -> Mark {
    Mark {
        home: id_of(&Handle::current()),
        since: tracking::start().serials(),
        grace: DEFAULT_GRACE,
        allowed: Vec::new(),
    }
}

/// Panics if tasks that were spawned on this runtime since tracking began are alive after the grace
/// period. It requires an earlier call of [`mark`].
///
/// # Panics
///
/// If there are such tasks; if nothing was marked; and outside of a tokio runtime.
#[track_caller]
pub fn assert_none() -> impl Future<Output = ()> {
    assert!(
        tracking::tracked().is_some(),
        "tasks are not tracked yet: call `standstill::leaks::mark()` at the beginning of the test"
    );
    let mut all = mark();
    all.since = 0;
    all.assert_none()
}

/// A moment in a test.
#[derive(Clone, Debug)]
pub struct Mark {
    home: RuntimeId,
    since: u32,
    grace: Duration,
    allowed: Vec<String>,
}

/// Tasks that were left behind. `Display` prints each with its spawn site, age and waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaked {
    /// All tasks of the runtime. Those left behind are marked as waiting or ready, the others as live.
    pub graph: WaitGraph,
    /// The places where the tasks left behind were spawned, one for each.
    pub spawned_at: Vec<Place>,
}

impl Mark {
    /// How long tasks may go on after the check has begun. Default: 250 ms.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Tasks that are spawned at this place do not count. The place is the end of a path, with a line or
    /// without (`src/pool.rs`, `pool.rs:40`).
    #[must_use]
    pub fn allow(mut self, site: impl Into<String>) -> Self {
        self.allowed.push(site.into());
        self
    }

    /// The tasks that were spawned since the mark and are still alive after the grace period. It waits
    /// no longer than necessary. On a runtime without timers it yields to the other tasks instead.
    pub async fn leaked(&self) -> Option<Leaked> {
        let began = Instant::now();
        loop {
            let left = self.left();
            if left.is_empty() {
                return None;
            }
            if began.elapsed() >= self.grace {
                let graph = tracking::start().graph(self.home, |task| {
                    left.iter().any(|(known, _)| *known == task)
                });
                return Some(Leaked {
                    graph,
                    spawned_at: left.into_iter().map(|(_, site)| site.into()).collect(),
                });
            }
            // Real time, because a paused clock would use up the grace period at once.
            let woken = real_tokio::task::spawn_blocking(|| std::thread::sleep(LOOK));
            let _ = woken.await;
        }
    }

    fn left(&self) -> Vec<(TaskRef, Site)> {
        tracking::start()
            .living(self.home)
            .into_iter()
            .filter(|living| living.task.serial >= self.since && !self.allows(living.site))
            .map(|living| (living.task, living.site))
            .collect()
    }

    fn allows(&self, site: Site) -> bool {
        let with_line = format!("{}:{}", site.file(), site.line());
        self.allowed.iter().any(|allowed| {
            ends_with_path(site.file(), allowed) || ends_with_path(&with_line, allowed)
        })
    }

    /// Panics with their names if tasks that were spawned since the mark are alive after the grace
    /// period.
    ///
    /// # Panics
    ///
    /// If there are such tasks.
    #[track_caller]
    pub fn assert_none(self) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            if let Some(leaked) = self.leaked().await {
                panic!("at {caller}: {leaked}");
            }
        }
    }
}

/// Whether a path ends with another one, comparing whole components.
fn ends_with_path(path: &str, end: &str) -> bool {
    path.strip_suffix(end)
        .is_some_and(|before| before.is_empty() || before.ends_with(['/', '\\']))
}

impl fmt::Display for Leaked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.spawned_at.len() {
            1 => writeln!(f, "1 task was left behind:")?,
            many => writeln!(f, "{many} tasks were left behind:")?,
        }
        for line in report::concerned(&self.graph) {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::ends_with_path;

    #[test]
    fn a_place_is_allowed_by_the_end_of_its_path() {
        for (path, end, fits) in [
            ("a/src/pool.rs:40", "src/pool.rs:40", true),
            ("a/src/pool.rs:40", "pool.rs:40", true),
            ("src/pool.rs", "src/pool.rs", true),
            ("src/carpool.rs", "pool.rs", false),
            ("src/pool.rs:40", "pool.rs", false),
        ] {
            assert_eq!(ends_with_path(path, end), fits, "{path} {end}");
        }
    }
}
