//! Generated programs: what a proof finds out about them with the reduction and without.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex as Plain};
use std::time::Duration;

use standstill::{Conclusion, Prove, Unproved, host};
use tokio::sync::{Mutex, Notify, RwLock, Semaphore, mpsc, watch};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;

/// What the tasks of a generated program share.
struct World {
    locks: [Mutex<u32>; 2],
    table: RwLock<u32>,
    permits: Semaphore,
    signal: Notify,
    latest: watch::Sender<u32>,
    queue: mpsc::Sender<u32>,
    items: Mutex<mpsc::Receiver<u32>>,
    seen: Arc<Seen>,
}

/// What each task saw, in its own order: no order between tasks but what they can tell. The root is
/// the last of them.
struct Seen {
    values: Plain<Vec<Vec<u32>>>,
    states: Arc<Plain<BTreeSet<String>>>,
}

/// Entered when the last task is gone, if the run comes to that.
impl Drop for Seen {
    fn drop(&mut self) {
        if host::with(|host| host.closing()) == Some(false) {
            let state = format!("{:?}", self.values.lock().unwrap());
            self.states.lock().unwrap().insert(state);
        }
    }
}

impl Seen {
    fn push(&self, task: usize, value: u32) {
        self.values.lock().unwrap()[task].push(value);
    }
}

/// A generated program.
#[derive(Clone, Debug)]
struct Generated {
    tasks: Vec<Vec<Deed>>,
    /// How many there are to acquire.
    permits: usize,
    /// What the root does, once it has spawned them; then it ends.
    root: Vec<RootDeed>,
}

/// What the root does with a task.
#[derive(Clone, Copy, Debug)]
enum RootDeed {
    Join(usize),
    JoinInTime(usize),
    JoinEither(usize, usize),
    Abort(usize),
    IsFinished(usize),
    Signal,
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
    AcquireMany,
    AddInTime(usize),
    JoinChild(usize),
    ChildOrLock,
    Pair,
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

    /// Who asks, who gives back, and who has had enough.
    fn asking(&mut self) -> Deed {
        let which = self.below(2) as usize;
        match self.below(12) {
            0..3 => Deed::Add(which),
            3 => Deed::Nested(which),
            4 => Deed::TryLock(which),
            5 => Deed::AcquireMany,
            6 => Deed::Acquire,
            7 => Deed::JoinChild(which),
            8 => Deed::ChildOrLock,
            9 => Deed::Pair,
            10 => Deed::AddInTime(which),
            _ => Deed::Select,
        }
    }

    fn root_deed(&mut self, tasks: usize) -> RootDeed {
        let task = self.below(tasks as u64) as usize;
        match self.below(8) {
            0..3 => RootDeed::Join(task),
            3 => RootDeed::JoinInTime(task),
            4 => RootDeed::JoinEither(task, (task + 1) % tasks),
            5 => RootDeed::Abort(task),
            6 => RootDeed::IsFinished(task),
            _ => RootDeed::Signal,
        }
    }

    /// Whose root waits for everybody.
    fn program(&mut self, mut deed: impl FnMut(&mut Self) -> Deed) -> Generated {
        let tasks = 2 + self.below(2);
        let most = if tasks == 2 { 2 } else { 1 };
        let tasks: Vec<Vec<Deed>> = (0..tasks)
            .map(|_| (0..1 + self.below(most)).map(|_| deed(self)).collect())
            .collect();
        let root = (0..tasks.len()).map(RootDeed::Join).collect();
        Generated {
            tasks,
            permits: 1,
            root,
        }
    }

    /// Whose root does as it likes.
    fn free_program(&mut self, deed: impl FnMut(&mut Self) -> Deed) -> Generated {
        let mut program = self.program(deed);
        let tasks = program.tasks.len();
        program.permits = 1 + self.below(2) as usize;
        program.root = (0..self.below(4)).map(|_| self.root_deed(tasks)).collect();
        program
    }
}

async fn act(world: &Arc<World>, deed: Deed) -> u32 {
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
        Deed::AcquireMany => {
            let _permits = world.permits.acquire_many(2).await;
            let value = world.locks[0].lock().await;
            *value
        }
        Deed::AddInTime(which) => {
            let asked = timeout(Duration::from_secs(1), world.locks[which].lock());
            asked.await.map_or(70, |mut value| {
                *value += 1;
                *value
            })
        }
        Deed::JoinChild(which) => {
            let other = Arc::clone(world);
            let child = tokio::spawn(async move {
                let mut value = other.locks[which].lock().await;
                *value += 3;
                *value
            });
            child.await.unwrap_or(80)
        }
        Deed::ChildOrLock => {
            let other = Arc::clone(world);
            let child = tokio::spawn(async move { *other.locks[0].lock().await });
            tokio::select! {
                biased;
                value = child => value.unwrap_or(80) + 10,
                value = world.locks[1].lock() => *value,
            }
        }
        Deed::Pair => {
            let (one, two) = tokio::join!(world.locks[0].lock(), world.permits.acquire());
            *one + u32::from(two.is_ok())
        }
    }
}

async fn lead(world: &World, tasks: &mut [Option<JoinHandle<()>>], deed: RootDeed) -> u32 {
    match deed {
        RootDeed::Join(task) => match tasks[task].take() {
            Some(task) => u32::from(task.await.is_ok()),
            None => 90,
        },
        RootDeed::JoinInTime(task) => match &mut tasks[task] {
            Some(handle) => match timeout(Duration::from_secs(1), handle).await {
                Ok(ended) => {
                    tasks[task] = None;
                    u32::from(ended.is_ok())
                }
                Err(_) => 91,
            },
            None => 92,
        },
        RootDeed::JoinEither(one, two) => {
            let (Some(mut first), Some(mut second)) = (tasks[one].take(), tasks[two].take()) else {
                return 93;
            };
            tokio::select! {
                biased;
                ended = &mut first => 2 + u32::from(ended.is_ok()),
                ended = &mut second => 4 + u32::from(ended.is_ok()),
            }
        }
        RootDeed::Abort(task) => {
            if let Some(task) = &tasks[task] {
                task.abort();
            }
            94
        }
        RootDeed::IsFinished(task) => {
            let ended = tasks[task].as_ref().map(JoinHandle::is_finished);
            ended.map_or(95, u32::from)
        }
        RootDeed::Signal => {
            world.signal.notify_one();
            96
        }
    }
}

/// Runs a generated program and enters what its tasks saw, if it comes to its end.
async fn root(program: Arc<Generated>, states: Arc<Plain<BTreeSet<String>>>) {
    let (queue, items) = mpsc::channel(1);
    let seen = Arc::new(Seen {
        values: Plain::new(vec![Vec::new(); program.tasks.len() + 1]),
        states,
    });
    let world = Arc::new(World {
        locks: [Mutex::new(0), Mutex::new(0)],
        table: RwLock::new(0),
        permits: Semaphore::new(program.permits),
        signal: Notify::new(),
        latest: watch::Sender::new(7),
        queue,
        items: Mutex::new(items),
        seen: Arc::clone(&seen),
    });
    let mut tasks = Vec::new();
    for (task, deeds) in program.tasks.iter().enumerate() {
        let (world, deeds) = (Arc::clone(&world), deeds.clone());
        tasks.push(Some(tokio::spawn(async move {
            for deed in deeds {
                let value = act(&world, deed).await;
                world.seen.push(task, value);
            }
        })));
    }
    for deed in &program.root {
        let value = lead(&world, &mut tasks, *deed).await;
        seen.push(program.tasks.len(), value);
    }
}

/// What every interleaving comes to: final states and fingerprints. None if there are too many.
fn outcomes(
    program: &Arc<Generated>,
    reduction: bool,
    most: u64,
) -> Option<(BTreeSet<String>, BTreeSet<String>, u64)> {
    let states = Arc::<Plain<BTreeSet<String>>>::default();
    let (body, log) = (Arc::clone(program), Arc::clone(&states));
    let proof = Prove::new("generated")
        .reduction(reduction)
        .keep_going(true)
        .hunt_first(0)
        .slack(Duration::from_secs(1))
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
fn compare(seed: u64, programs: usize, most: u64, program: fn(&mut Dice) -> Generated) -> Tally {
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

#[test]
fn a_root_need_not_wait_for_anybody() {
    let sum = compare_all(10, 400, |dice| {
        let theme = dice.below(12);
        dice.free_program(|dice| match theme {
            0..8 => dice.deed(theme),
            _ => dice.asking(),
        })
    });
    assert!(
        sum.reduced * 2 < sum.whole,
        "{} of {}",
        sum.reduced,
        sum.whole
    );
}

#[test]
fn who_asks_before_and_who_asks_after_need_not_be_told_apart() {
    let sum = compare_all(3, 2_000, |dice| {
        let mut program = dice.program(Dice::asking);
        program.tasks.truncate(2);
        program.root.truncate(2);
        program
    });
    assert!(
        sum.reduced * 2 < sum.whole,
        "{} of {}",
        sum.reduced,
        sum.whole
    );
}

/// By hand, `MORE_PROGRAMS=100` compares a hundred times as many of them, and others.
fn compare_all(programs: usize, most: u64, program: fn(&mut Dice) -> Generated) -> Tally {
    const SHARES: u64 = 10;
    let more = std::env::var("MORE_PROGRAMS").ok();
    let more: Option<usize> = more.map(|more| more.parse().expect("a number of times"));
    let first = if more.is_some() { 1_000_003 } else { 2026 };
    let programs = programs * more.unwrap_or(1);
    let shares: Vec<_> = (0..SHARES)
        .map(|share| {
            std::thread::spawn(move || compare(first + 7919 * share, programs, most, program))
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
