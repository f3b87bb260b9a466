//! Locks, semaphores and cells of tokio.

use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell, RwLock, Semaphore};
use tokio::task;

use super::table::{Expect, Row};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::hang(
            "two locks in two orders",
            &["left lock Mutex<u16>", "right lock Mutex<u8>"],
            two_orders,
        ),
        Row::clean("two locks in one order", one_order),
        Row::hang("a lock taken twice", &["root lock Mutex<u8>"], twice),
        Row::hang(
            "a read lock taken twice, with a writer in between",
            &["reader read RwLock<u8>", "writer write RwLock<u8>"],
            double_read,
        ),
        Row::clean("a read lock taken twice by readers alone", only_readers),
        Row::hang(
            "a permit that is forgotten",
            &["root acquire Semaphore"],
            forgotten_permit,
        ),
        Row::hang(
            "more permits than there are",
            &["root acquire Semaphore"],
            too_many_permits,
        ),
        Row::clean("permits given back in a drop", permits_given_back),
        Row::hang(
            "a small request behind a large one that waits for its holder",
            &["root acquire Semaphore", "large acquire Semaphore"],
            behind_a_large_one,
        ),
        Row::hang(
            "a cell whose initialisation asks for the cell",
            &["root get_or_init OnceCell<u8>"],
            cell_in_itself,
        ),
        Row::clean("a cell initialised by whoever comes first", cell_by_anybody),
        Row::new(
            "a lock asked for by a future that nobody polls",
            Expect::Found("hang", &["root lock Mutex<u8>"]),
            futurelock,
        ),
        Row::clean("a queue left by dropping the future", left_the_queue),
        Row::clean("an owned guard dropped by another task", handed_on),
    ]
}

async fn left(a: Arc<Mutex<u8>>, b: Arc<Mutex<u16>>) {
    let _a = a.lock().await;
    let _b = b.lock().await;
}

async fn right(a: Arc<Mutex<u8>>, b: Arc<Mutex<u16>>) {
    let _b = b.lock().await;
    let _a = a.lock().await;
}

async fn two_orders() {
    let (a, b) = (Arc::default(), Arc::default());
    let left = tokio::spawn(left(Arc::clone(&a), Arc::clone(&b)));
    let right = tokio::spawn(right(a, b));
    left.await.unwrap();
    right.await.unwrap();
}

async fn one_order() {
    let (a, b) = (Arc::default(), Arc::default());
    let one = tokio::spawn(left(Arc::clone(&a), Arc::clone(&b)));
    let other = tokio::spawn(left(a, b));
    one.await.unwrap();
    other.await.unwrap();
}

async fn twice() {
    let lock = Mutex::new(0_u8);
    let _first = lock.lock().await;
    let _second = lock.lock().await;
}

async fn reader(lock: Arc<RwLock<u8>>) {
    let _outer = lock.read().await;
    let _inner = lock.read().await;
}

async fn writer(lock: Arc<RwLock<u8>>) {
    *lock.write().await += 1;
}

async fn double_read() {
    let lock = Arc::default();
    let reader = tokio::spawn(reader(Arc::clone(&lock)));
    let writer = tokio::spawn(writer(lock));
    reader.await.unwrap();
    writer.await.unwrap();
}

async fn only_readers() {
    let lock = Arc::default();
    let one = tokio::spawn(reader(Arc::clone(&lock)));
    let other = tokio::spawn(reader(lock));
    one.await.unwrap();
    other.await.unwrap();
}

async fn forgotten_permit() {
    let permits = Semaphore::new(1);
    permits.acquire().await.unwrap().forget();
    let _ = permits.acquire().await;
}

async fn too_many_permits() {
    let permits = Semaphore::new(2);
    let _ = permits.acquire_many(3).await;
}

async fn worker(permits: Arc<Semaphore>) {
    let _permit = permits.acquire().await.unwrap();
    task::yield_now().await;
}

async fn permits_given_back() {
    let permits = Arc::new(Semaphore::new(1));
    let workers: Vec<_> = (0..3)
        .map(|_| tokio::spawn(worker(Arc::clone(&permits))))
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
}

async fn large(permits: Arc<Semaphore>) {
    let _ = permits.acquire_many(2).await;
}

async fn behind_a_large_one() {
    let permits = Arc::new(Semaphore::new(2));
    let _one = permits.acquire().await.unwrap();
    let large = tokio::spawn(large(Arc::clone(&permits)));
    task::yield_now().await;
    let _two = permits.acquire().await.unwrap();
    drop((_one, _two));
    large.await.unwrap();
}

async fn cell_in_itself() {
    let cell = OnceCell::<u8>::new();
    cell.get_or_init(async || *cell.get_or_init(async || 1).await)
        .await;
}

async fn ask(cell: Arc<OnceCell<u8>>) {
    let value = cell
        .get_or_init(async || {
            task::yield_now().await;
            1
        })
        .await;
    assert_eq!(*value, 1);
}

async fn cell_by_anybody() {
    let cell = Arc::default();
    let one = tokio::spawn(ask(Arc::clone(&cell)));
    ask(cell).await;
    one.await.unwrap();
}

async fn futurelock() {
    let lock = Arc::new(Mutex::new(0_u8));
    let held = Arc::clone(&lock).lock_owned().await;
    let asked = lock.lock();
    tokio::pin!(asked);
    tokio::select! {
        biased;
        _ = &mut asked => {}
        () = task::yield_now() => {}
    }
    drop(held);
    // The guard is granted to `asked`, which is still there and is not polled.
    drop(lock.lock().await);
}

async fn left_the_queue() {
    let lock = Arc::new(Mutex::new(0_u8));
    let held = Arc::clone(&lock).lock_owned().await;
    tokio::select! {
        biased;
        _ = lock.lock() => {}
        () = task::yield_now() => {}
    }
    drop(held);
    drop(lock.lock().await);
}

async fn handed_on() {
    let lock = Arc::new(Mutex::new(0_u8));
    let guard = Arc::clone(&lock).lock_owned().await;
    let other = tokio::spawn(async move { drop(guard) });
    drop(lock.lock().await);
    other.await.unwrap();
}
