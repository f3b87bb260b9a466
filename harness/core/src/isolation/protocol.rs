//! What parent and child say to each other: a line of JSON for each message.

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Undecided, Verdict};

/// Both must speak the same: parent and child are the same program, unless it was replaced.
pub(super) const VERSION: u32 = 1;

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

/// A message as its line.
pub(super) fn line(message: &impl Serialize) -> Vec<u8> {
    // Plain data of our own: there is nothing in it that JSON could not hold.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::{Done, Order, Reply, line};
    use crate::finding::{Undecided, Verdict};

    #[test]
    fn messages_survive_the_way() {
        let order = Order::Run {
            number: 7,
            plan: "ss1-x".to_owned(),
        };
        let text = line(&order);
        assert_eq!(text.last(), Some(&b'\n'));
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 1);
        match serde_json::from_slice(&text).unwrap() {
            Order::Run { number, plan } => assert_eq!((number, plan.as_str()), (7, "ss1-x")),
            other => panic!("{other:?}"),
        }
        let verdict = Verdict::Undecided(Undecided::ForeignThread { count: 2 });
        let reply = Reply::Done(Box::new(Done::new(7, verdict.clone(), 9, true)));
        match serde_json::from_slice(&line(&reply)).unwrap() {
            Reply::Done(done) => {
                assert_eq!((done.number, done.steps, done.left), (7, 9, true));
                assert_eq!(done.verdict(), verdict);
            }
            other => panic!("{other:?}"),
        }
    }
}
