//! What the stress engine says of small programs, and what it does not say of slow ones.

mod common;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use common::{story, within};
use standstill::engine::StressSettings;
use standstill::{EngineKind, Finding, FindingKind, Hunt, Leaks, Outcome, Undecided, Verdict};
use tokio::sync::{Mutex, Notify, mpsc, oneshot, watch};
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_millis(200);

fn hunt(runs: u64) -> Hunt {
    Hunt::new("test")
        .engine(EngineKind::Stress)
        .stress(StressSettings {
            threads: 3,
            patience: PATIENCE,
            grace: Duration::from_millis(100),
        })
        .schedules(runs)
        .seed(1)
}

fn run<F, R>(runs: u64, body: F) -> Outcome
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    within(100, move || hunt(runs).run(body))
}

#[track_caller]
fn clean<F, R>(runs: u64, body: F)
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let outcome = run(runs, body);
    outcome.assert_clean();
    assert_eq!(outcome.schedules, runs);
}

#[track_caller]
fn find<F, R>(runs: u64, body: F) -> Finding
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    match run(runs, body).verdict {
        Verdict::Found(finding) => *finding,
        other => panic!("expected a finding, got {other:?}"),
    }
}

#[test]
fn a_deadlock_is_the_same_finding_as_under_explore() {
    async fn transfer(from: Arc<Mutex<u32>>, to: Arc<Mutex<u32>>) {
        let mut from = from.lock().await;
        let mut to = to.lock().await;
        *from += 1;
        *to -= 1;
    }
    async fn program() {
        let (a, b) = (Arc::new(Mutex::new(9)), Arc::new(Mutex::new(9)));
        let one = tokio::spawn(transfer(a.clone(), b.clone()));
        let other = tokio::spawn(transfer(b, a));
        one.await.unwrap();
        other.await.unwrap();
    }
    let real = find(20_000, program);
    let (explored, _) = common::find(2_000, program);
    assert_eq!(real.kind, FindingKind::Hang);
    assert_eq!(story(&real), story(&explored));
    assert_eq!(real.fingerprint, explored.fingerprint);
}

/// Three tasks on three workers, each of which takes a lock of `standstill-std` and then wants the
/// next one's; and a fourth that no worker is left for.
async fn ring_of_std_locks() {
    use standstill_std::sync::{Barrier, Mutex};
    async fn link(own: Arc<Mutex<()>>, next: Arc<Mutex<()>>, all: Arc<Barrier>) {
        let _own = own.lock();
        all.wait();
        let _next = next.lock();
    }
    async fn bystander() {}
    let locks: [Arc<Mutex<()>>; 3] = Default::default();
    let all = Arc::new(Barrier::new(4));
    let links: Vec<_> = (0..3)
        .map(|index| {
            let (own, next) = (locks[index].clone(), locks[(index + 1) % 3].clone());
            tokio::spawn(link(own, next, all.clone()))
        })
        .collect();
    all.wait();
    let bystander = tokio::spawn(bystander());
    for link in links {
        let _ = link.await;
    }
    let _ = bystander.await;
}

#[test]
fn std_locks_that_block_every_worker_are_a_hang_with_its_cycle() {
    let real = find(1, ring_of_std_locks);
    let (explored, _) = common::find(100, ring_of_std_locks);
    assert_eq!(real.kind, FindingKind::Hang);
    assert_eq!(story(&real), vec!["link lock std::sync::Mutex"; 3]);
    assert_eq!(story(&real), story(&explored));
    assert_eq!(real.fingerprint, explored.fingerprint);
}

#[test]
fn a_worker_that_waits_for_a_task_which_needs_it_is_blocked() {
    use standstill_std::sync::{Barrier, mpsc};
    async fn receiver(values: mpsc::Receiver<u32>, all: Arc<Barrier>) {
        all.wait();
        values.recv().unwrap();
    }
    async fn sender(value: mpsc::Sender<u32>) {
        value.send(1).unwrap();
    }
    let finding = find(1, || async {
        let all = Arc::new(Barrier::new(4));
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| mpsc::channel()).unzip();
        let receivers: Vec<_> = receivers
            .into_iter()
            .map(|values| tokio::spawn(receiver(values, all.clone())))
            .collect();
        all.wait();
        for value in senders {
            tokio::spawn(sender(value));
        }
        for receiver in receivers {
            receiver.await.unwrap();
        }
    });
    assert_eq!(finding.kind, FindingKind::Blocked);
    let blocked = finding.blocked.expect("it says which poll");
    assert_eq!(blocked.role, "receiver");
    assert_eq!(blocked.last.map(|(op, _)| op.name()), Some("recv"));
    assert!(blocked.thread.expect("and which thread").asleep);
}

#[test]
fn a_wait_of_std_with_a_limit_ends_though_it_blocks_every_worker() {
    use standstill_std::sync::mpsc;
    clean(2, || async {
        let (sender, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| mpsc::channel::<u32>()).unzip();
        let waits: Vec<_> = receivers
            .into_iter()
            .map(|values| {
                tokio::spawn(async move { values.recv_timeout(2 * PATIENCE).unwrap_err() })
            })
            .collect();
        for wait in waits {
            wait.await.unwrap();
        }
        drop(sender);
    });
}

#[test]
fn a_lost_notification_names_its_waiter() {
    async fn waiter(signal: Arc<Notify>) {
        signal.notified().await;
    }
    async fn program() {
        let signal = Arc::new(Notify::new());
        let task = tokio::spawn(waiter(signal.clone()));
        signal.notify_waiters();
        task.await.unwrap();
    }
    let real = find(20_000, program);
    let (explored, _) = common::find(2_000, program);
    assert_eq!(real.kind, FindingKind::Hang);
    assert!(story(&real).contains(&"waiter notified Notify".to_owned()));
    assert_eq!(real.fingerprint, explored.fingerprint);
}

#[test]
fn a_hang_beside_a_heartbeat_is_partial() {
    let finding = find(1, || async {
        async fn heartbeat() {
            loop {
                sleep(Duration::from_millis(20)).await;
            }
        }
        async fn twice(lock: Arc<Mutex<()>>) {
            let _outer = lock.lock().await;
            let _inner = lock.lock().await;
        }
        tokio::spawn(heartbeat());
        let _ = tokio::spawn(twice(Arc::default())).await;
    });
    assert_eq!(finding.kind, FindingKind::PartialHang);
    assert_eq!(story(&finding), ["twice lock Mutex"]);
}

#[test]
fn a_leaked_task_has_a_spawn_site_an_age_and_a_wait() {
    let finding = find(1, || async {
        async fn left(mut never: mpsc::Receiver<u32>) {
            never.recv().await;
        }
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(left(receiver));
        std::mem::forget(sender);
    });
    assert_eq!(finding.kind, FindingKind::Leak);
    let task = &finding.graph.tasks[0];
    assert_eq!(task.role, "left");
    assert!(task.spawned_at.file.ends_with("tests/stress.rs"));
    assert!(task.age_ms.is_some_and(|age| age >= 100), "{task:?}");
    assert_eq!(task.waits.len(), 1);
}

#[test]
fn a_ticker_that_outlives_the_root_is_a_leak_unless_only_blocked_ones_count() {
    async fn ticker() {
        loop {
            sleep(Duration::from_millis(10)).await;
        }
    }
    async fn program() {
        tokio::spawn(ticker());
    }
    let finding = find(1, program);
    assert_eq!(finding.kind, FindingKind::Leak);
    assert_eq!(finding.graph.tasks[0].role, "ticker");
    within(60, || {
        hunt(1).leaks(Leaks::Blocked).run(program).assert_clean();
    });
}

#[test]
fn tasks_that_end_by_themselves_after_the_root_are_no_leak() {
    clean(3, || async {
        tokio::spawn(async { sleep(Duration::from_millis(400)).await });
        tokio::spawn(async {
            for _ in 0..10 {
                sleep(Duration::from_millis(20)).await;
            }
        });
    });
}

#[test]
fn a_spin_of_yields_is_a_livelock() {
    let finding = find(1, || async {
        async fn spinner() {
            loop {
                tokio::task::yield_now().await;
            }
        }
        let _ = tokio::spawn(spinner()).await;
    });
    assert_eq!(finding.kind, FindingKind::Livelock);
    assert!(
        finding
            .graph
            .tasks
            .iter()
            .any(|task| task.role == "spinner")
    );
}

#[test]
fn an_unhandled_panic_is_found_and_a_handled_one_is_not() {
    async fn failing() {
        panic!("on purpose");
    }
    let finding = find(1, || async {
        tokio::spawn(failing());
    });
    assert_eq!(finding.kind, FindingKind::Panic);
    assert_eq!(finding.panics[0].role, "failing");
    assert_eq!(finding.panics[0].message, "on purpose");
    clean(50, || async {
        let error = tokio::spawn(failing()).await.unwrap_err();
        assert!(error.is_panic());
    });
}

#[test]
fn a_blocking_call_in_a_poll_names_the_poll_and_the_operation_before_it() {
    let finding = find(1, || async {
        async fn stuck(signal: Arc<Notify>) {
            signal.notify_one();
            std::thread::sleep(Duration::from_secs(3));
        }
        let signal = Arc::new(Notify::new());
        let _ = tokio::spawn(stuck(signal)).await;
    });
    assert_eq!(finding.kind, FindingKind::Blocked);
    let blocked = finding.blocked.expect("it says which poll");
    assert_eq!(blocked.role, "stuck");
    assert_eq!(
        blocked.last.expect("and after what").0,
        standstill::Op::Notify
    );
    let thread = blocked.thread.expect("and which thread");
    assert!(thread.asleep);
    assert!(thread.for_ms >= 200, "{thread:?}");
}

#[test]
fn slow_is_not_stuck() {
    // Each step takes longer than the patience, by a timer.
    clean(1, || async {
        for _ in 0..3 {
            sleep(PATIENCE * 2).await;
        }
    });
    // One task computes for long, in steps that are each short.
    clean(1, || async {
        let began = std::time::Instant::now();
        while began.elapsed() < 4 * PATIENCE {
            std::hint::black_box((0..10_000_u64).sum::<u64>());
            tokio::task::yield_now().await;
        }
    });
    // A blocking task may block, for longer than the patience.
    clean(1, || async {
        tokio::task::spawn_blocking(|| std::thread::sleep(3 * PATIENCE))
            .await
            .unwrap();
    });
}

#[test]
fn a_starved_program_is_clean() {
    let (done, over) = std::sync::mpsc::channel::<()>();
    let over = Arc::new(std::sync::Mutex::new(over));
    // More threads than any machine has cores take all the time there is.
    let hogs: Vec<_> = (0..8)
        .map(|_| {
            let over = Arc::clone(&over);
            std::thread::spawn(move || {
                while matches!(
                    over.lock().unwrap().try_recv(),
                    Err(std::sync::mpsc::TryRecvError::Empty)
                ) {
                    std::hint::black_box((0..1_000_000_u64).sum::<u64>());
                }
            })
        })
        .collect();
    clean(100, || async {
        let (sender, mut receiver) = mpsc::channel(1);
        for n in 0..8 {
            let sender = sender.clone();
            tokio::spawn(async move {
                for _ in 0..8 {
                    sender.send(n).await.unwrap();
                }
            });
        }
        drop(sender);
        while receiver.recv().await.is_some() {}
    });
    drop(done);
    for hog in hogs {
        hog.join().unwrap();
    }
}

#[test]
fn a_wait_that_an_os_thread_ends_is_no_hang() {
    clean(1, || async {
        let (sender, receiver) = oneshot::channel();
        std::thread::spawn(move || {
            std::thread::sleep(3 * PATIENCE);
            sender.send(()).unwrap();
        });
        receiver.await.unwrap();
    });
}

#[test]
fn a_wait_that_the_facade_does_not_know_is_undecided() {
    let outcome = run(1, || async {
        std::future::pending::<()>().await;
    });
    let Verdict::Undecided(Undecided::Untracked { task }) = outcome.verdict else {
        panic!("{outcome:?}");
    };
    assert_eq!(task, "root");
}

#[test]
fn every_part_of_the_facade_works_for_real() {
    tokio::task_local! {
        static REQUEST: u32;
    }
    clean(200, || async {
        let task = tokio::spawn(REQUEST.scope(4, async {
            tokio::task::yield_now().await;
            REQUEST.get()
        }));
        assert_eq!(task.await.unwrap(), 4);

        let lock = Arc::new(Mutex::new(0));
        let blocking = {
            let lock = Arc::clone(&lock);
            tokio::task::spawn_blocking(move || *lock.blocking_lock() += 1)
        };
        *lock.lock().await += 1;
        blocking.await.unwrap();
        assert_eq!(*lock.lock().await, 2);
        assert_eq!(tokio::task::block_in_place(|| 7), 7);

        let aborted = tokio::spawn(std::future::pending::<()>());
        aborted.abort();
        assert!(aborted.await.unwrap_err().is_cancelled());

        let (sender, mut receiver) = watch::channel(0);
        let watching = tokio::spawn(async move {
            receiver.wait_for(|value| *value == 3).await.unwrap();
        });
        for value in 1..=3 {
            sender.send_modify(|current| *current = value);
        }
        watching.await.unwrap();

        let mut set = tokio::task::JoinSet::new();
        for n in 0..3 {
            set.spawn(async move { n });
        }
        let mut sum = 0;
        while let Some(n) = set.join_next().await {
            sum += n.unwrap();
        }
        assert_eq!(sum, 3);

        let late = tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>());
        late.await.unwrap_err();
        let (sender, receiver) = oneshot::channel();
        let value = tokio::select! {
            value = receiver => value.unwrap(),
            () = async { sender.send(5).unwrap(); std::future::pending().await } => 0,
        };
        assert_eq!(value, 5);
    });
}

#[test]
fn a_hung_blocking_task_is_unwound_at_the_end() {
    let finding = find(1, || async {
        fn blocker(lock: &Mutex<()>) {
            let _again = lock.blocking_lock();
        }
        let lock = Arc::new(Mutex::new(()));
        let guard = lock.lock().await;
        let task = {
            let lock = Arc::clone(&lock);
            tokio::task::spawn_blocking(move || blocker(&lock))
        };
        task.await.unwrap();
        drop(guard);
    });
    assert_eq!(finding.kind, FindingKind::Hang);
    assert_eq!(finding.core.len(), 2, "{:?}", story(&finding));
}
