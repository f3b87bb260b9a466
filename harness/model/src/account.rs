//! What a hunt saw of a program, and what it could not see.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a hunt saw of a program, and what it could not see.
///
/// A lock or channel that is not the facade's leaves no trace as long as nobody has to wait for it, so it
/// is not in here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Account {
    /// The most tasks and threads that one run had, its root included. 0 where the engine does not know.
    pub tasks: u32,
    /// Roughly how many different interleavings there were, within a few percent. 0 where the engine does
    /// not know.
    pub interleavings: u64,
    /// Tasks were spawned on tokio itself, which the engine does not schedule.
    pub raw_tasks: bool,
    /// Why tasks were no longer preempted inside their polls: the operation that waited for a lock which
    /// the engine does not know.
    pub preemption_off: Option<String>,
}

impl Account {
    /// Whether there was nothing to interleave: the root was the only task.
    pub fn is_sequential(&self) -> bool {
        self.tasks == 1 && !self.raw_tasks
    }

    /// Whether every task was one that the engine does not schedule, so that no schedule was tried.
    pub fn is_unseen(&self) -> bool {
        self.tasks == 1 && self.raw_tasks
    }

    /// What was not seen, a clause each.
    pub fn unseen(&self) -> Vec<String> {
        let mut unseen = Vec::new();
        if self.raw_tasks {
            unseen.push("tasks that were spawned on tokio itself are not scheduled".to_owned());
        }
        if let Some(operation) = &self.preemption_off {
            unseen.push(format!(
                "tasks were no longer preempted inside their polls, since {operation} waited for a lock \
                 that is not the facade's"
            ));
        }
        unseen
    }
}

impl fmt::Display for Account {
    /// `3 tasks, 431 interleavings; not seen: ...`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: u64, what: &str| match count {
            1 => format!("1 {what}"),
            _ => format!("{count} {what}s"),
        };
        f.write_str(&counted(self.tasks.into(), "task"))?;
        if self.interleavings > 0 {
            write!(f, ", {}", counted(self.interleavings, "interleaving"))?;
        }
        match self.unseen().as_slice() {
            [] => Ok(()),
            unseen => write!(f, "; not seen: {}", unseen.join("; ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Account;

    #[test]
    fn it_says_what_was_seen_and_what_was_not() {
        let mut account = Account {
            tasks: 1,
            ..Account::default()
        };
        assert_eq!(account.to_string(), "1 task");
        assert!(account.is_sequential() && !account.is_unseen());
        account.tasks = 3;
        account.interleavings = 431;
        assert_eq!(account.to_string(), "3 tasks, 431 interleavings");
        account.raw_tasks = true;
        assert_eq!(
            account.to_string(),
            "3 tasks, 431 interleavings; not seen: tasks that were spawned on tokio itself are not scheduled"
        );
        assert!(!account.is_sequential() && !account.is_unseen());
        account.tasks = 1;
        assert!(account.is_unseen());
        account.raw_tasks = false;
        account.preemption_off = Some("lock at a.rs:1".to_owned());
        assert_eq!(
            account.unseen(),
            [
                "tasks were no longer preempted inside their polls, since lock at a.rs:1 waited for a lock \
              that is not the facade's"
            ]
        );
    }
}
