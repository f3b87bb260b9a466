//! The watchdog's decision: from observations of a run to its result.
//!
//! The length of a run alone never counts against it. What counts is the state of the tasks: whether one
//! is being polled, was woken and waits for its turn, or waits for something; whether a timer is armed;
//! and, for a poll that does not return, what its thread does. So a run that is starved by a loaded
//! machine is not stuck, however long it takes. Waiting for some time is needed only for what cannot be
//! observed: a waker that is held by a thread outside of the run.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use standstill_model::plan::Leaks;
use standstill_rt::task::{TaskKind, TaskRef};

use crate::stress::judge;
use crate::stress::partial::PartialHangs;
use crate::stress::shared::{Book, Shared};
use crate::stress::starved;
use crate::stress::suspects::{Suspect, Suspects};
use crate::threads;
use crate::timers::NEVER;
use crate::verdict::EndReason;

/// How often the watchdog checks.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// What may or may not be a hang is given this many times the patience.
const LONG: u32 = 10;

/// A run that only waits for a timer is given up after this many times the patience.
const LONGEST: u32 = 60;

/// The patience is at most this many times what was requested.
const CEILING: u32 = 10;

/// The patience is this many times the longest stillness from which a healthy run recovered by itself.
const MARGIN: u32 = 8;

/// The patience, adapted to the pace of healthy runs: between what was requested, which is the minimum,
/// and ten times that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    floor: Duration,
    longest: Duration,
}

impl Pace {
    pub(super) fn new(floor: Duration) -> Self {
        Self {
            floor,
            longest: Duration::ZERO,
        }
    }

    /// A healthy run was still for this long, and went on by itself.
    pub(super) fn learn(&mut self, stillness: Duration) {
        // Older observations count less and less.
        let faded = self.longest - self.longest / 64;
        self.longest = faded.max(stillness);
    }

    pub(super) fn patience(&self) -> Duration {
        (self.longest * MARGIN).clamp(self.floor, self.floor * CEILING)
    }
}

/// Checks a run periodically.
pub(super) struct Watch {
    patience: Duration,
    grace: Duration,
    leaks: Leaks,
    /// How many worker threads the runtime has.
    workers: usize,
    /// The process's threads before the run.
    threads: BTreeSet<u32>,
    looked: Instant,
    pulses: u64,
    progress: u64,
    /// How long nothing at all has happened.
    still: Duration,
    /// How long the run has made no progress.
    stale: Duration,
    /// The longest stillness without an armed timer that ended by itself.
    longest: Duration,
    no_timer: bool,
    suspects: Suspects,
    partial: PartialHangs,
    looked_for_partial: Duration,
    settling: Option<Settling>,
}

/// The state after the root has ended.
#[derive(Clone, Copy, Debug)]
struct Settling {
    since: Duration,
    /// When the last timer that was armed at the first quiet moment has fired.
    horizon: Duration,
    /// Whether all tasks have been quiet since: then a task that had no turn before has had one, and has
    /// armed its timer.
    quiet: bool,
    /// For how long, in total, some task was busy when it was checked.
    busy: Duration,
}

impl Watch {
    pub(super) fn new(
        patience: Duration,
        grace: Duration,
        leaks: Leaks,
        workers: usize,
        threads: BTreeSet<u32>,
    ) -> Self {
        Self {
            patience,
            grace,
            leaks,
            workers,
            threads,
            looked: Instant::now(),
            pulses: 0,
            progress: 0,
            still: Duration::ZERO,
            stale: Duration::ZERO,
            longest: Duration::ZERO,
            no_timer: false,
            suspects: Suspects::default(),
            partial: PartialHangs::default(),
            looked_for_partial: Duration::ZERO,
            settling: None,
        }
    }

    /// The longest time for which the run was still and then went on.
    pub(super) fn longest_stillness(&self) -> Duration {
        self.longest
    }

    /// Checks once. The watchdog measures stillness with a clock of its own, which does not run ahead
    /// when the process was stopped or the machine was overloaded.
    pub(super) fn look(&mut self, shared: &Shared, book: &mut Book) -> Option<EndReason> {
        let now = shared.elapsed();
        let passed = self.looked.elapsed().min(2 * TICK);
        self.looked = Instant::now();
        if shared.pulses() == 0 {
            // The runtime is still being built.
            return None;
        }
        if book.root_ended {
            return self.after_root(shared, book, now, passed);
        }
        self.count(shared, book, passed);
        let timer = book.timers.latest(NEVER);
        // A timer that fired longer ago than the patience, and that no poll has noticed, never
        // will be noticed.
        let armed = timer.is_some_and(|deadline| deadline + self.patience > now);
        self.no_timer = !armed;
        self.suspects.look(polls(book), passed);
        if let Some(reason) = self.blocked(book, now) {
            return Some(reason);
        }
        if self.still >= self.patience && shared.is_quiet() {
            return self.quiet(book, armed);
        }
        if self.still >= self.patience && !armed && starved::is_starved(book, self.workers) {
            let foreign = threads::others().difference(&self.threads).count();
            if foreign == 0 || self.still >= self.patience * LONG {
                return starved::judge(book, now);
            }
        }
        if !armed && self.stale >= self.patience * LONG && self.still < self.patience {
            return Some(EndReason::Livelock);
        }
        if now >= self.looked_for_partial + self.patience / 4 {
            self.looked_for_partial = now;
            book.take_notes();
            let dead = self.partial.look(book, now, self.patience * LONG);
            return dead.map(|dead| EndReason::PartialHang { dead });
        }
        None
    }

    fn count(&mut self, shared: &Shared, book: &Book, passed: Duration) {
        let (pulses, progress) = (shared.pulses(), shared.progress(book));
        if pulses != self.pulses {
            self.pulses = pulses;
            if self.no_timer {
                self.longest = self.longest.max(self.still);
            }
            self.still = Duration::ZERO;
        } else {
            self.still += passed;
        }
        if progress != self.progress {
            self.progress = progress;
            self.stale = Duration::ZERO;
        } else {
            self.stale += passed;
        }
    }

    /// No task is being polled, and none was woken.
    fn quiet(&self, book: &Book, armed: bool) -> Option<EndReason> {
        if armed {
            return (self.still >= self.patience * LONGEST).then_some(EndReason::Endless {
                virtual_time: Duration::ZERO,
            });
        }
        let untracked = book
            .living()
            .find(|member| !book.tracker.is_waiting(member.task));
        let foreign = threads::others().difference(&self.threads).count();
        if untracked.is_none() && foreign == 0 {
            return Some(EndReason::Hang);
        }
        if self.still < self.patience * LONG {
            return None;
        }
        Some(match untracked {
            Some(member) => EndReason::Untracked(member.task),
            None => EndReason::ForeignThread { count: foreign },
        })
    }

    /// A poll that does not return, while nothing else happens; or for so long that other activity does
    /// not matter.
    fn blocked(&self, book: &Book, now: Duration) -> Option<EndReason> {
        let alone = self.still >= self.patience;
        let counts = |suspect: &Suspect| {
            let waited = match (suspect.kind, alone) {
                (TaskKind::Async, true) => self.patience,
                // A blocking task or a thread is allowed to take long.
                (TaskKind::Async, false) | (TaskKind::Blocking | TaskKind::Thread, true) => {
                    self.patience * LONG
                }
                (TaskKind::Blocking | TaskKind::Thread, false) => return false,
            };
            suspect.slept >= waited || suspect.burnt() >= waited
        };
        let (task, suspect) = self.suspects.iter().find(|(_, suspect)| counts(suspect))?;
        let member = book.living().find(|member| member.task == task)?;
        Some(judge::blocked(member, suspect, now))
    }

    /// The root has ended. The other tasks get the grace period, and the time until the timers that are
    /// armed by then have fired. Tasks that are still working get more.
    fn after_root(
        &mut self,
        shared: &Shared,
        book: &mut Book,
        now: Duration,
        passed: Duration,
    ) -> Option<EndReason> {
        let panicked = book.panics.iter().any(|panicked| panicked.task.serial == 0);
        if book.alive == 0 || self.leaks == Leaks::Off || panicked {
            return Some(EndReason::Done);
        }
        let Some(settling) = &mut self.settling else {
            book.take_notes();
            book.tracker.mark_polls();
            self.settling = Some(Settling {
                since: now,
                horizon: now,
                quiet: false,
                busy: Duration::ZERO,
            });
            self.pulses = shared.pulses();
            self.still = Duration::ZERO;
            return None;
        };
        if !settling.quiet {
            let most = settling.since + self.patience * LONG;
            let last = book.timers.latest(NEVER).unwrap_or_default();
            settling.horizon = last.max(settling.horizon).min(most);
            settling.quiet = shared.is_quiet();
        }
        if shared.is_quiet() {
            settling.busy = settling.busy.saturating_sub(passed);
        } else {
            settling.busy += passed;
        }
        let settling = *settling;
        self.count(shared, book, passed);
        self.suspects.look(polls(book), passed);
        let timer = book.timers.latest(NEVER);
        let armed = timer.is_some_and(|deadline| deadline + self.grace > now);
        if let Some(reason) = self.blocked(book, now) {
            return Some(reason);
        }
        if shared.is_quiet() && !armed && self.still >= self.grace {
            let unseen = book
                .living()
                .any(|member| !book.tracker.is_waiting(member.task));
            let foreign = threads::others().difference(&self.threads).count();
            if (unseen || foreign > 0) && self.still < self.patience * LONG {
                return None;
            }
            return Some(EndReason::Leak { ticking: false });
        }
        let working = settling.busy > self.patience / 2;
        let extra = if working {
            self.patience * LONG
        } else {
            self.patience
        };
        let late = now > settling.horizon + extra && now > settling.since + self.grace;
        late.then_some(EndReason::Leak { ticking: true })
    }
}

fn polls(book: &Book) -> impl Iterator<Item = (TaskRef, TaskKind, crate::stress::member::Reading)> {
    book.living()
        .filter(|member| member.is_running())
        .filter_map(|member| Some((member.task, member.kind, member.reading()?)))
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use std::time::Duration;

    #[test]
    fn patience_follows_the_pace_of_healthy_runs_between_floor_and_ceiling() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::new(second);
        assert_eq!(pace.patience(), second);
        pace.learn(Duration::from_millis(20));
        assert_eq!(pace.patience(), second);
        pace.learn(Duration::from_millis(500));
        assert_eq!(pace.patience(), 4 * second);
        pace.learn(Duration::from_secs(100));
        assert_eq!(pace.patience(), 10 * second);
        for _ in 0..1_000 {
            pace.learn(Duration::ZERO);
        }
        assert_eq!(pace.patience(), second);
    }
}
