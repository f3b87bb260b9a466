//! Records the choices of a run, and computes their digest.

use standstill_model::fingerprint::Fnv;
use standstill_model::plan::{Choice, Digest};
use standstill_rt::task::TaskPath;

/// The choices so far. Nothing is recorded while hunting.
#[derive(Debug, Default)]
pub struct Recorder {
    choices: Vec<Choice>,
    hash: Fnv,
}

impl Recorder {
    pub fn task(&mut self, path: &TaskPath) {
        self.hash.write(&[0]);
        for child in path.as_slice() {
            self.hash.write(&child.to_le_bytes());
        }
        self.choices.push(Choice::Task(path.clone()));
    }

    pub fn timer(&mut self) {
        self.hash.write(&[1]);
        self.choices.push(Choice::Timer);
    }

    pub fn number(&mut self, number: u32) {
        self.hash.write(&[2]);
        self.hash.write(&number.to_le_bytes());
        self.choices.push(Choice::Number(number));
    }

    pub fn finish(self) -> (Vec<Choice>, Digest) {
        #[expect(clippy::cast_possible_truncation, reason = "folded to its two halves")]
        let hash = (self.hash.finish() ^ self.hash.finish() >> 32) as u32;
        let digest = Digest {
            choices: u32::try_from(self.choices.len()).unwrap_or(u32::MAX),
            hash,
        };
        (self.choices, digest)
    }
}
