use crate::panic_of;
use std::cell::Cell;
use std::pin::pin;
use tokio::task::yield_now;

tokio::task_local! {
    static NUMBER: u32;
    /// A value that is not `Sync`.
    pub static CELL: Cell<u32>;
}

#[test]
fn each_task_sees_its_own_value() {
    check(|| async {
        let tasks: Vec<_> = (0..3)
            .map(|number| {
                tokio::spawn(NUMBER.scope(number, async move {
                    for _ in 0..3 {
                        assert_eq!(NUMBER.get(), number);
                        yield_now().await;
                        NUMBER.sync_scope(number + 10, || assert_eq!(NUMBER.get(), number + 10));
                    }
                    NUMBER.scope(9, async { assert_eq!(NUMBER.with(|value| *value), 9) }).await;
                    NUMBER.get()
                }))
            })
            .collect();
        for (number, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap() as usize, number);
        }
        assert!(NUMBER.try_get().is_err());
    });
}

#[test]
fn a_value_changes_in_its_place_and_is_taken_out() {
    check(|| async {
        let mut future = pin!(CELL.scope(Cell::new(1), async {
            CELL.with(|cell| cell.set(cell.get() + 1));
            yield_now().await;
            CELL.with(|cell| cell.set(cell.get() * 10));
        }));
        future.as_mut().await;
        assert_eq!(future.take_value().map(Cell::into_inner), Some(20));
    });
}

#[test]
fn destructors_of_a_scoped_future_see_the_value() {
    struct Reads;

    impl Drop for Reads {
        fn drop(&mut self) {
            assert_eq!(NUMBER.get(), 4);
        }
    }

    check(|| async {
        let reads = Reads;
        drop(NUMBER.scope(4, async move { drop(reads) }));
    });
}

#[test]
fn a_value_that_is_not_there_is_an_error() {
    check(|| async {
        assert_eq!(NUMBER.try_with(|_| ()).unwrap_err().to_string(), "task-local value not set");
        assert_eq!(
            panic_of(|| NUMBER.get()),
            "cannot access a task-local storage value without setting it first"
        );
        let said = panic_of(|| NUMBER.sync_scope(1, || NUMBER.with(|_| NUMBER.sync_scope(2, || ()))));
        assert_eq!(
            said,
            "cannot enter a task-local scope while the task-local storage is borrowed"
        );
        assert!(NUMBER.try_get().is_err());
        assert_eq!(format!("{:?}", NUMBER.scope(3, async {})), "TaskLocalFuture { value: 3 }");
    });
}
