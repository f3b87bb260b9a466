//! The messages between parent and child: each is a frame of MessagePack.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use standstill_model::finding::{Finding, Undecided, Verdict};

/// Must be the same on both sides. Parent and child are the same program, unless it was replaced.
pub(super) const VERSION: u32 = 2;

/// A message from the parent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Order {
    /// The first message: how runs are made.
    Begin {
        version: u32,
        threads: usize,
        patience_ms: u64,
        grace_ms: u64,
        memory: u64,
    },
    /// Make this run.
    Run { number: u64, plan: String },
}

/// A message from the child.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reply {
    /// It is ready.
    Ready { version: u32 },
    /// A sign of life.
    Alive,
    /// A run has been made.
    Done(Box<Done>),
    /// An order could not be decoded: a bug of the harness, or a different version of it.
    Refused { detail: String },
}

/// The result of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Done {
    pub(super) number: u64,
    pub(super) finding: Option<Finding>,
    pub(super) undecided: Option<Undecided>,
    pub(super) steps: u64,
    /// Threads are left that never return: this process should make no further runs.
    pub(super) left: bool,
}

impl Done {
    pub(super) fn new(number: u64, verdict: Verdict, steps: u64, left: bool) -> Self {
        let (finding, undecided) = match verdict {
            Verdict::Clean => (None, None),
            Verdict::Found(finding) => (Some(*finding), None),
            Verdict::Undecided(reason) => (None, Some(reason)),
        };
        Self {
            number,
            finding,
            undecided,
            steps,
            left,
        }
    }

    pub(super) fn verdict(self) -> Verdict {
        match (self.finding, self.undecided) {
            (Some(finding), _) => Verdict::Found(Box::new(finding)),
            (None, Some(reason)) => Verdict::Undecided(reason),
            (None, None) => Verdict::Clean,
        }
    }
}

/// The length of a frame's header: the number of bytes that follow it, least significant byte first.
const HEAD: usize = 4;

/// A longer message cannot be a valid one.
const LONGEST: usize = 64 << 20;

/// Encodes a message as a frame. Fields of structures are named, since some may be left out.
pub(super) fn frame(message: &impl Serialize) -> Vec<u8> {
    let mut frame = vec![0; HEAD];
    // Plain data, written to memory: this cannot fail.
    let _ = rmp_serde::encode::write_named(&mut frame, message);
    let length = u32::try_from(frame.len() - HEAD).unwrap_or(u32::MAX);
    frame[..HEAD].copy_from_slice(&length.to_le_bytes());
    frame
}

/// The received data is not a message, and never will be.
#[derive(Debug)]
pub(super) struct Garbage;

/// Removes the first message from `received`, if it is complete.
pub(super) fn take<T: DeserializeOwned>(received: &mut Vec<u8>) -> Result<Option<T>, Garbage> {
    let Some(head) = received.first_chunk::<HEAD>() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes(*head) as usize;
    if length > LONGEST {
        return Err(Garbage);
    }
    let Some(body) = received.get(HEAD..HEAD + length) else {
        return Ok(None);
    };
    let message = rmp_serde::from_slice(body).map_err(|_| Garbage);
    received.drain(..HEAD + length);
    message.map(Some)
}

#[cfg(test)]
mod tests {
    use super::{Done, Order, Reply, frame, take};
    use standstill_model::finding::{Undecided, Verdict};

    #[test]
    fn messages_survive_the_way_however_they_are_cut() {
        let verdict = Verdict::Undecided(Undecided::ForeignThread { count: 2 });
        let done = Done::new(7, verdict.clone(), 9, true);
        let mut sent = frame(&Reply::Ready { version: 3 });
        sent.extend(frame(&Reply::Done(Box::new(done))));
        let mut received = Vec::new();
        let mut replies = Vec::new();
        for byte in sent {
            received.push(byte);
            replies.extend(take::<Reply>(&mut received).unwrap());
        }
        assert!(received.is_empty());
        let mut replies = replies.into_iter();
        assert!(matches!(replies.next(), Some(Reply::Ready { version: 3 })));
        match replies.next() {
            Some(Reply::Done(done)) => {
                assert_eq!((done.number, done.steps, done.left), (7, 9, true));
                assert_eq!(done.verdict(), verdict);
            }
            other => panic!("{other:?}"),
        }
        assert!(replies.next().is_none());
    }

    #[test]
    fn what_is_no_message_is_told_from_one_that_has_not_arrived() {
        let mut begun = frame(&Order::Run {
            number: 7,
            plan: "ss2-x".to_owned(),
        });
        begun.pop();
        assert!(take::<Order>(&mut begun).unwrap().is_none());
        assert!(take::<Order>(&mut b"hello, world".to_vec()).is_err());
        assert!(take::<Order>(&mut frame(&[1_u8, 2])).is_err());
    }
}
