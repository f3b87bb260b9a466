//! The end of a run: whatever its tasks do in their destructors, the finding is told, and the next run
//! on the thread sees nothing of it.
//!
//! The programs hang on purpose. A task of theirs has a destructor that waits, so that other tasks are
//! ended on top of it, or that panics because what it joins was ended, so that it is abandoned.

#![expect(
    clippy::unwrap_used,
    reason = "in programs under test a panic is a finding"
)]

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use crate::common::{name_of, within};
use standstill::engine::{Engine, Explore, RecordLevel};
use standstill::{
    EngineKind, FindingKind, Hunt, Load, Outcome, Plan, Program, Runner, Schedule, StrategyKind,
    Variant, Verdict,
};
use standstill_std::sync::Mutex;
use standstill_std::thread::{self, JoinHandle};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep};

tokio::task_local! {
    static NUMBER: u32;
    static TEXT: String;
}

/// Runs a test under each engine whose runs are closed in this way.
fn under_each_engine(test: impl Fn(EngineKind) + Send + Sync + 'static) {
    within(120, move || {
        test(EngineKind::Explore);
        #[cfg(feature = "shuttle")]
        test(EngineKind::Shuttle);
    });
}

/// So many schedules of a program, one after the other on one thread, none of which may show anything
/// but the hang.
#[track_caller]
fn only_hangs<F, R>(engine: EngineKind, schedules: u64, body: F) -> Outcome
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let outcome = Hunt::new("soundness")
        .engine(engine)
        .strategy(StrategyKind::Random)
        .seed(1)
        .schedules(schedules)
        .keep_going(true)
        .minimise(0)
        .run(body);
    for found in &outcome.found {
        let panics = &found.finding.panics;
        assert_eq!(
            found.finding.kind,
            FindingKind::Hang,
            "{engine}: {panics:?}"
        );
    }
    assert_eq!(outcome.verdict.name(), "hang", "{engine}");
    let times: u64 = outcome.found.iter().map(|found| found.count).sum();
    assert_eq!((outcome.schedules, times), (schedules, schedules));
    assert_eq!(outcome.warnings, Vec::<String>::new(), "{engine}");
    outcome
}

/// Waits for a lock in its destructor.
struct LocksOnDrop(Arc<Mutex<()>>);

impl Drop for LocksOnDrop {
    fn drop(&mut self) {
        drop(self.0.lock());
    }
}

/// Joins a thread in its destructor, and takes for granted that it ends well.
struct JoinsOnDrop(Option<JoinHandle<()>>);

impl JoinsOnDrop {
    /// Of a thread that never ends.
    fn of_a_parked_thread() -> Self {
        Self(Some(thread::spawn(|| {
            loop {
                thread::park();
            }
        })))
    }
}

impl Drop for JoinsOnDrop {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            thread.join().unwrap();
        }
    }
}

/// Three locks, the first and the last of which the root never gives back.
struct Locks {
    first: Arc<Mutex<()>>,
    middle: Arc<Mutex<()>>,
    last: Arc<Mutex<()>>,
}

impl Locks {
    fn new() -> Self {
        let lock = || Arc::new(Mutex::new(()));
        Self {
            first: lock(),
            middle: lock(),
            last: lock(),
        }
    }

    /// Holds two of them for ever.
    async fn hold(&self) {
        let _first = self.first.lock().unwrap();
        let _last = self.last.lock().unwrap();
        std::future::pending::<()>().await;
    }
}

#[test]
fn a_task_that_is_ended_on_top_of_another_leaves_its_scopes_alone() {
    under_each_engine(|engine| {
        only_hangs(engine, 200, || async {
            let locks = Locks::new();
            let (first, middle) = (locks.first.clone(), locks.middle.clone());
            tokio::spawn(NUMBER.scope(1, async move {
                NUMBER.with(|_| {
                    let _locks = LocksOnDrop(middle);
                    drop(first.lock());
                });
                assert_eq!(NUMBER.get(), 1);
            }));
            let (middle, last) = (locks.middle.clone(), locks.last.clone());
            tokio::spawn(NUMBER.scope(2, async move {
                NUMBER.with(|_| {
                    let _middle = middle.lock();
                    drop(last.lock());
                });
            }));
            locks.hold().await;
        });
    });
}

/// Waits for a lock in its destructor, and looks at the task-local before and after that.
struct LooksOnDrop {
    lock: Arc<Mutex<()>>,
    own: u32,
    /// How often it saw its own value, both before and after, and something else.
    seen: Arc<(AtomicU32, AtomicU32)>,
}

impl Drop for LooksOnDrop {
    fn drop(&mut self) {
        let before = NUMBER.try_get().ok();
        drop(self.lock.lock());
        let after = NUMBER.try_get().ok();
        let right = (before, after) == (Some(self.own), Some(self.own));
        let count = if right { &self.seen.0 } else { &self.seen.1 };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_destructor_keeps_its_task_local_while_another_task_is_ended_on_top_of_it() {
    under_each_engine(|engine| {
        let seen = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
        let counted = Arc::clone(&seen);
        only_hangs(engine, 200, move || {
            let seen = Arc::clone(&counted);
            async move {
                let locks = Locks::new();
                let looks = LooksOnDrop {
                    lock: locks.middle.clone(),
                    own: 1,
                    seen,
                };
                let first = locks.first.clone();
                tokio::spawn(NUMBER.scope(1, async move {
                    let _looks = looks;
                    drop(first.lock());
                }));
                let (middle, last) = (locks.middle.clone(), locks.last.clone());
                tokio::spawn(NUMBER.scope(2, async move {
                    let _middle = middle.lock();
                    drop(last.lock());
                }));
                locks.hold().await;
            }
        });
        // It is not unwound in each schedule: its lock may be free by then.
        assert!(seen.0.load(Ordering::Relaxed) > 100, "{engine}: {seen:?}");
        assert_eq!(seen.1.load(Ordering::Relaxed), 0, "{engine}");
    });
}

#[test]
fn three_tasks_that_wait_in_destructors_are_ended_on_top_of_each_other() {
    under_each_engine(|engine| {
        let wrong = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&wrong);
        only_hangs(engine, 100, move || {
            let wrong = Arc::clone(&counted);
            async move {
                let held = Arc::new(Mutex::new(()));
                let _held = held.lock().unwrap();
                // Each waits for what the next one holds, once it is unwound.
                let locks: Vec<_> = (0..4).map(|_| Arc::new(Mutex::new(()))).collect();
                for at in 0..3 {
                    let (mine, next) = (locks[at].clone(), locks[at + 1].clone());
                    let (held, wrong) = (held.clone(), wrong.clone());
                    tokio::spawn(NUMBER.scope(u32::try_from(at).unwrap(), async move {
                        struct CallsOnDrop<F: FnMut()>(F);
                        impl<F: FnMut()> Drop for CallsOnDrop<F> {
                            fn drop(&mut self) {
                                (self.0)();
                            }
                        }
                        let before = NUMBER.get();
                        let _mine = mine.lock();
                        let _waits = CallsOnDrop(|| {
                            drop(next.lock());
                            if NUMBER.try_get() != Ok(before) || !std::thread::panicking() {
                                wrong.fetch_add(1, Ordering::Relaxed);
                            }
                        });
                        drop(held.lock());
                    }));
                }
                std::future::pending::<()>().await;
            }
        });
        assert_eq!(wrong.load(Ordering::Relaxed), 0, "{engine}");
    });
}

#[test]
fn a_task_that_spins_is_ended_on_top_of_another_too() {
    under_each_engine(|engine| {
        let outcome = Hunt::new("spins")
            .engine(engine)
            .seed(1)
            .schedules(3)
            .keep_going(true)
            .minimise(0)
            .run(|| async {
                let lock = Arc::new(Mutex::new(()));
                let (held, waits) = (lock.clone(), lock.clone());
                thread::spawn(move || {
                    let _held = held.lock();
                    loop {
                        thread::yield_now();
                    }
                });
                let _waits = LocksOnDrop(waits);
                loop {
                    tokio::task::yield_now().await;
                }
            });
        assert_eq!(outcome.verdict.name(), "livelock", "{engine}: {outcome:?}");
    });
}

async fn abandoned_in_a_scope() {
    let stale = NUMBER.try_get().ok();
    assert_eq!(stale, None, "a task-local has a value outside of any scope");
    let lock = Arc::new(Mutex::new(()));
    let _held = lock.lock().unwrap();
    let inner = lock.clone();
    tokio::spawn(NUMBER.scope(7, async move {
        let _joins = JoinsOnDrop::of_a_parked_thread();
        drop(inner.lock());
    }));
    std::future::pending::<()>().await;
}

#[test]
fn a_task_that_is_abandoned_in_its_scope_leaves_no_value_behind() {
    under_each_engine(|engine| {
        let outcome = only_hangs(engine, 40, abandoned_in_a_scope);
        let program = Program::new(|_| abandoned_in_a_scope());
        for found in &outcome.found {
            // Each on a thread that has made no run before.
            let run = Runner::new().replay(&program, &found.plan);
            let replayed = run.verdict.finding().map(|finding| &finding.fingerprint);
            assert_eq!(replayed, Some(&found.finding.fingerprint), "{engine}");
        }
    });
}

#[test]
fn a_task_that_is_abandoned_while_its_value_is_read_leaves_no_borrow_behind() {
    under_each_engine(|engine| {
        only_hangs(engine, 40, || async {
            // Refused while the value is borrowed.
            NUMBER.sync_scope(1, || assert_eq!(NUMBER.get(), 1));
            let lock = Arc::new(Mutex::new(()));
            let _held = lock.lock().unwrap();
            let inner = lock.clone();
            tokio::spawn(NUMBER.scope(7, async move {
                NUMBER.with(|_| {
                    let _joins = JoinsOnDrop::of_a_parked_thread();
                    drop(inner.lock());
                });
            }));
            std::future::pending::<()>().await;
        });
    });
}

#[test]
fn a_value_on_the_stack_of_an_abandoned_task_is_never_read_again() {
    under_each_engine(|engine| {
        only_hangs(engine, 40, || async {
            assert_eq!(TEXT.try_get().ok(), None);
            let lock = Arc::new(Mutex::new(()));
            let _held = lock.lock().unwrap();
            let inner = lock.clone();
            tokio::spawn(async move {
                TEXT.sync_scope("of a task that is gone".to_owned(), || {
                    let _joins = JoinsOnDrop::of_a_parked_thread();
                    drop(inner.lock());
                });
            });
            std::future::pending::<()>().await;
        });
    });
}

#[test]
fn what_points_to_the_stack_of_an_abandoned_task_may_outlive_its_run() {
    under_each_engine(|engine| {
        // Permits are handed out in the order of a list whose nodes are in the futures that wait, and
        // one of these is on a stack. It is shared by all runs, which is why nothing is said of what
        // they come to.
        let shared = Arc::new(Semaphore::new(0));
        let runs = Arc::new(AtomicU32::new(0));
        let (permits, counted) = (Arc::clone(&shared), Arc::clone(&runs));
        Hunt::new("shared")
            .engine(engine)
            .seed(1)
            .schedules(40)
            .keep_going(true)
            .minimise(0)
            .run(move || {
                let permits = Arc::clone(&permits);
                counted.fetch_add(1, Ordering::Relaxed);
                async move {
                    permits.add_permits(1);
                    let lock = Arc::new(Mutex::new(()));
                    let _held = lock.lock().unwrap();
                    let inner = lock.clone();
                    thread::spawn(move || {
                        let mut waits = pin!(permits.acquire_many(1_000));
                        let mut context = Context::from_waker(Waker::noop());
                        assert!(waits.as_mut().poll(&mut context).is_pending());
                        let _joins = JoinsOnDrop::of_a_parked_thread();
                        drop(inner.lock());
                    });
                    std::future::pending::<()>().await;
                }
            });
        assert!(runs.load(Ordering::Relaxed) >= 40);
        shared.add_permits(100_000);
        assert!(Arc::strong_count(&shared) > 1, "tasks were abandoned");
    });
}

standstill_std::thread_local! {
    static OWN: RefCell<Option<OfRun>> = const { RefCell::new(None) };
}

/// Says, when it is dropped, whether its run is still the current one.
struct OfRun {
    number: u32,
    current: Arc<AtomicU32>,
    late: Arc<AtomicU32>,
}

impl Drop for OfRun {
    fn drop(&mut self) {
        if self.current.load(Ordering::Relaxed) != self.number {
            self.late.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_thread_local_of_an_abandoned_task_is_not_dropped_in_another_run() {
    under_each_engine(|engine| {
        let (current, late) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&late);
        only_hangs(engine, 40, move || {
            let number = current.fetch_add(1, Ordering::Relaxed) + 1;
            let of_run = OfRun {
                number,
                current: Arc::clone(&current),
                late: Arc::clone(&counted),
            };
            async move {
                OWN.with_borrow(|own| assert!(own.is_none()));
                let lock = Arc::new(Mutex::new(()));
                let _held = lock.lock().unwrap();
                let inner = lock.clone();
                thread::spawn(move || {
                    OWN.set(Some(of_run));
                    let _joins = JoinsOnDrop::of_a_parked_thread();
                    drop(inner.lock());
                });
                std::future::pending::<()>().await;
            }
        });
        assert_eq!(late.load(Ordering::Relaxed), 0, "{engine}");
    });
}

/// Whether something can be spawned on a set that is being polled, or was entered.
fn is_in_a_local_set() -> bool {
    catch_unwind(|| drop(spawn_local(async {}))).is_ok()
}

#[test]
fn a_local_set_is_entered_by_the_task_that_polls_it_alone() {
    under_each_engine(|engine| {
        only_hangs(engine, 100, || async {
            assert!(!is_in_a_local_set(), "of an earlier run");
            let lock = Arc::new(Mutex::new(()));
            let _held = lock.lock().unwrap();
            for _ in 0..2 {
                let lock = lock.clone();
                thread::spawn(move || {
                    assert!(!is_in_a_local_set(), "of another task");
                    let set = LocalSet::new();
                    let inner = lock.clone();
                    set.spawn_local(async move {
                        assert!(is_in_a_local_set());
                        let _joins = JoinsOnDrop::of_a_parked_thread();
                        drop(inner.lock());
                    });
                    let mut context = Context::from_waker(Waker::noop());
                    let _ = pin!(set).poll(&mut context);
                });
            }
            std::future::pending::<()>().await;
        });
    });
}

#[test]
fn a_local_set_that_was_entered_for_good_is_left_at_the_end_of_the_run() {
    under_each_engine(|engine| {
        only_hangs(engine, 20, || async {
            assert!(!is_in_a_local_set(), "of an earlier run");
            let set = LocalSet::new();
            let entered = set.enter();
            assert!(is_in_a_local_set());
            drop(entered);
            assert!(!is_in_a_local_set());
            std::mem::forget(set.enter());
            assert!(is_in_a_local_set());
            std::future::pending::<()>().await;
        });
    });
}

#[test]
fn an_abandoned_task_takes_no_budget_along() {
    under_each_engine(|engine| {
        only_hangs(engine, 20, || async {
            // tokio lets 128 operations pass until a task has to be pending, where there is a budget.
            let permits = Arc::new(Semaphore::new(1));
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..200 {
                let acquired = pin!(permits.acquire()).poll(&mut context);
                assert!(acquired.is_ready(), "a budget is spent");
            }
            let lock = Arc::new(Mutex::new(()));
            let _held = lock.lock().unwrap();
            let inner = lock.clone();
            thread::spawn(move || {
                let set = LocalSet::new();
                set.spawn_local(async move {
                    let _joins = JoinsOnDrop::of_a_parked_thread();
                    drop(inner.lock());
                });
                let mut context = Context::from_waker(Waker::noop());
                let _ = pin!(set).poll(&mut context);
            });
            std::future::pending::<()>().await;
        });
    });
}

#[test]
fn the_panic_that_an_earlier_run_has_handled_is_not_told_in_this_one() {
    under_each_engine(|engine| {
        let outcome = Hunt::new("told")
            .engine(engine)
            .seed(1)
            .schedules(10)
            .keep_going(true)
            .minimise(0)
            .run(|| async {
                let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
                tokio::spawn(async move {
                    let _sender = sender;
                    // Seen by no hook.
                    resume_unwind(Box::new(7_u32));
                });
                receiver.await.unwrap_err();
                assert!(catch_unwind(|| panic!("handled")).is_err());
            });
        let [found] = outcome.found.as_slice() else {
            panic!("{engine}: {outcome:?}");
        };
        assert_eq!((found.finding.kind, found.count), (FindingKind::Panic, 10));
        assert_eq!(
            found.finding.panics[0].message,
            "unwound without a panic (`resume_unwind`)"
        );
    });
}

/// A run of a program that a destructor makes.
fn run_of_a_destructor(verdict: &Cell<Option<Verdict>>) {
    struct RunsOnDrop<'a>(&'a Cell<Option<Verdict>>);

    impl Drop for RunsOnDrop<'_> {
        fn drop(&mut self) {
            assert!(std::thread::panicking());
            let schedule = Schedule::Seeded {
                strategy: StrategyKind::Random,
                seed: 1,
                digest: None,
            };
            let plan = Plan::new("own", Variant::Own, Load::default(), schedule);
            let program = Program::new(|_| abandoned_in_a_scope());
            let run = Explore::new().run(&program, &plan, RecordLevel::Hunt);
            self.0.set(Some(run.verdict));
            assert!(std::thread::panicking());
        }
    }

    let _runs = RunsOnDrop(verdict);
    resume_unwind(Box::new("of the caller"));
}

#[test]
fn a_run_in_a_destructor_of_a_thread_that_panics_is_as_any_other() {
    within(60, || {
        let verdict = Cell::new(None);
        let caught = catch_unwind(AssertUnwindSafe(|| run_of_a_destructor(&verdict)));
        assert_eq!(
            caught.unwrap_err().downcast_ref::<&str>(),
            Some(&"of the caller")
        );
        assert!(!std::thread::panicking());
        assert_eq!(verdict.take().unwrap().name(), "hang");
    });
}

#[test]
fn threads_are_numbered_from_run_to_run_alike() {
    under_each_engine(|engine| {
        only_hangs(engine, 20, || async {
            let other = thread::spawn(|| format!("{:?}", thread::current().id()));
            assert_eq!(other.join().unwrap(), "ThreadId(1)");
            assert_eq!(format!("{:?}", thread::current().id()), "ThreadId(2)");
            std::future::pending::<()>().await;
        });
    });
}

#[test]
fn a_runtime_may_be_entered_by_several_tasks_at_once() {
    under_each_engine(|engine| {
        let outcome = Hunt::new("entered")
            .engine(engine)
            .strategy(StrategyKind::Random)
            .seed(1)
            .schedules(200)
            .run(|| async {
                let enters = || {
                    tokio::spawn(async {
                        let handle = Handle::current();
                        let _entered = handle.enter();
                        thread::yield_now();
                    })
                };
                let (one, other) = (enters(), enters());
                one.await.unwrap();
                other.await.unwrap();
            });
        assert_eq!(outcome.verdict, Verdict::Clean, "{engine}");
    });
}

#[test]
fn an_abandoned_task_leaves_no_runtime_entered() {
    under_each_engine(|engine| {
        only_hangs(engine, 20, || async {
            let lock = Arc::new(Mutex::new(()));
            let _held = lock.lock().unwrap();
            let inner = lock.clone();
            tokio::spawn(async move {
                let handle = Handle::current();
                let _entered = handle.enter();
                let _joins = JoinsOnDrop::of_a_parked_thread();
                drop(inner.lock());
            });
            std::future::pending::<()>().await;
        });
    });
}

#[test]
fn a_timer_on_the_stack_of_an_abandoned_task_does_not_end_a_sleep_of_the_next_run() {
    under_each_engine(|engine| {
        only_hangs(engine, 20, || async {
            let began = Instant::now();
            sleep(Duration::from_secs(7)).await;
            // A timer may fire early, and is rounded up then.
            let slept = began.elapsed().as_millis();
            assert!((7_000..=7_001).contains(&slept), "{slept}");
            let lock = Arc::new(Mutex::new(()));
            let _held = lock.lock().unwrap();
            let inner = lock.clone();
            thread::spawn(move || {
                let mut timer = pin!(sleep(Duration::from_secs(5)));
                let mut context = Context::from_waker(Waker::noop());
                assert!(timer.as_mut().poll(&mut context).is_pending());
                let _joins = JoinsOnDrop::of_a_parked_thread();
                drop(inner.lock());
            });
            std::future::pending::<()>().await;
        });
    });
}

/// Set for the process of which one test is to see the end.
const CHILD: &str = "STANDSTILL_TEST_ENDS";

#[test]
fn the_panic_that_takes_the_process_down_is_printed() {
    struct PanicsOnDrop;

    impl Drop for PanicsOnDrop {
        fn drop(&mut self) {
            panic!("the last words");
        }
    }

    if std::env::var_os(CHILD).is_some() {
        let _ = Hunt::new("ends").schedules(1).run(|| async {
            thread::spawn(|| {
                let _panics = PanicsOnDrop;
                loop {
                    thread::park();
                }
            });
            std::future::pending::<()>().await;
        });
        return;
    }
    let name = name_of(
        module_path!(),
        "the_panic_that_takes_the_process_down_is_printed",
    );
    let output = within(60, move || {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args([&name, "--exact", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap()
    });
    assert!(!output.status.success(), "a panic leaves a destructor");
    let said = String::from_utf8_lossy(&output.stderr);
    for part in [
        "standstill: a panic of a task takes the process down",
        "tests/engine/soundness.rs:",
        "the last words",
        "panic in a destructor during cleanup",
    ] {
        assert!(said.contains(part), "`{part}` in:\n{said}");
    }
}
