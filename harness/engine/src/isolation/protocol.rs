//! What parent and child say to each other: a frame of MessagePack for each message.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use standstill_model::finding::{Finding, Undecided, Verdict};

/// Both must speak the same: parent and child are the same program, unless it was replaced.
pub(super) const VERSION: u32 = 2;

/// From the parent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Order {
    /// First of all: how runs are made.
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

/// From the child.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reply {
    /// It is ready.
    Ready { version: u32 },
    /// It is still there.
    Alive,
    /// A run has been made.
    Done(Box<Done>),
    /// An order could not be understood: a bug of the harness, or another version of it.
    Refused { detail: String },
}

/// What a run came to.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Done {
    pub(super) number: u64,
    pub(super) finding: Option<Finding>,
    pub(super) undecided: Option<Undecided>,
    pub(super) steps: u64,
    /// Threads are left that do not come back: this process should make no other run.
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

/// The length of a frame's head: the number of bytes that follow it, lowest byte first.
const HEAD: usize = 4;

/// A message longer than this is none of ours.
const LONGEST: usize = 64 << 20;

/// A message as its frame. The fields of structures have names, since some may be left out.
pub(super) fn frame(message: &impl Serialize) -> Vec<u8> {
    let mut frame = vec![0; HEAD];
    // Plain data of our own, written to memory: there is nothing that could fail.
    let _ = rmp_serde::encode::write_named(&mut frame, message);
    let length = u32::try_from(frame.len() - HEAD).unwrap_or(u32::MAX);
    frame[..HEAD].copy_from_slice(&length.to_le_bytes());
    frame
}

/// What was received holds no message, and never will.
#[derive(Debug)]
pub(super) struct Garbage;

/// Takes the first message out of `received`, if all of it is there.
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
            plan: "ss1-x".to_owned(),
        });
        begun.pop();
        assert!(take::<Order>(&mut begun).unwrap().is_none());
        assert!(take::<Order>(&mut b"hello, world".to_vec()).is_err());
        assert!(take::<Order>(&mut frame(&[1_u8, 2])).is_err());
    }
}
