//! Proofs: what they say, and that the reduction leaves nothing out.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex as Plain};
use std::time::Duration;

use standstill::{Conclusion, FindingKind, Prove, Runner, Unproved, host};
use tokio::sync::{Mutex, Notify, RwLock, Semaphore, mpsc, oneshot, watch};
use tokio::task::yield_now;

/// What the tasks of a generated program share.
struct World {
    locks: [Mutex<u32>; 2],
    table: RwLock<u32>,
    permits: Semaphore,
    signal: Notify,
    latest: watch::Sender<u32>,
    queue: mpsc::Sender<u32>,
    items: Mutex<mpsc::Receiver<u32>>,
    /// What each task saw, in its own order: no order between tasks but what they can tell.
    seen: Plain<Vec<Vec<u32>>>,
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Add(usize),
    Nested(usize),
    TryLock(usize),
    Read,
    ReadOn,
    TryRead,
    Write,
    TryWrite,
    Send(u32),
    TrySend(u32),
    Receive,
    ReceiveOrSignal,
    Changed,
    NotifyOne,
    NotifyAll,
    Notified,
    TryAcquire,
    Acquire,
    Publish(u32),
    Look,
    Yield,
    Select,
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// Deeds that have to do with each other, as a rule: else few programs would show much.
    fn deed(&mut self, theme: u64) -> Deed {
        let (which, small) = (self.below(2) as usize, self.below(3) as u32);
        let locks = [
            Deed::Add(which),
            Deed::Nested(which),
            Deed::TryLock(which),
            Deed::Select,
        ];
        let queue = [
            Deed::Send(small),
            Deed::TrySend(small),
            Deed::Receive,
            Deed::ReceiveOrSignal,
        ];
        let signal = [
            Deed::NotifyOne,
            Deed::NotifyAll,
            Deed::Notified,
            Deed::ReceiveOrSignal,
        ];
        let permits = [Deed::TryAcquire, Deed::Acquire, Deed::Select, Deed::Yield];
        let latest = [
            Deed::Publish(small),
            Deed::Look,
            Deed::Changed,
            Deed::Publish(small),
        ];
        let table = [Deed::Read, Deed::Write, Deed::TryRead, Deed::TryWrite];
        let themes = [locks, queue, signal, permits, latest, table];
        let theme = match usize::try_from(theme)
            .ok()
            .and_then(|theme| themes.get(theme))
        {
            Some(theme) => theme,
            None => &themes[self.below(6) as usize],
        };
        theme[self.below(4) as usize]
    }

    /// Readers that overlap, and writers among them.
    fn reading(&mut self) -> Deed {
        match self.below(8) {
            0 | 1 => Deed::Read,
            2 | 3 => Deed::ReadOn,
            4 => Deed::TryRead,
            5 => Deed::TryWrite,
            6 => Deed::Write,
            _ => Deed::Yield,
        }
    }

    fn program(&mut self, mut deed: impl FnMut(&mut Self) -> Deed) -> Vec<Vec<Deed>> {
        let tasks = 2 + self.below(2);
        let most = if tasks == 2 { 2 } else { 1 };
        (0..tasks)
            .map(|_| (0..1 + self.below(most)).map(|_| deed(self)).collect())
            .collect()
    }
}

async fn act(world: &World, deed: Deed) -> u32 {
    match deed {
        Deed::Add(which) => {
            let mut value = world.locks[which].lock().await;
            *value += 1;
            *value
        }
        Deed::Nested(which) => {
            let outer = world.locks[which].lock().await;
            let mut inner = world.locks[1 - which].lock().await;
            *inner += 10;
            *outer + *inner
        }
        Deed::TryLock(which) => world.locks[which].try_lock().map_or(100, |value| *value),
        Deed::Read => *world.table.read().await,
        Deed::ReadOn => {
            let value = world.table.read().await;
            let seen = world.latest.send_replace(*value + 1);
            *value + 10 * seen
        }
        Deed::TryRead => world.table.try_read().map_or(100, |value| *value),
        Deed::TryWrite => world.table.try_write().map_or(100, |mut value| {
            *value += 1;
            *value
        }),
        Deed::Write => {
            let mut value = world.table.write().await;
            *value += 1;
            *value
        }
        Deed::Send(value) => {
            let _ = world.queue.send(value).await;
            0
        }
        Deed::TrySend(value) => u32::from(world.queue.try_send(value).is_ok()),
        Deed::Receive => world.items.lock().await.recv().await.unwrap_or(100),
        Deed::ReceiveOrSignal => {
            let mut items = world.items.lock().await;
            tokio::select! {
                biased;
                item = items.recv() => item.unwrap_or(100),
                () = world.signal.notified() => 50,
            }
        }
        Deed::Changed => {
            let mut latest = world.latest.subscribe();
            let changed = latest.changed().await;
            changed.map_or(100, |()| *latest.borrow())
        }
        Deed::NotifyOne => {
            world.signal.notify_one();
            0
        }
        Deed::NotifyAll => {
            world.signal.notify_waiters();
            0
        }
        Deed::Notified => {
            world.signal.notified().await;
            0
        }
        Deed::TryAcquire => world.permits.try_acquire().map_or(1, |permit| {
            permit.forget();
            0
        }),
        Deed::Acquire => {
            let _permit = world.permits.acquire().await;
            world.permits.available_permits() as u32
        }
        Deed::Publish(value) => world.latest.send_replace(value),
        Deed::Look => *world.latest.borrow(),
        Deed::Yield => {
            yield_now().await;
            0
        }
        Deed::Select => tokio::select! {
            value = world.locks[0].lock() => *value,
            () = world.signal.notified() => 50,
            _ = world.permits.acquire() => 60,
        },
    }
}

/// Runs a generated program and enters what its tasks saw, if it comes to its end.
async fn root(program: Arc<Vec<Vec<Deed>>>, states: Arc<Plain<BTreeSet<String>>>) {
    let (queue, items) = mpsc::channel(1);
    let world = Arc::new(World {
        locks: [Mutex::new(0), Mutex::new(0)],
        table: RwLock::new(0),
        permits: Semaphore::new(1),
        signal: Notify::new(),
        latest: watch::Sender::new(7),
        queue,
        items: Mutex::new(items),
        seen: Plain::new(vec![Vec::new(); program.len()]),
    });
    let mut tasks = Vec::new();
    for (task, deeds) in program.iter().enumerate() {
        let (world, deeds) = (Arc::clone(&world), deeds.clone());
        tasks.push(tokio::spawn(async move {
            for deed in deeds {
                let value = act(&world, deed).await;
                world.seen.lock().unwrap()[task].push(value);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    if host::with(|host| host.closing()) == Some(false) {
        let state = format!("{:?}", world.seen.lock().unwrap());
        states.lock().unwrap().insert(state);
    }
}

/// What every interleaving comes to: final states and fingerprints. None if there are too many.
fn outcomes(
    program: &Arc<Vec<Vec<Deed>>>,
    reduction: bool,
    most: u64,
) -> Option<(BTreeSet<String>, BTreeSet<String>, u64)> {
    let states = Arc::<Plain<BTreeSet<String>>>::default();
    let (body, log) = (Arc::clone(program), Arc::clone(&states));
    let proof = Prove::new("generated")
        .reduction(reduction)
        .keep_going(true)
        .executions(most)
        .run(move || root(Arc::clone(&body), Arc::clone(&log)));
    if let Conclusion::NotProved(reason) = &proof.conclusion {
        assert_eq!(*reason, Unproved::Executions(most), "{program:?}");
        return None;
    }
    if proof.executions >= most {
        return None;
    }
    let fingerprints = proof
        .found
        .iter()
        .map(|found| found.finding.fingerprint.to_string());
    let states = states.lock().unwrap().clone();
    Some((states, fingerprints.collect(), proof.executions))
}

/// What a share of the generated programs came to.
#[derive(Default)]
struct Tally {
    hung: usize,
    whole: u64,
    reduced: u64,
}

/// Compares so many programs whose interleavings are no more than `most`.
fn compare(
    seed: u64,
    programs: usize,
    most: u64,
    program: fn(&mut Dice) -> Vec<Vec<Deed>>,
) -> Tally {
    let mut dice = Dice(seed);
    let (mut tally, mut compared) = (Tally::default(), 0);
    while compared < programs {
        let program = Arc::new(program(&mut dice));
        let Some((states, fingerprints, whole)) = outcomes(&program, false, most) else {
            continue;
        };
        let reduced = outcomes(&program, true, most);
        let (reduced_states, reduced_fingerprints, reduced) =
            reduced.unwrap_or_else(|| panic!("more executions than without: {program:?}"));
        assert_eq!(states, reduced_states, "{program:?}");
        assert_eq!(fingerprints, reduced_fingerprints, "{program:?}");
        compared += 1;
        tally.hung += usize::from(!fingerprints.is_empty());
        tally.whole += whole;
        tally.reduced += reduced;
    }
    tally
}

/// A finding is confirmed with a tenth of a second for other threads to wake it. Side by side most
/// of those pass at the same time.
#[test]
fn the_reduction_leaves_nothing_out() {
    let sum = compare_all(10, 400, |dice| {
        let theme = dice.below(8);
        dice.program(|dice| dice.deed(theme))
    });
    // Else there was little to compare.
    assert!(sum.hung >= 10 && sum.hung < 90, "{}", sum.hung);
    assert!(
        sum.reduced * 2 < sum.whole,
        "{} of {}",
        sum.reduced,
        sum.whole
    );
}

#[test]
fn readers_that_overlap_are_one_of_equivalent_ones() {
    let sum = compare_all(2, 20_000, |dice| dice.program(Dice::reading));
    assert!(
        sum.reduced * 3 < sum.whole,
        "{} of {}",
        sum.reduced,
        sum.whole
    );
}

fn compare_all(programs: usize, most: u64, program: fn(&mut Dice) -> Vec<Vec<Deed>>) -> Tally {
    const SHARES: u64 = 10;
    let shares: Vec<_> = (0..SHARES)
        .map(|share| {
            std::thread::spawn(move || compare(2026 + 7919 * share, programs, most, program))
        })
        .collect();
    let mut sum = Tally::default();
    for share in shares {
        let tally = share.join().expect("both explorations agree");
        sum.hung += tally.hung;
        sum.whole += tally.whole;
        sum.reduced += tally.reduced;
    }
    sum
}

async fn both_orders(ordered: bool) {
    let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
    let other = Arc::clone(&locks);
    let task = tokio::spawn(async move {
        if ordered {
            let _first = other.0.lock().await;
            let _second = other.1.lock().await;
        } else {
            let _first = other.1.lock().await;
            let _second = other.0.lock().await;
        }
    });
    {
        let _first = locks.0.lock().await;
        let _second = locks.1.lock().await;
    }
    task.await.unwrap();
}

#[test]
fn locks_in_one_order_are_proved_clean() {
    let proof = Prove::new("ordered").run(|| both_orders(true));
    assert_eq!(proof.conclusion, Conclusion::Proved);
    assert!(proof.to_string().starts_with("proved: "), "{proof}");
}

#[test]
fn locks_in_two_orders_are_found_with_a_token_that_replays() {
    let proof = Prove::new("crossed").run(|| both_orders(false));
    let Conclusion::Found(found) = &proof.conclusion else {
        panic!("{proof}");
    };
    assert_eq!(found.finding.kind, FindingKind::Hang);
    let program = standstill::Program::new(|_| both_orders(false));
    let run = Runner::new().replay(&program, &found.plan);
    let again = run.verdict.finding().expect("the same finding");
    assert_eq!(again.fingerprint, found.finding.fingerprint);
}

#[test]
fn a_bound_is_named_when_it_is_reached() {
    let proof = Prove::new("bounded")
        .executions(3)
        .run(|| both_orders(true));
    assert_eq!(
        proof.conclusion,
        Conclusion::NotProved(Unproved::Executions(3))
    );
    assert_eq!(proof.to_string(), "not proved: bound reached: 3 executions");
}

#[test]
fn early_timers_are_tried_everywhere() {
    async fn impatient() {
        let (sender, receiver) = oneshot::channel();
        let task = tokio::spawn(async move { sender.send(()) });
        let answer = tokio::time::timeout(Duration::from_secs(1), receiver).await;
        assert!(answer.is_ok(), "too slow");
        let _ = task.await;
    }
    let proof = Prove::new("impatient").run(impatient);
    assert_eq!(proof.found[0].finding.kind, FindingKind::Panic);
    let proof = Prove::new("impatient").early_timers(0).run(impatient);
    assert_eq!(proof.conclusion, Conclusion::Proved);
}

#[test]
fn a_wait_for_something_else_is_no_proof() {
    async fn foreign() {
        let (sender, receiver) = futures_like::channel();
        let task = tokio::spawn(async move { sender.send() });
        receiver.await;
        task.await.unwrap();
    }
    let proof = Prove::new("foreign").run(foreign);
    let Conclusion::NotProved(Unproved::Doubt(why)) = &proof.conclusion else {
        panic!("{proof}");
    };
    assert!(
        why.contains("waits for something that is not the facade's"),
        "{why}"
    );
}

/// A primitive that is not the facade's.
mod futures_like {
    use std::future::poll_fn;
    use std::sync::{Arc, Mutex};
    use std::task::{Poll, Waker};

    #[derive(Default)]
    struct Shared {
        sent: bool,
        waker: Option<Waker>,
    }

    pub(crate) struct Sender(Arc<Mutex<Shared>>);

    impl Sender {
        pub(crate) fn send(self) {
            let mut shared = self.0.lock().unwrap();
            shared.sent = true;
            if let Some(waker) = shared.waker.take() {
                waker.wake();
            }
        }
    }

    pub(crate) fn channel() -> (Sender, impl Future<Output = ()>) {
        let shared = Arc::<Mutex<Shared>>::default();
        let sender = Sender(Arc::clone(&shared));
        let receiver = poll_fn(move |cx| {
            let mut shared = shared.lock().unwrap();
            if shared.sent {
                return Poll::Ready(());
            }
            shared.waker = Some(cx.waker().clone());
            Poll::Pending
        });
        (sender, receiver)
    }
}
