//! A short stable name for what went wrong.
//!
//! It covers the kind and the core of the wait graph, in terms that survive another schedule,
//! another load and an edit elsewhere in the file: operations, resource kinds, files. Never line
//! numbers, task numbers, counts or addresses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use crate::finding::FindingKind;
use crate::graph::{Link, WaitGraph};

/// The name: `hang-` and twelve hexadecimal digits, say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Fingerprint(String);

/// A text is not a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a fingerprint: it is a kind, a dash and twelve hexadecimal digits")]
pub struct FingerprintError(String);

impl Fingerprint {
    /// The fingerprint of a finding of `kind` whose core is `core`; `extra` adds what else
    /// tells it apart (a panic's message, a role).
    pub fn new(kind: FindingKind, graph: &WaitGraph, core: &[Link], extra: &[&str]) -> Self {
        let mut labels: Vec<String> = core.iter().map(|link| graph.label(*link)).collect();
        shorten_to_period(&mut labels);
        let mut hash = Fnv::default();
        for part in [kind.name()]
            .into_iter()
            .chain(labels.iter().map(String::as_str))
            .chain(extra.iter().copied())
        {
            hash.write(part.as_bytes());
            hash.write(&[0]);
        }
        Self(format!("{}-{:012x}", kind.name(), hash.finish() >> 16))
    }

    /// The fingerprint as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A cycle through three philosophers and one through five are the same bug: what repeats is
/// told once.
fn shorten_to_period(labels: &mut Vec<String>) {
    let length = labels.len();
    let period = (1..=length).find(|period| {
        length.is_multiple_of(*period)
            && (*period..length).all(|at| labels[at] == labels[at - period])
    });
    if let Some(period) = period {
        labels.truncate(period);
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = text.rsplit_once('-').is_some_and(|(kind, hash)| {
            !kind.is_empty()
                && hash.len() == 12
                && hash
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        });
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(FingerprintError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = FingerprintError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo): stable for ever, unlike the standard library's hashers.
#[derive(Clone, Debug)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Takes in more bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// The hash of what was taken in.
    pub fn finish(&self) -> u64 {
        self.0
    }
}
