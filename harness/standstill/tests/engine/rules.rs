//! The rules that keep verdicts true, each with a program that breaks without it.

#![expect(
    clippy::unwrap_used,
    reason = "in programs under test a panic is a finding"
)]

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use crate::common::{clean, find, story, within};
use standstill::{
    FindingKind, Hunt, Load, Plan, Preempt, Program, Runner, Schedule, StrategyKind, Undecided,
    Variant, Verdict,
};
use tokio::sync::{Mutex, Notify, RwLock, Semaphore, broadcast, mpsc, watch};

fn seeded(seed: u64) -> Plan {
    let schedule = Schedule::Seeded {
        strategy: StrategyKind::Random,
        seed,
        digest: None,
    };
    Plan::new("test", Variant::Own, Load::default(), schedule)
}

/// Counts how many are alive; the count must be back at nought after every run.
struct Alive(Arc<AtomicU32>);

impl Alive {
    fn new(count: &Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Locks, a channel, a semaphore and a blocking task, all with guards on the stack while others
/// run.
async fn busy(alive: Arc<AtomicU32>) {
    let _root = Alive::new(&alive);
    let lock = Arc::new(Mutex::new(0_u32));
    let table = Arc::new(RwLock::new(Vec::new()));
    let permits = Arc::new(Semaphore::new(2));
    let (sender, mut receiver) = mpsc::channel(1);
    let mut tasks = Vec::new();
    for n in 0..4_u32 {
        let alive = Alive::new(&alive);
        let (lock, table) = (Arc::clone(&lock), Arc::clone(&table));
        let (permits, sender) = (Arc::clone(&permits), sender.clone());
        tasks.push(tokio::spawn(async move {
            let _alive = alive;
            for round in 0..5 {
                let _permit = permits.acquire().await.unwrap();
                let mut guard = lock.lock().await;
                *guard += 1;
                table.write().await.push(round);
                drop(guard);
                sender.send(n).await.unwrap();
                let _read = table.read().await;
                tokio::task::yield_now().await;
            }
        }));
    }
    let closure_alive = Alive::new(&alive);
    let closure_sender = sender.clone();
    tasks.push(tokio::task::spawn_blocking(move || {
        let _alive = closure_alive;
        for n in 0..5 {
            closure_sender.blocking_send(n).unwrap();
        }
    }));
    drop(sender);
    let mut received = 0;
    while receiver.recv().await.is_some() {
        received += 1;
    }
    assert_eq!(received, 25);
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn a_run_cut_at_any_step_leaves_nothing_behind() {
    within(120, || {
        let alive = Arc::new(AtomicU32::new(0));
        let program = {
            let alive = Arc::clone(&alive);
            Program::new(move |_| busy(Arc::clone(&alive)))
        };
        let mut runner = Runner::new();
        let mut cut = 0;
        for seed in 0..5 {
            for steps in 1..=200 {
                let mut plan = seeded(seed);
                plan.total_steps = steps;
                let run = runner.replay(&program, &plan);
                assert_eq!(
                    alive.load(Ordering::SeqCst),
                    0,
                    "seed {seed}, cut at {steps}"
                );
                match run.verdict {
                    Verdict::Clean => {}
                    Verdict::Undecided(Undecided::Endless { .. }) => {
                        assert_eq!(run.steps, u64::from(steps), "seed {seed}");
                        cut += 1;
                    }
                    other => panic!("seed {seed}, cut at {steps}: {other:?}"),
                }
            }
        }
        assert!(cut > 900, "only {cut} runs were cut");
    });
}

/// Uses the facade in its destructor, in every way a destructor can.
struct Farewell {
    lock: Arc<Mutex<u32>>,
    sender: mpsc::Sender<u32>,
    notify: Arc<Notify>,
    dropped: Arc<AtomicU32>,
    /// What was spawned from the destructor and not dropped since.
    alive: Arc<AtomicU32>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        if let Ok(mut guard) = self.lock.try_lock() {
            *guard += 1;
        }
        let _ = self.sender.try_send(7);
        self.notify.notify_one();
        self.notify.notify_waiters();
        let alive = Alive::new(&self.alive);
        drop(tokio::spawn(async move {
            let _alive = alive;
            std::future::pending::<()>().await;
        }));
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn destructors_may_use_the_facade_at_the_end_of_a_run() {
    within(60, || {
        let (dropped, alive) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let program = {
            let (dropped, alive) = (Arc::clone(&dropped), Arc::clone(&alive));
            Program::new(move |_| farewells(Arc::clone(&dropped), Arc::clone(&alive)))
        };
        let mut runner = Runner::new();
        for seed in 0..100 {
            let run = runner.replay(&program, &seeded(seed));
            let finding = run.verdict.finding().expect("nobody ends");
            assert_eq!(finding.kind, FindingKind::Hang);
            assert_eq!(dropped.swap(0, Ordering::SeqCst), 3, "seed {seed}");
            assert_eq!(alive.load(Ordering::SeqCst), 0, "seed {seed}");
        }
    });
}

/// Three tasks that wait for ever, each with a destructor on its stack.
async fn farewells(dropped: Arc<AtomicU32>, alive: Arc<AtomicU32>) {
    let lock = Arc::new(Mutex::new(0));
    let (sender, receiver) = mpsc::channel(4);
    let notify = Arc::new(Notify::new());
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let farewell = Farewell {
            lock: Arc::clone(&lock),
            sender: sender.clone(),
            notify: Arc::clone(&notify),
            dropped: Arc::clone(&dropped),
            alive: Arc::clone(&alive),
        };
        tasks.push(tokio::spawn(async move {
            let _farewell = farewell;
            std::future::pending::<()>().await;
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    drop(receiver);
}

#[test]
fn what_was_spawned_past_the_facade_is_not_starved_by_a_busy_task() {
    within(60, || {
        clean(50, || async {
            let flag = Arc::new(AtomicBool::new(false));
            let seen = Arc::clone(&flag);
            real_tokio::spawn(async move {
                for _ in 0..3 {
                    real_tokio::task::yield_now().await;
                }
                flag.store(true, Ordering::SeqCst);
            });
            // Never idle, so that only the executor's own pauses let the runtime have a turn.
            while !seen.load(Ordering::SeqCst) {
                tokio::task::yield_now().await;
            }
        });
    });
}

#[test]
fn a_task_spawned_past_the_facade_and_left_over_is_undecided() {
    within(60, || {
        let outcome = Hunt::new("raw").schedules(100).run(|| async {
            real_tokio::spawn(std::future::pending::<()>());
        });
        assert_eq!(
            outcome.verdict,
            Verdict::Undecided(Undecided::UnscheduledTask { count: 1 })
        );
    });
}

#[test]
fn an_os_thread_of_the_program_makes_a_standstill_undecided() {
    within(60, || {
        let outcome = Hunt::new("thread").schedules(3).run(|| async {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(200));
                let _ = sender.send(());
            });
            receiver.await.unwrap();
        });
        assert!(
            matches!(
                outcome.verdict,
                Verdict::Undecided(Undecided::ForeignThread { .. })
            ),
            "{:?}",
            outcome.verdict
        );
    });
}

#[test]
fn a_pool_that_was_there_before_makes_a_standstill_undecided() {
    within(60, || {
        let (orders, take_order) = std::sync::mpsc::channel::<tokio::sync::oneshot::Sender<()>>();
        std::thread::spawn(move || {
            for order in take_order {
                std::thread::sleep(Duration::from_millis(10));
                let _ = order.send(());
            }
        });
        let orders = Arc::new(StdMutex::new(orders));
        let outcome = Hunt::new("pool").schedules(3).run(move || {
            let orders = Arc::clone(&orders);
            async move {
                let (sender, receiver) = tokio::sync::oneshot::channel();
                orders.lock().unwrap().send(sender).unwrap();
                receiver.await.unwrap();
            }
        });
        assert!(
            matches!(
                outcome.verdict,
                Verdict::Undecided(Undecided::ForeignThread { .. })
            ),
            "{:?}",
            outcome.verdict
        );
    });
}

/// Joins a thread in its destructor, and takes for granted that it ends well.
struct Joins(Option<standstill_std::thread::JoinHandle<()>>);

impl Drop for Joins {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            thread.join().unwrap();
        }
    }
}

#[test]
fn a_destructor_that_unwraps_the_join_of_a_hung_thread_does_not_take_the_process_down() {
    use standstill_std::sync::Mutex as Lock;
    use standstill_std::thread;
    fn hold_both(first: &Lock<()>, second: &Lock<()>) {
        let _first = first.lock().unwrap();
        let _second = second.lock().unwrap();
    }
    within(60, || {
        let outcome = Hunt::new("join")
            .schedules(500)
            .keep_going(true)
            .run(|| async {
                let (a, b) = (Arc::new(Lock::new(())), Arc::new(Lock::new(())));
                let (one, other) = (a.clone(), b.clone());
                let joins = Joins(Some(thread::spawn(move || hold_both(&one, &other))));
                hold_both(&b, &a);
                drop(joins);
            });
        let [found] = outcome.found.as_slice() else {
            panic!("{outcome:?}");
        };
        assert_eq!(found.finding.kind, FindingKind::Hang);
        assert!(found.count > 10, "{}", found.count);
        assert_eq!(outcome.schedules, 500);
        assert!(!std::thread::panicking());
    });
}

#[test]
fn a_destructor_may_unwrap_such_a_join_while_another_waits_for_its_thread() {
    use standstill_std::sync::Mutex as Lock;
    use standstill_std::thread;
    within(60, || {
        let outcome = Hunt::new("joins")
            .schedules(50)
            .keep_going(true)
            .run(|| async {
                // The root joins a thread that joins a thread, and all of them hang.
                let lock = Arc::new(Lock::new(()));
                let _held = lock.lock().unwrap();
                let (inner, outer) = (lock.clone(), lock.clone());
                let _outermost = Joins(Some(thread::spawn(move || {
                    let _joins = Joins(Some(thread::spawn(move || drop(inner.lock()))));
                    drop(outer.lock());
                })));
                drop(lock.lock());
            });
        let [found] = outcome.found.as_slice() else {
            panic!("{outcome:?}");
        };
        assert_eq!((found.finding.kind, found.count), (FindingKind::Hang, 50));
        assert_eq!(outcome.schedules, 50);
    });
}

tokio::task_local! {
    static NAME: u32;
}

#[test]
fn task_locals_are_right_under_preemption() {
    within(60, || {
        clean(500, || async {
            let notify = Arc::new(Notify::new());
            let mut tasks = Vec::new();
            for n in 0..4 {
                let notify = Arc::clone(&notify);
                tasks.push(tokio::spawn(NAME.scope(n, async move {
                    for _ in 0..5 {
                        assert_eq!(NAME.get(), n);
                        notify.notify_one();
                        assert_eq!(NAME.get(), n);
                        NAME.sync_scope(n + 100, || {
                            notify.notify_one();
                            assert_eq!(NAME.get(), n + 100);
                        });
                        tokio::task::yield_now().await;
                    }
                })));
            }
            for task in tasks {
                task.await.unwrap();
            }
            assert!(NAME.try_get().is_err());
        });
    });
}

#[test]
fn a_std_mutex_held_across_a_synchronous_switch_point_is_no_finding() {
    within(60, || {
        let outcome = Hunt::new("wedge")
            .strategy(StrategyKind::Random)
            .schedules(1_000)
            .seed(1)
            .run(|| async {
                let state = Arc::new(StdMutex::new(0));
                let notify = Arc::new(Notify::new());
                let mut tasks = Vec::new();
                for _ in 0..3 {
                    let (state, notify) = (Arc::clone(&state), Arc::clone(&notify));
                    tasks.push(tokio::spawn(async move {
                        for _ in 0..3 {
                            {
                                let mut guard =
                                    state.lock().unwrap_or_else(PoisonError::into_inner);
                                *guard += 1;
                                notify.notify_one();
                            }
                            tokio::task::yield_now().await;
                        }
                    }));
                }
                for task in tasks {
                    task.await.unwrap();
                }
            });
        assert_eq!(outcome.verdict, Verdict::Clean);
        assert_eq!(outcome.schedules, 1_000);
        assert_eq!(outcome.warnings.len(), 1, "{:?}", outcome.warnings);
        assert!(
            outcome.warnings[0].contains("notify"),
            "{}",
            outcome.warnings[0]
        );
        assert!(outcome.warnings[0].contains("standstill-std"));
    });
}

#[test]
fn an_owned_guard_released_by_another_task_is_no_cycle() {
    within(60, || {
        // The first locker waits for the lock again while the second one still has its guard.
        clean(500, || async {
            let lock = Arc::new(Mutex::new(()));
            let (sender, mut receiver) = mpsc::channel(1);
            let locker = {
                let lock = Arc::clone(&lock);
                tokio::spawn(async move {
                    let guard = Arc::clone(&lock).lock_owned().await;
                    sender.send(guard).await.unwrap();
                    let _again = lock.lock().await;
                })
            };
            let releaser = tokio::spawn(async move {
                let guard = receiver.recv().await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
                drop(guard);
            });
            locker.await.unwrap();
            releaser.await.unwrap();
        });
        // And when it hangs, the one who really has the guard is named.
        let (finding, _) = find(100, || async {
            let lock = Arc::new(Mutex::new(()));
            let (sender, mut receiver) = mpsc::channel(1);
            let locker = {
                let lock = Arc::clone(&lock);
                tokio::spawn(async move {
                    let guard = Arc::clone(&lock).lock_owned().await;
                    sender.send(guard).await.unwrap();
                    let _again = lock.lock().await;
                })
            };
            let keeper = tokio::spawn(async move {
                let _guard = receiver.recv().await.unwrap();
                std::future::pending::<()>().await;
            });
            locker.await.unwrap();
            keeper.await.unwrap();
        });
        let locker = finding
            .graph
            .tasks
            .iter()
            .position(|task| {
                task.waits
                    .iter()
                    .any(|wait| wait.op == standstill::Op::Lock)
            })
            .expect("somebody waits for the lock");
        let wait = &finding.graph.tasks[locker].waits[0];
        assert_eq!(wait.blockers.len(), 1);
        assert_ne!(
            wait.blockers[0].task,
            locker,
            "a self-cycle: {:?}",
            story(&finding)
        );
    });
}

#[test]
fn a_task_that_sleeps_long_and_then_ends_is_no_leak() {
    within(60, || {
        clean(200, || async {
            tokio::spawn(async {
                tokio::time::sleep(Duration::from_secs(600)).await;
                tokio::time::sleep(Duration::from_secs(60)).await;
            });
        });
    });
}

#[test]
fn a_task_that_ticks_for_ever_is_a_leak() {
    within(60, || {
        async fn ticker() {
            let mut interval = tokio::time::interval(Duration::from_secs(1));
            loop {
                interval.tick().await;
            }
        }
        let (finding, _) = find(1, || async {
            tokio::spawn(ticker());
        });
        assert_eq!(finding.kind, FindingKind::Leak);
        assert_eq!(finding.graph.tasks[0].role, "ticker");
        let outcome = Hunt::new("allowed")
            .schedules(1)
            .leaks(standstill::Leaks::Blocked)
            .run(|| async {
                tokio::spawn(ticker());
            });
        assert_eq!(outcome.verdict, Verdict::Clean);
    });
}

#[test]
fn a_busy_lock_holder_can_lose_to_a_timeout_where_there_is_slack() {
    within(60, || {
        async fn program() {
            let lock = Arc::new(Mutex::new(()));
            let holder = {
                let lock = Arc::clone(&lock);
                tokio::spawn(async move {
                    let _guard = lock.lock().await;
                    for _ in 0..5 {
                        tokio::task::yield_now().await;
                    }
                })
            };
            let waited = tokio::time::timeout(Duration::from_secs(60), lock.lock()).await;
            assert!(waited.is_ok(), "timed out");
            drop(waited);
            holder.await.unwrap();
        }
        clean(2_000, program);
        let minute = Duration::from_secs(60);
        let outcome = Hunt::new("slow")
            .schedules(2_000)
            .slack(minute)
            .run(program);
        let finding = outcome.finding().unwrap();
        assert_eq!(finding.kind, FindingKind::Panic);
        assert_eq!(finding.panics[0].message, "timed out");
    });
}

#[test]
fn a_panic_that_the_joiner_handles_is_no_finding() {
    within(60, || {
        clean(200, || async {
            let task = tokio::spawn(async { panic!("on purpose") });
            let error = task.await.unwrap_err();
            assert!(error.is_panic());
        });
        let (finding, _) = find(10, || async {
            let task = tokio::spawn(async { panic!("nobody hears of it: 42") });
            while !task.is_finished() {
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(finding.kind, FindingKind::Panic);
        assert_eq!(finding.panics[0].message, "nobody hears of it: 42");
    });
}

/// `watch` wakes its waiters in an order that tokio's own generator decides.
async fn watched(trace: Arc<StdMutex<Vec<u32>>>) {
    let (sender, receiver) = watch::channel(0);
    let (news, _) = broadcast::channel(8);
    let mut tasks = Vec::new();
    for n in 0..6 {
        let mut receiver = receiver.clone();
        let mut news = news.subscribe();
        let trace = Arc::clone(&trace);
        tasks.push(tokio::spawn(async move {
            while receiver.changed().await.is_ok() {
                let value = *receiver.borrow_and_update();
                trace.lock().unwrap().push(n * 100 + value);
            }
            while let Ok(value) = news.recv().await {
                trace.lock().unwrap().push(n * 100 + 50 + value);
            }
        }));
    }
    drop(receiver);
    for value in 1..5 {
        sender.send(value).unwrap();
        news.send(value).unwrap();
        tokio::task::yield_now().await;
    }
    drop((sender, news));
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    within(120, || {
        let trace = Arc::new(StdMutex::new(Vec::new()));
        let program = {
            let trace = Arc::clone(&trace);
            Program::new(move |_| watched(Arc::clone(&trace)))
        };
        let mut runner = Runner::new();
        for seed in 0..50 {
            let mut first = None;
            for _ in 0..20 {
                let run = runner.replay(&program, &seeded(seed));
                assert_eq!(run.verdict, Verdict::Clean);
                let seen = (
                    std::mem::take(&mut *trace.lock().unwrap()),
                    run.digest,
                    run.steps,
                );
                let expected = first.get_or_insert_with(|| seen.clone());
                assert_eq!(*expected, seen, "seed {seed}");
            }
        }
    });
}

/// Timers whose deadlines are no whole milliseconds, now and then an early end, and a task past the
/// facade: whatever a run leaves on its runtime, the next one must not notice.
async fn timed(trace: Arc<StdMutex<Vec<u128>>>) {
    let began = tokio::time::Instant::now();
    let mut tasks = Vec::new();
    for n in 0..4_u64 {
        let trace = Arc::clone(&trace);
        tasks.push(tokio::spawn(async move {
            for round in 1..4_u64 {
                let nap = tokio::time::sleep(Duration::from_micros(700 * n + 333 * round));
                let yielded = async {
                    for _ in 0..n * 3 {
                        tokio::task::yield_now().await;
                    }
                };
                tokio::select! {
                    () = nap => {}
                    () = yielded => {}
                }
                trace.lock().unwrap().push(began.elapsed().as_nanos());
            }
        }));
    }
    real_tokio::spawn(async { real_tokio::time::sleep(Duration::from_micros(1_500)).await });
    for task in tasks {
        task.await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(5)).await;
}

#[test]
fn what_ran_before_does_not_change_a_run() {
    within(120, || {
        let trace = Arc::new(StdMutex::new(Vec::new()));
        let program = {
            let trace = Arc::clone(&trace);
            Program::new(move |_| timed(Arc::clone(&trace)))
        };
        let quiet = Program::new(|_| async { tokio::task::yield_now().await });
        let mut runner = Runner::new();
        let mut expected = Vec::new();
        for round in 0..20 {
            for seed in 0..40 {
                if round % 2 == 1 {
                    // Leaves its runtime to the next run.
                    runner.replay(&quiet, &seeded(seed));
                }
                let run = runner.replay(&program, &seeded(seed));
                assert_eq!(run.verdict, Verdict::Clean);
                let seen = (std::mem::take(&mut *trace.lock().unwrap()), run.digest);
                if round == 0 {
                    expected.push(seen);
                } else {
                    let at = usize::try_from(seed).unwrap();
                    assert_eq!(expected[at], seen, "round {round}, seed {seed}");
                }
            }
        }
    });
}

#[test]
fn a_found_plan_replays_a_thousand_times() {
    within(120, || {
        let body = || async {
            let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
            async fn both(first: Arc<Mutex<()>>, second: Arc<Mutex<()>>) {
                let _first = first.lock().await;
                let _second = second.lock().await;
            }
            let one = tokio::spawn(both(Arc::clone(&a), Arc::clone(&b)));
            let other = tokio::spawn(both(b, a));
            one.await.unwrap();
            other.await.unwrap();
        };
        let (finding, outcome) = find(1_000, body);
        assert_eq!(finding.kind, FindingKind::Hang);
        assert_eq!(story(&finding), ["both lock Mutex", "both lock Mutex"]);
        let plan = Plan::from_token(&outcome.token().unwrap()).unwrap();
        let mut runner = Runner::new();
        for _ in 0..1_000 {
            let verdict = crate::common::replay(&mut runner, &plan, body);
            assert_eq!(verdict.finding(), Some(&finding));
        }
    });
}

#[test]
fn jobs_change_nothing_but_speed() {
    within(120, || {
        let hunt = |jobs: usize| {
            Hunt::new("jobs")
                .schedules(3_000)
                .seed(3)
                .jobs(jobs.try_into().unwrap())
                .run(|| async {
                    let lock = Arc::new(RwLock::new(()));
                    async fn twice(lock: Arc<RwLock<()>>) {
                        let _outer = lock.read().await;
                        let _inner = lock.read().await;
                    }
                    let reader = tokio::spawn(twice(Arc::clone(&lock)));
                    let writer = tokio::spawn(async move { drop(lock.write().await) });
                    reader.await.unwrap();
                    writer.await.unwrap();
                })
        };
        let alone = hunt(1);
        assert_eq!(alone.verdict.name(), "hang");
        for jobs in [1, 2, 3, 8] {
            let other = hunt(jobs);
            assert_eq!(other.verdict, alone.verdict);
            assert_eq!(other.token(), alone.token());
            assert_eq!(other.first_at, alone.first_at);
            assert_eq!(other.schedules, alone.schedules);
        }
    });
}

#[test]
fn a_spinning_task_is_a_livelock_and_one_that_awaits_a_timeout_is_not() {
    within(60, || {
        async fn spinner(flag: Arc<AtomicBool>) {
            while !flag.load(Ordering::SeqCst) {
                tokio::task::yield_now().await;
            }
        }
        let (finding, _) = find(4, || async {
            let flag = Arc::new(AtomicBool::new(false));
            tokio::spawn(spinner(flag)).await.unwrap();
        });
        assert_eq!(finding.kind, FindingKind::Livelock);
        clean(20, || async {
            let flag = Arc::new(AtomicBool::new(false));
            let spinner = tokio::spawn(spinner(Arc::clone(&flag)));
            // Too far away to fire early: only the probe for a livelock gets there.
            tokio::time::sleep(Duration::from_secs(300)).await;
            flag.store(true, Ordering::SeqCst);
            spinner.await.unwrap();
        });
    });
}

#[test]
fn a_thread_blocked_for_real_is_named() {
    within(60, || {
        async fn sleeper() {
            let lock = StdMutex::new(());
            let _held = lock.lock();
            tokio::task::yield_now().await;
            std::thread::sleep(Duration::from_secs(4));
        }
        let outcome = Hunt::new("blocked")
            .schedules(1)
            .preempt(Preempt::Await)
            .run(|| async {
                let local = Cell::new(0);
                local.set(1);
                sleeper().await;
            });
        let finding = outcome.finding().expect("a thread asleep in a poll");
        assert_eq!(finding.kind, FindingKind::Blocked);
        let blocked = finding.blocked.as_ref().unwrap();
        assert_eq!(blocked.last.as_ref().unwrap().0, standstill::Op::Yield);
    });
}
