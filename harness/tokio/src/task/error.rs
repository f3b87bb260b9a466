//! How a task failed.

use std::any::Any;
use std::fmt;
use std::io;
use std::sync::Mutex;

use ::tokio::task as real;
use standstill_rt::host::Failure;

use crate::task::Id;

/// Why a task has no result: it panicked or was aborted.
pub struct JoinError(Repr);

enum Repr {
    Real(real::JoinError),
    Cancelled(Id),
    // The mutex makes the payload `Sync`; it is never contended.
    Panicked(Id, Option<String>, Mutex<Box<dyn Any + Send>>),
}

impl JoinError {
    pub(super) fn real(error: real::JoinError) -> Self {
        Self(Repr::Real(error))
    }

    pub(super) fn of(id: Id, failure: Failure) -> Self {
        Self(match failure {
            Failure::Cancelled => Repr::Cancelled(id),
            Failure::Panicked(payload) => {
                Repr::Panicked(id, message(payload.as_ref()), Mutex::new(payload))
            }
        })
    }

    /// Whether the task was aborted.
    pub fn is_cancelled(&self) -> bool {
        match &self.0 {
            Repr::Real(error) => error.is_cancelled(),
            Repr::Cancelled(_) => true,
            Repr::Panicked(..) => false,
        }
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        !self.is_cancelled()
    }

    /// The payload that the task panicked with.
    ///
    /// # Panics
    ///
    /// If the task did not panic.
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!("`JoinError` reason is not a panic.: {error:?}"),
        }
    }

    /// The payload that the task panicked with.
    ///
    /// # Errors
    ///
    /// The unchanged error, if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, Self> {
        match self.0 {
            Repr::Real(error) => error.try_into_panic().map_err(Self::real),
            Repr::Panicked(_, _, payload) => Ok(payload
                .into_inner()
                .unwrap_or_else(std::sync::PoisonError::into_inner)),
            Repr::Cancelled(_) => Err(self),
        }
    }

    /// The id of the task.
    pub fn id(&self) -> Id {
        match &self.0 {
            Repr::Real(error) => Id::real(error.id()),
            Repr::Cancelled(id) | Repr::Panicked(id, ..) => *id,
        }
    }
}

fn message(payload: &(dyn Any + Send)) -> Option<String> {
    if let Some(message) = payload.downcast_ref::<String>() {
        return Some(message.clone());
    }
    payload
        .downcast_ref::<&'static str>()
        .map(|message| (*message).to_owned())
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Real(error) => error.fmt(f),
            Repr::Cancelled(id) => write!(f, "task {id} was cancelled"),
            Repr::Panicked(id, Some(message), _) => {
                write!(f, "task {id} panicked with message {message:?}")
            }
            Repr::Panicked(id, None, _) => write!(f, "task {id} panicked"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Real(error) => error.fmt(f),
            Repr::Cancelled(id) => write!(f, "JoinError::Cancelled({id:?})"),
            Repr::Panicked(id, Some(message), _) => {
                write!(f, "JoinError::Panic({id:?}, {message:?}, ...)")
            }
            Repr::Panicked(id, None, _) => write!(f, "JoinError::Panic({id:?}, ...)"),
        }
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        io::Error::other(if error.is_cancelled() {
            "task was cancelled"
        } else {
            "task panicked"
        })
    }
}
