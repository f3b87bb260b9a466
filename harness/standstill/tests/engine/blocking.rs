//! Code that blocks a thread where it must not: each ends in a finding that names it, never in a
//! process that stands still.

#![expect(
    clippy::unwrap_used,
    reason = "in programs under test a panic is a finding"
)]

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::common::{clean, find, within};
use standstill::{FindingKind, Hunt, Op, Preempt};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, RwLock, Semaphore, broadcast, mpsc, oneshot};

/// What the panic of `body` said, which every schedule shows.
#[track_caller]
fn panic_of<F, R>(body: F) -> String
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let (finding, _) = find(1, body);
    assert_eq!(finding.kind, FindingKind::Panic);
    let panic = &finding.panics[0];
    let at = panic.at.as_ref().unwrap();
    assert!(at.file.ends_with("blocking.rs"), "{at}");
    panic.message.clone()
}

#[test]
fn a_blocking_call_in_a_task_is_named_with_what_to_use() {
    within(60, || {
        macro_rules! refuses {
            ($($name:literal, $instead:literal => $body:expr;)*) => {$(
                let said = panic_of(|| async { let _ = $body; });
                assert_eq!(said, format!(
                    "Cannot block the current thread from within a runtime. This happens because a \
                     function attempted to block the current thread while the thread is being used \
                     to drive asynchronous tasks. Here it is `{}`: use `{}`, or call it in \
                     `tokio::task::spawn_blocking`", $name, $instead,
                ));
            )*};
        }
        refuses! {
            "Mutex::blocking_lock", "lock().await" => Mutex::new(0).blocking_lock();
            "Mutex::blocking_lock_owned", "lock_owned().await" => Arc::new(Mutex::new(0)).blocking_lock_owned();
            "RwLock::blocking_read", "read().await" => RwLock::new(0).blocking_read();
            "RwLock::blocking_write", "write().await" => RwLock::new(0).blocking_write();
            "Semaphore::blocking_acquire", "acquire().await" => Semaphore::new(1).blocking_acquire();
            "mpsc::Sender::blocking_send", "send(..).await" => mpsc::channel(1).0.blocking_send(1);
            "mpsc::Receiver::blocking_recv", "recv().await" => mpsc::channel::<u8>(1).1.blocking_recv();
            "mpsc::UnboundedReceiver::blocking_recv", "recv().await" => mpsc::unbounded_channel::<u8>().1.blocking_recv();
            "oneshot::Receiver::blocking_recv", ".await" => oneshot::channel::<u8>().1.blocking_recv();
            "broadcast::Receiver::blocking_recv", "recv().await" => broadcast::channel::<u8>(1).1.blocking_recv();
        }
    });
}

#[test]
fn a_block_on_in_a_task_is_named() {
    within(60, || {
        let said = panic_of(|| async { Handle::current().block_on(async {}) });
        let named = "Here it is `Handle::block_on`: `.await` the future, or block on it in \
                     `tokio::task::spawn_blocking`";
        assert!(said.ends_with(named), "{said}");
    });
}

/// As in the executors of other crates: parks the thread until the future is woken.
fn block_on_by_parking<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

async fn asks(requests: mpsc::Sender<oneshot::Sender<u8>>) {
    let (reply, answer) = oneshot::channel();
    requests.send(reply).await.unwrap();
    block_on_by_parking(answer).unwrap();
}

async fn answers(mut requests: mpsc::Receiver<oneshot::Sender<u8>>) {
    while let Some(reply) = requests.recv().await {
        reply.send(1).unwrap();
    }
}

#[test]
fn a_block_on_of_another_crate_in_a_task_is_a_blocked_thread() {
    within(60, || {
        let outcome = Hunt::new("block_on")
            .schedules(1)
            .preempt(Preempt::Await)
            .run(|| async {
                let (requests, inbox) = mpsc::channel(1);
                let server = tokio::spawn(answers(inbox));
                tokio::spawn(asks(requests)).await.unwrap();
                server.await.unwrap();
            });
        let finding = outcome.finding().expect("a thread asleep in a poll");
        assert_eq!(finding.kind, FindingKind::Blocked);
        let blocked = finding.blocked.as_ref().unwrap();
        assert_eq!(blocked.role, "asks");
        let (op, at) = blocked.last.as_ref().unwrap();
        assert_eq!(*op, Op::Recv);
        assert!(at.file.ends_with("blocking.rs"), "{at}");
    });
}

#[test]
fn a_block_on_of_another_crate_is_found_whatever_is_preempted() {
    within(60, || {
        let outcome = Hunt::new("block_on").schedules(20).seed(1).run(|| async {
            let (requests, inbox) = mpsc::channel(1);
            let server = tokio::spawn(answers(inbox));
            tokio::spawn(asks(requests)).await.unwrap();
            server.await.unwrap();
        });
        let finding = outcome.finding().expect("a thread asleep in a poll");
        assert_eq!(finding.kind, FindingKind::Blocked);
        assert_eq!(finding.blocked.as_ref().unwrap().role, "asks");
    });
}

#[test]
fn what_blocks_may_be_used_in_block_in_place_and_in_blocking_tasks() {
    within(60, || {
        clean(500, || async {
            let (requests, inbox) = mpsc::channel(1);
            let server = tokio::spawn(answers(inbox));
            let ask = |requests: mpsc::Sender<oneshot::Sender<u8>>| {
                let (reply, answer) = oneshot::channel();
                requests.blocking_send(reply).unwrap();
                Handle::current().block_on(answer).unwrap()
            };
            let blocking = requests.clone();
            let task = tokio::task::spawn_blocking(move || ask(blocking));
            // The other branch is woken while this one blocks.
            let (wake, woken) = oneshot::channel();
            tokio::spawn(async move { wake.send(()) });
            let in_place = async { tokio::task::block_in_place(|| ask(requests)) };
            let (woken, answer) = tokio::join!(woken, in_place);
            woken.unwrap();
            assert_eq!(answer + task.await.unwrap(), 2);
            server.await.unwrap();
        });
    });
}

#[test]
fn a_wait_in_block_in_place_that_nobody_ends_is_a_hang() {
    within(60, || {
        let (finding, _) = find(5, || async {
            let (sender, receiver) = oneshot::channel::<u8>();
            tokio::task::block_in_place(|| receiver.blocking_recv().unwrap());
            drop(sender);
        });
        assert_eq!(finding.kind, FindingKind::Hang);
        let wait = &finding.graph.tasks[0].waits[0];
        assert_eq!(wait.op, Op::Recv);
    });
}
