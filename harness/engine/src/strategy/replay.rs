//! `replay`: follows the choices of a recorded run, and checks that they fit.

use standstill_model::plan::Choice;

use crate::strategy::{Event, Observer, Pick, Probe, Scheduler, Summary, View};

/// Follows recorded choices. After the last one, and after one that does not fit, the fallback rule
/// chooses.
#[derive(Debug)]
pub(super) struct Replay {
    choices: Vec<Choice>,
    next: usize,
    divergence: Option<String>,
}

impl Replay {
    pub(super) fn new(choices: Vec<Choice>) -> Self {
        Self {
            choices,
            next: 0,
            divergence: None,
        }
    }

    fn take(&mut self) -> Option<Choice> {
        let choice = self.choices.get(self.next)?.clone();
        self.next += 1;
        Some(choice)
    }

    fn diverged(&mut self, detail: String) {
        let at = self.next;
        self.divergence
            .get_or_insert_with(|| format!("choice {at} of the recorded schedule {detail}"));
    }
}

impl Scheduler for Replay {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        match self.take() {
            Some(Choice::Task(path)) => {
                let slot = view
                    .tracker
                    .slot_of(&path)
                    .filter(|slot| view.ready.contains(*slot));
                match slot {
                    Some(slot) => Pick::Task(slot),
                    None => {
                        self.diverged(format!("runs task {path}, which is not ready"));
                        view.fallback()
                    }
                }
            }
            Some(Choice::Timer) if view.may_fire => Pick::Timer,
            Some(Choice::Timer) => {
                self.diverged("fires a timer, but none is armed".to_owned());
                view.fallback()
            }
            Some(Choice::Number(number)) => {
                self.diverged(format!(
                    "is the number {number}, but the program chooses among tasks"
                ));
                view.fallback()
            }
            None => view.fallback(),
        }
    }

    fn number(&mut self, bound: u32) -> u32 {
        match self.take() {
            Some(Choice::Number(number)) if number < bound => number,
            Some(choice) => {
                self.diverged(format!(
                    "is {choice:?}, but the program asks for a number below {bound}"
                ));
                0
            }
            None => 0,
        }
    }

    fn end(&mut self) -> Summary {
        Summary {
            divergence: self.divergence.take(),
            ..Summary::default()
        }
    }
}

impl Observer for Replay {
    fn on(&mut self, _: &Event<'_>) {}
}

impl Probe for Replay {
    /// After the root's end a hunt records only numbers, whereas a proof goes on choosing tasks.
    fn outlasts_root(&self) -> bool {
        let left = self.choices.get(self.next..).unwrap_or_default();
        left.iter()
            .any(|choice| !matches!(choice, Choice::Number(_)))
    }
}
