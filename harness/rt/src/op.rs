//! The vocabulary of the facade: what an operation is, on which kind of resource, and who could
//! end a wait for it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of thing a task waits for or holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceKind {
    /// A mutual exclusion lock.
    Mutex,
    /// A readers-writer lock.
    RwLock,
    /// A counting semaphore.
    Semaphore,
    /// `tokio::sync::Notify`.
    Notify,
    /// A barrier.
    Barrier,
    /// A bounded multi-producer channel.
    Channel,
    /// An unbounded multi-producer channel.
    UnboundedChannel,
    /// A one-value channel.
    Oneshot,
    /// A channel that keeps the latest value.
    Watch,
    /// A channel that every receiver sees whole.
    Broadcast,
    /// A cell that is initialised once.
    OnceCell,
    /// `std::sync::Mutex`.
    StdMutex,
    /// `std::sync::RwLock`.
    StdRwLock,
    /// `std::sync::Condvar`.
    StdCondvar,
    /// `std::sync::Barrier`.
    StdBarrier,
    /// `std::sync::Once`.
    StdOnce,
    /// `std::sync::OnceLock`.
    StdOnceLock,
    /// `std::sync::LazyLock`.
    StdLazyLock,
    /// A channel of `std::sync::mpsc::channel`.
    StdChannel,
    /// A channel of `std::sync::mpsc::sync_channel`.
    StdSyncChannel,
    /// What `std::thread::park` waits for.
    ParkToken,
    /// An atomic.
    Atomic,
    /// `parking_lot::Mutex`.
    ParkingLotMutex,
    /// `parking_lot::RwLock`.
    ParkingLotRwLock,
    /// `parking_lot::Condvar`.
    ParkingLotCondvar,
    /// `tokio_util::sync::CancellationToken`, with all that descend from it.
    CancellationToken,
    /// `tokio_util::task::TaskTracker`.
    TaskTracker,
    /// Another task, waited for by joining it.
    Task,
    /// A timer.
    Timer,
    /// Something that is not the facade's: a hand-written future, a third-party primitive.
    Untracked,
}

impl ResourceKind {
    /// The type's name, as a Rust developer would say it.
    pub fn name(self) -> &'static str {
        match self {
            ResourceKind::Mutex => "Mutex",
            ResourceKind::RwLock => "RwLock",
            ResourceKind::Semaphore => "Semaphore",
            ResourceKind::Notify => "Notify",
            ResourceKind::Barrier => "Barrier",
            ResourceKind::Channel => "mpsc channel",
            ResourceKind::UnboundedChannel => "unbounded mpsc channel",
            ResourceKind::Oneshot => "oneshot channel",
            ResourceKind::Watch => "watch channel",
            ResourceKind::Broadcast => "broadcast channel",
            ResourceKind::OnceCell => "OnceCell",
            ResourceKind::StdMutex => "std::sync::Mutex",
            ResourceKind::StdRwLock => "std::sync::RwLock",
            ResourceKind::StdCondvar => "std::sync::Condvar",
            ResourceKind::StdBarrier => "std::sync::Barrier",
            ResourceKind::StdOnce => "std::sync::Once",
            ResourceKind::StdOnceLock => "std::sync::OnceLock",
            ResourceKind::StdLazyLock => "std::sync::LazyLock",
            ResourceKind::StdChannel => "std::sync::mpsc channel",
            ResourceKind::StdSyncChannel => "std::sync::mpsc sync channel",
            ResourceKind::ParkToken => "park token",
            ResourceKind::Atomic => "atomic",
            ResourceKind::ParkingLotMutex => "parking_lot::Mutex",
            ResourceKind::ParkingLotRwLock => "parking_lot::RwLock",
            ResourceKind::ParkingLotCondvar => "parking_lot::Condvar",
            ResourceKind::CancellationToken => "CancellationToken",
            ResourceKind::TaskTracker => "TaskTracker",
            ResourceKind::Task => "task",
            ResourceKind::Timer => "timer",
            ResourceKind::Untracked => "something untracked",
        }
    }

    /// Whether its name goes in front of the type it guards, as in `Mutex<State>`.
    pub fn is_generic(self) -> bool {
        use ResourceKind as Kind;
        matches!(
            self,
            Kind::Mutex
                | Kind::RwLock
                | Kind::OnceCell
                | Kind::StdMutex
                | Kind::StdRwLock
                | Kind::StdOnceLock
                | Kind::StdLazyLock
                | Kind::ParkingLotMutex
                | Kind::ParkingLotRwLock
        )
    }

    /// Whether it is granted in the order of asking, as tokio's locks are. Where it is not, whoever
    /// asks while it is free gets it.
    pub fn is_fair(self) -> bool {
        use ResourceKind as Kind;
        !matches!(
            self,
            Kind::StdMutex | Kind::StdRwLock | Kind::ParkingLotMutex | Kind::ParkingLotRwLock
        )
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which part a task plays towards a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Holds permits of it: has locked it.
    Holder,
    /// Puts values in or signals it: a sender, a notifier.
    Source,
    /// Takes values out or hears the signal: a receiver.
    Sink,
    /// Is it: the task that is joined.
    Itself,
    /// Only time ends this wait.
    Clock,
    /// Nothing that the tracker can see.
    Unknown,
}

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $plays:ident, $needs:ident;)*) => {
        /// An operation of the facade.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Op {
            $($(#[$doc])* $variant,)*
        }

        impl Op {
            /// Every operation, in the order of declaration.
            pub const ALL: &[Op] = &[$(Op::$variant,)*];

            /// The operation's name, as the method is called. Part of fingerprints: never changes.
            pub fn name(self) -> &'static str {
                match self { $(Op::$variant => $name,)* }
            }

            /// The part that a task plays when it does this.
            #[inline]
            pub fn plays(self) -> Side {
                match self { $(Op::$variant => Side::$plays,)* }
            }

            /// Whether the operation leaves the resource as it is: two of them may change places.
            #[inline]
            pub fn only_reads(self) -> bool {
                matches!(self, Op::Read | Op::Inspect)
            }

            /// The part that another task must play to end a wait in this operation.
            pub fn needs(self) -> Side {
                match self { $(Op::$variant => Side::$needs,)* }
            }
        }
    };
}

operations! {
    /// `Mutex::lock` and its kin.
    Lock = "lock", Holder, Holder;
    /// `RwLock::read` and its kin.
    Read = "read", Holder, Holder;
    /// `RwLock::write` and its kin.
    Write = "write", Holder, Holder;
    /// `Semaphore::acquire` and its kin.
    Acquire = "acquire", Holder, Holder;
    /// A guard or permit given back, or permits added.
    Release = "release", Holder, Unknown;
    /// `Sender::send`, in any channel.
    Send = "send", Source, Sink;
    /// `Sender::reserve`: room in a channel, to be used later.
    Reserve = "reserve", Source, Sink;
    /// `Receiver::recv`, in any channel.
    Recv = "recv", Sink, Source;
    /// `Sender::closed`: every receiver gone.
    Closed = "closed", Source, Sink;
    /// `watch::Receiver::changed` and `wait_for`.
    Changed = "changed", Sink, Source;
    /// A look at the current value: `borrow`, `is_empty`, `strong_count`.
    Inspect = "inspect", Sink, Unknown;
    /// One end of a channel closed or dropped.
    CloseSource = "close-sender", Source, Unknown;
    /// The other end of a channel closed or dropped.
    CloseSink = "close-receiver", Sink, Unknown;
    /// `Notify::notify_one`, `notify_waiters` and `notify_last`.
    Notify = "notify", Source, Unknown;
    /// `Notify::notified`.
    Notified = "notified", Sink, Source;
    /// `Barrier::wait`.
    BarrierWait = "barrier wait", Source, Source;
    /// `OnceCell::get_or_init` and its kin.
    Init = "get_or_init", Holder, Holder;
    /// A task spawned.
    Spawn = "spawn", Unknown, Unknown;
    /// A `JoinHandle` awaited.
    Join = "join", Unknown, Itself;
    /// `JoinSet::join_next`.
    JoinNext = "join_next", Unknown, Itself;
    /// A task aborted.
    Abort = "abort", Unknown, Unknown;
    /// `sleep`, `timeout`, `interval`: a wait for time.
    Sleep = "sleep", Unknown, Clock;
    /// `yield_now`.
    Yield = "yield_now", Unknown, Unknown;
    /// An atomic operation, or another look at shared memory.
    Atomic = "atomic", Unknown, Unknown;
    /// `Condvar::wait` and its kin.
    CondvarWait = "condvar wait", Sink, Source;
    /// `Once::wait` and its kin: somebody else is to initialise it.
    AwaitInit = "await init", Sink, Source;
    /// `thread::yield_now`, and what a spinning loop says.
    YieldThread = "thread yield", Unknown, Unknown;
    /// `thread::park` and its kin.
    Park = "park", Sink, Source;
    /// `Thread::unpark`.
    Unpark = "unpark", Source, Unknown;
    /// A look at the clock.
    Clock = "now", Unknown, Unknown;
    /// `CancellationToken::cancel`, or a `DropGuard` dropped.
    Cancel = "cancel", Source, Unknown;
    /// `CancellationToken::cancelled`.
    Cancelled = "cancelled", Sink, Source;
    /// A task that a `TaskTracker` tracks begins.
    Track = "track", Source, Unknown;
    /// `TaskTracker::close`.
    Close = "close", Source, Unknown;
    /// `TaskTracker::wait`.
    TrackerWait = "wait", Sink, Source;
    /// A wait that the facade does not know.
    Untracked = "an untracked wait", Unknown, Unknown;
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
