//! A night as a whole, and whether all is well with it.

use std::collections::BTreeSet;

use crate::case::{Case, Part, What};

/// What a night tried and what that came to.
#[derive(Debug, Default)]
pub(crate) struct Night {
    pub(crate) cases: Vec<Case>,
    /// Fingerprints that the corpus did not have.
    pub(crate) new: Vec<String>,
    /// Bugs that were not seen again.
    pub(crate) lost: Vec<String>,
    /// What kept a part of the night from its work.
    pub(crate) trouble: Vec<String>,
    /// The scenarios whose buggy variant was tried, and those of them where something was found.
    pub(crate) tried: BTreeSet<String>,
    pub(crate) found: BTreeSet<String>,
}

impl Night {
    /// Adds what was to be tried and was not, and what nobody found.
    pub(crate) fn judge(&mut self, asked: &BTreeSet<(Part, What)>) {
        let done: BTreeSet<(Part, What)> = self
            .cases
            .iter()
            .map(|case| (case.part.clone(), case.what.clone()))
            .collect();
        for (part, what) in asked.difference(&done) {
            self.untried(part.clone(), what.clone());
        }
        let lost: Vec<&String> = self.tried.difference(&self.found).collect();
        self.lost.extend(
            lost.into_iter()
                .map(|scenario| format!("{scenario} (buggy): nothing found it this night")),
        );
        self.cases.sort_by_key(|case| case.part.clone());
    }

    /// Something that the night did not get to.
    pub(crate) fn untried(&mut self, part: Part, what: What) {
        self.trouble.push(format!(
            "{part}: {what} was not tried: give a larger --budget"
        ));
        self.cases.push(Case {
            part,
            what,
            word: "not tried".to_owned(),
            detail: "not tried".to_owned(),
            wrong: true,
        });
    }

    /// How the night ends: 2 if it could not do its work, 1 if something is new or lost.
    pub(crate) fn code(&self) -> u8 {
        if !self.trouble.is_empty() {
            2
        } else {
            u8::from(!(self.new.is_empty() && self.lost.is_empty()))
        }
    }

    /// The parts there are, each once, in order, with their cases.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&Part, &[Case])> {
        self.cases
            .chunk_by(|one, other| one.part == other.part)
            .filter_map(|cases| Some((&cases.first()?.part, cases)))
    }

    /// All in one line.
    pub(crate) fn verdict(&self) -> String {
        if self.code() == 0 {
            return "all is well".to_owned();
        }
        let counts = [
            (self.new.len(), "new"),
            (self.lost.len(), "lost"),
            (self.trouble.len(), "in trouble"),
        ];
        let counts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        format!("look at this: {}", counts.join(", "))
    }
}
