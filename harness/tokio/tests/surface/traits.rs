//! The types of the drop-in have the same traits as those of tokio, whatever a type guards or contains.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::marker::PhantomPinned;
use std::path::Path;
use std::rc::Rc;

/// Whether a type has a trait. An inherent constant takes precedence over a trait's constant.
macro_rules! has {
    ($type:ty: $($trait:tt)+) => {{
        struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "used where the type lacks the trait")]
        trait Lacks {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Lacks for Probe<T> {}
        #[allow(dead_code, reason = "used where the type has the trait")]
        impl<T: ?Sized + $($trait)+> Probe<T> {
            const HAS: bool = true;
        }
        (stringify!($($trait)+), Probe::<$type>::HAS)
    }};
}

macro_rules! traits_of {
    ($type:ty) => {
        [
            has!($type: Send),
            has!($type: Sync),
            has!($type: Unpin),
            has!($type: std::panic::UnwindSafe),
            has!($type: std::panic::RefUnwindSafe),
            has!($type: std::fmt::Debug),
            has!($type: std::fmt::Display),
            has!($type: std::error::Error),
            has!($type: Clone),
            has!($type: Copy),
            has!($type: Default),
            has!($type: PartialEq),
            has!($type: Eq),
            has!($type: PartialOrd),
            has!($type: Ord),
            has!($type: std::hash::Hash),
            has!($type: std::future::Future),
            has!($type: std::future::IntoFuture),
            has!($type: Iterator),
            has!($type: ExactSizeIterator),
            has!($type: std::iter::FusedIterator),
            has!($type: DoubleEndedIterator),
            has!($type: std::ops::Deref),
            has!($type: std::ops::DerefMut),
            has!($type: From<u8>),
            has!($type: AsRef<u8>),
            has!($type: std::borrow::Borrow<u8>),
        ]
    };
}

type Traits = Vec<(&'static str, [(&'static str, bool); 27])>;

macro_rules! types {
    ($list:ident, $payload:ty) => {{
        type T = $payload;
        let all: Traits = vec![
            ("runtime::Builder", traits_of!(tokio::runtime::Builder)),
            ("runtime::EnterGuard", traits_of!(tokio::runtime::EnterGuard<'static>)),
            ("runtime::Handle", traits_of!(tokio::runtime::Handle)),
            ("runtime::Runtime", traits_of!(tokio::runtime::Runtime)),
            ("sync::Barrier", traits_of!(tokio::sync::Barrier)),
            ("sync::MappedMutexGuard", traits_of!(tokio::sync::MappedMutexGuard<'static, T>)),
            ("sync::Mutex", traits_of!(tokio::sync::Mutex<T>)),
            ("sync::MutexGuard", traits_of!(tokio::sync::MutexGuard<'static, T>)),
            ("sync::Notify", traits_of!(tokio::sync::Notify)),
            ("sync::OnceCell", traits_of!(tokio::sync::OnceCell<T>)),
            ("sync::OwnedMappedMutexGuard", traits_of!(tokio::sync::OwnedMappedMutexGuard<u16, T>)),
            ("sync::OwnedMutexGuard", traits_of!(tokio::sync::OwnedMutexGuard<T>)),
            (
                "sync::OwnedRwLockMappedWriteGuard",
                traits_of!(tokio::sync::OwnedRwLockMappedWriteGuard<u16, T>),
            ),
            ("sync::OwnedRwLockReadGuard", traits_of!(tokio::sync::OwnedRwLockReadGuard<u16, T>)),
            ("sync::OwnedRwLockWriteGuard", traits_of!(tokio::sync::OwnedRwLockWriteGuard<T>)),
            ("sync::OwnedSemaphorePermit", traits_of!(tokio::sync::OwnedSemaphorePermit)),
            ("sync::RwLock", traits_of!(tokio::sync::RwLock<T>)),
            (
                "sync::RwLockMappedWriteGuard",
                traits_of!(tokio::sync::RwLockMappedWriteGuard<'static, T>),
            ),
            ("sync::RwLockReadGuard", traits_of!(tokio::sync::RwLockReadGuard<'static, T>)),
            ("sync::RwLockWriteGuard", traits_of!(tokio::sync::RwLockWriteGuard<'static, T>)),
            ("sync::Semaphore", traits_of!(tokio::sync::Semaphore)),
            ("sync::SemaphorePermit", traits_of!(tokio::sync::SemaphorePermit<'static>)),
            ("sync::SetOnce", traits_of!(tokio::sync::SetOnce<T>)),
            ("sync::broadcast::Receiver", traits_of!(tokio::sync::broadcast::Receiver<T>)),
            ("sync::broadcast::Sender", traits_of!(tokio::sync::broadcast::Sender<T>)),
            ("sync::broadcast::WeakSender", traits_of!(tokio::sync::broadcast::WeakSender<T>)),
            ("sync::futures::Notified", traits_of!(tokio::sync::futures::Notified<'static>)),
            ("sync::futures::OwnedNotified", traits_of!(tokio::sync::futures::OwnedNotified)),
            ("sync::mpsc::OwnedPermit", traits_of!(tokio::sync::mpsc::OwnedPermit<T>)),
            ("sync::mpsc::Permit", traits_of!(tokio::sync::mpsc::Permit<'static, T>)),
            ("sync::mpsc::PermitIterator", traits_of!(tokio::sync::mpsc::PermitIterator<'static, T>)),
            ("sync::mpsc::Receiver", traits_of!(tokio::sync::mpsc::Receiver<T>)),
            ("sync::mpsc::Sender", traits_of!(tokio::sync::mpsc::Sender<T>)),
            ("sync::mpsc::UnboundedReceiver", traits_of!(tokio::sync::mpsc::UnboundedReceiver<T>)),
            ("sync::mpsc::UnboundedSender", traits_of!(tokio::sync::mpsc::UnboundedSender<T>)),
            ("sync::mpsc::WeakSender", traits_of!(tokio::sync::mpsc::WeakSender<T>)),
            ("sync::mpsc::WeakUnboundedSender", traits_of!(tokio::sync::mpsc::WeakUnboundedSender<T>)),
            ("sync::oneshot::Receiver", traits_of!(tokio::sync::oneshot::Receiver<T>)),
            ("sync::oneshot::Sender", traits_of!(tokio::sync::oneshot::Sender<T>)),
            ("sync::watch::Receiver", traits_of!(tokio::sync::watch::Receiver<T>)),
            ("sync::watch::Ref", traits_of!(tokio::sync::watch::Ref<'static, T>)),
            ("sync::watch::Sender", traits_of!(tokio::sync::watch::Sender<T>)),
            ("task::AbortHandle", traits_of!(tokio::task::AbortHandle)),
            ("task::Id", traits_of!(tokio::task::Id)),
            ("task::JoinError", traits_of!(tokio::task::JoinError)),
            ("task::JoinHandle", traits_of!(tokio::task::JoinHandle<T>)),
            ("task::JoinSet", traits_of!(tokio::task::JoinSet<T>)),
            ("task::LocalEnterGuard", traits_of!(tokio::task::LocalEnterGuard)),
            ("task::LocalKey", traits_of!(tokio::task::LocalKey<T>)),
            ("task::LocalSet", traits_of!(tokio::task::LocalSet)),
            (
                "task::futures::TaskLocalFuture",
                traits_of!(tokio::task::futures::TaskLocalFuture<T, std::future::Ready<T>>),
            ),
            ("time::Interval", traits_of!(tokio::time::Interval)),
            ("time::Sleep", traits_of!(tokio::time::Sleep)),
            ("time::Timeout", traits_of!(tokio::time::Timeout<std::future::Ready<T>>)),
        ];
        $list.push((stringify!($payload), all));
    }};
}

macro_rules! all_types {
    () => {
        pub(super) fn all() -> Vec<(&'static str, super::Traits)> {
            use super::*;
            let mut all = Vec::new();
            types!(all, u8);
            types!(all, String);
            types!(all, Cell<u8>);
            types!(all, Rc<u8>);
            types!(all, PhantomPinned);
            types!(all, *mut u8);
            types!(all, std::sync::MutexGuard<'static, u8>);
            types!(all, &'static mut u8);
            all
        }
    };
}

mod of_tokio {
    use ::tokio;
    all_types!();
}

mod of_the_drop_in {
    use ::standstill_tokio as tokio;
    all_types!();
}

#[test]
fn types_have_the_traits_that_those_of_tokio_have() {
    let mut other = Vec::new();
    for ((payload, real), (_, facade)) in of_tokio::all().into_iter().zip(of_the_drop_in::all()) {
        for ((name, real), (_, facade)) in real.into_iter().zip(facade) {
            for ((what, real), (_, facade)) in real.into_iter().zip(facade) {
                if real != facade {
                    other.push(format!(
                        "{name} of {payload}: {what} is {facade}, not {real}"
                    ));
                }
            }
        }
    }
    assert_eq!(other, Vec::<String>::new());
}

#[test]
fn no_type_of_the_drop_in_is_left_out_of_the_comparison() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = crate::source::read(&own, &crate::MODULES);
    let types: BTreeSet<String> = read
        .items
        .into_iter()
        .filter(|(_, found)| found.is_type)
        .map(|(name, _)| name)
        .collect();
    let (_, compared) = &of_the_drop_in::all()[0];
    let compared: BTreeSet<String> = compared
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(types, compared);
}
