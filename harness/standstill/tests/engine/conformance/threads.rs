//! Threads and what they share: locks, condition variables, channels, atomics of std.

use std::time::Duration;

use standstill_std::hint;
use standstill_std::sync::atomic::{AtomicBool, Ordering};
use standstill_std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use standstill_std::sync::{Arc, Barrier, Condvar, Mutex, PoisonError, RwLock};
use standstill_std::thread::{self, JoinHandle};
use standstill_std::time::Instant;

use super::table::{Expect, Row};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::hang(
            "threads: two locks in two orders",
            &[
                "forth lock std::sync::Mutex<u16>",
                "back lock std::sync::Mutex<u8>",
            ],
            two_orders,
        ),
        Row::hang(
            "threads: a lock taken twice",
            &["root lock std::sync::Mutex<u8>"],
            twice,
        ),
        Row::hang(
            "threads: a read lock taken twice, with a writer in between",
            &[
                "reader read std::sync::RwLock<u8>",
                "writer write std::sync::RwLock<u8>",
            ],
            double_read,
        ),
        Row::hang(
            "threads: a condition variable without a condition",
            &["sleeper condvar wait std::sync::Condvar", "root join task"],
            no_condition,
        ),
        Row::clean(
            "threads: a condition variable with its condition",
            condition,
        ),
        Row::hang(
            "threads: one notification for two conditions",
            &["awaits condvar wait std::sync::Condvar", "root join task"],
            wrong_waiter,
        ),
        Row::hang(
            "threads: two that send before they receive",
            &[
                "peer send std::sync::mpsc sync channel of `u8`",
                "peer send std::sync::mpsc sync channel of `u8`",
            ],
            full_cycle,
        ),
        Row::hang(
            "threads: a receiver that keeps a sender itself",
            &["root recv std::sync::mpsc channel of `u8`"],
            own_sender,
        ),
        Row::clean("threads: a receiver that gives up in time", gives_up),
        Row::hang(
            "threads: parked, and nobody unparks",
            &["root park park token"],
            parked,
        ),
        Row::clean("threads: unparked before it parks", unparked_first),
        Row::hang(
            "threads: a barrier that one does not reach",
            &[
                "party barrier wait std::sync::Barrier",
                "party barrier wait std::sync::Barrier",
            ],
            barrier_short_by_one,
        ),
        Row::new(
            "threads: a flag that nobody sets, spun on",
            Expect::Found("livelock", &[]),
            spin_for_ever,
        ),
        Row::clean(
            "threads: a flag that another sets, spun on",
            spin_for_a_while,
        ),
        Row::clean("threads: a poisoned lock that is taken anyway", poisoned),
        Row::new(
            "threads: a poisoned lock that is unwrapped",
            Expect::Found(
                "panic",
                // The first is why there is a second.
                &[
                    "while holding",
                    "called `Result::unwrap()` on an `Err` value: PoisonError { .. }",
                ],
            ),
            poison_unwrapped,
        ),
        Row::clean("threads: a scope that borrows", scope),
        Row::new(
            "threads: one that waits when the root has ended",
            Expect::Found("leak", &["drain recv std::sync::mpsc channel of `u8`"]),
            left_behind,
        ),
        Row::clean("threads: five seconds slept away one by one", clock_poll),
        Row::hang(
            "mixed: a lock of std held while waiting for a thread that wants it",
            &[
                "wants lock std::sync::Mutex<u8>",
                "root recv oneshot channel",
            ],
            held_across_await,
        ),
        Row::hang(
            "mixed: a thread that sends to whoever joins it",
            &["root join task", "sends send mpsc channel of `u8`"],
            sends_to_its_joiner,
        ),
        Row::clean(
            "mixed: a lock of std shared by a thread and a task",
            shared_lock,
        ),
    ]
}

fn named(name: &str, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .unwrap()
}

async fn two_orders() {
    let (a, b) = (Arc::new(Mutex::new(0_u8)), Arc::new(Mutex::new(0_u16)));
    let (first, second) = (Arc::clone(&a), Arc::clone(&b));
    let forth = named("forth", move || {
        let _a = first.lock().unwrap();
        let _b = second.lock().unwrap();
    });
    let back = named("back", move || {
        let _b = b.lock().unwrap();
        let _a = a.lock().unwrap();
    });
    forth.join().unwrap();
    back.join().unwrap();
}

async fn twice() {
    let lock = Mutex::new(0_u8);
    let _first = lock.lock().unwrap();
    let _second = lock.lock();
}

async fn double_read() {
    let lock = Arc::new(RwLock::new(0_u8));
    let read = Arc::clone(&lock);
    let reader = named("reader", move || {
        let _outer = read.read().unwrap();
        let _inner = read.read().unwrap();
    });
    let writer = named("writer", move || *lock.write().unwrap() += 1);
    reader.join().unwrap();
    writer.join().unwrap();
}

#[derive(Default)]
struct Signal {
    state: Mutex<u8>,
    changed: Condvar,
}

impl Signal {
    fn set(&self, state: u8) {
        *self.state.lock().unwrap() = state;
        self.changed.notify_one();
    }

    fn wait_for(&self, state: u8) {
        let mut now = self.state.lock().unwrap();
        while *now < state {
            now = self.changed.wait(now).unwrap();
        }
    }
}

async fn no_condition() {
    let signal = Arc::<Signal>::default();
    let waits = Arc::clone(&signal);
    let sleeper = named("sleeper", move || {
        let state = waits.state.lock().unwrap();
        let _state = waits.changed.wait(state).unwrap();
    });
    signal.set(1);
    sleeper.join().unwrap();
}

async fn condition() {
    let signal = Arc::<Signal>::default();
    let waits = Arc::clone(&signal);
    let sleeper = named("sleeper", move || waits.wait_for(1));
    signal.set(1);
    sleeper.join().unwrap();
}

/// Who waits for 2 may take the notification for 1, and hears of nothing else.
async fn wrong_waiter() {
    let signal = Arc::<Signal>::default();
    let threads = [1, 2].map(|state| {
        let waits = Arc::clone(&signal);
        named("awaits", move || waits.wait_for(state))
    });
    let [one, two] = threads;
    signal.set(1);
    one.join().unwrap();
    signal.set(2);
    two.join().unwrap();
}

fn peer(sender: &SyncSender<u8>, receiver: &Receiver<u8>) {
    for value in 0..2 {
        sender.send(value).unwrap();
    }
    for _ in 0..2 {
        receiver.recv().unwrap();
    }
}

async fn full_cycle() {
    let (there, from_there) = sync_channel(1);
    let (back, from_back) = sync_channel(1);
    let one = named("peer", move || peer(&there, &from_back));
    let other = named("peer", move || peer(&back, &from_there));
    one.join().unwrap();
    other.join().unwrap();
}

async fn own_sender() {
    let (sender, receiver) = channel::<u8>();
    let _ = receiver.recv();
    drop(sender);
}

async fn gives_up() {
    let (sender, receiver) = channel::<u8>();
    let waited = receiver.recv_timeout(Duration::from_secs(600));
    assert_eq!(waited, Err(RecvTimeoutError::Timeout));
    drop(sender);
}

async fn parked() {
    thread::park();
}

async fn unparked_first() {
    let sleeper = named("sleeper", thread::park);
    sleeper.thread().unpark();
    sleeper.join().unwrap();
}

async fn barrier_short_by_one() {
    let barrier = Arc::new(Barrier::new(3));
    let parties = [(), ()].map(|()| {
        let barrier = Arc::clone(&barrier);
        named("party", move || {
            barrier.wait();
        })
    });
    for party in parties {
        party.join().unwrap();
    }
}

fn spin_until(flag: &AtomicBool) {
    while !flag.load(Ordering::SeqCst) {
        hint::spin_loop();
    }
}

async fn spin_for_ever() {
    spin_until(&AtomicBool::new(false));
}

async fn spin_for_a_while() {
    let flag = Arc::new(AtomicBool::new(false));
    let sets = Arc::clone(&flag);
    let setter = named("setter", move || sets.store(true, Ordering::SeqCst));
    spin_until(&flag);
    setter.join().unwrap();
}

fn poison() -> Arc<Mutex<u8>> {
    let lock = Arc::new(Mutex::new(0_u8));
    let poisons = Arc::clone(&lock);
    let thread = named("poisons", move || {
        let _guard = poisons.lock().unwrap();
        panic!("while holding");
    });
    assert!(thread.join().is_err());
    lock
}

async fn poisoned() {
    let lock = poison();
    *lock.lock().unwrap_or_else(PoisonError::into_inner) += 1;
}

async fn poison_unwrapped() {
    *poison().lock().unwrap() += 1;
}

async fn scope() {
    let sum = Mutex::new(0);
    thread::scope(|scope| {
        for number in 1..=3 {
            let sum = &sum;
            scope.spawn(move || *sum.lock().unwrap() += number);
        }
    });
    assert_eq!(sum.into_inner().unwrap(), 6);
}

async fn left_behind() {
    let (sender, receiver) = channel::<u8>();
    let keeps = sender.clone();
    drop(named("drain", move || {
        while receiver.recv().is_ok() {}
        drop(keeps);
    }));
    sender.send(1).unwrap();
}

async fn clock_poll() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_secs(1));
    }
}

async fn held_across_await() {
    let lock = Arc::new(Mutex::new(0_u8));
    let (done, ends) = tokio::sync::oneshot::channel();
    let wanted = Arc::clone(&lock);
    let thread = named("wants", move || {
        *wanted.lock().unwrap() += 1;
        let _ = done.send(());
    });
    {
        let _guard = lock.lock().unwrap();
        let _ = ends.await;
    }
    thread.join().unwrap();
}

async fn sends_to_its_joiner() {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let thread = named("sends", move || {
        for value in 0..3_u8 {
            sender.blocking_send(value).unwrap();
        }
    });
    thread.join().unwrap();
    while receiver.recv().await.is_some() {}
}

async fn shared_lock() {
    let lock = Arc::new(Mutex::new(0_u8));
    let shared = Arc::clone(&lock);
    let thread = named("adds", move || *shared.lock().unwrap() += 1);
    let shared = Arc::clone(&lock);
    let task = tokio::spawn(async move { *shared.lock().unwrap() += 1 });
    task.await.unwrap();
    thread.join().unwrap();
    assert_eq!(*lock.lock().unwrap(), 2);
}
