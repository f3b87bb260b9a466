//! The sections of the results, each measured by a function of its own.

mod catalogue_speed;
mod first_finding;
mod jobs;
mod memory;
mod proofs;
mod scale;
mod speed;

use std::error::Error;

use crate::options::Options;
use crate::record::Section;

/// Measures a section.
pub type Measure = fn(&Options) -> Result<Section, Box<dyn Error>>;

/// All sections by name, in the order in which they are shown.
pub const ALL: [(&str, Measure); 7] = [
    ("speed", speed::measure),
    ("catalogue-speed", catalogue_speed::measure),
    ("first-finding", first_finding::measure),
    ("proofs", proofs::measure),
    ("scale", scale::measure),
    ("memory", memory::measure),
    ("jobs", jobs::measure),
];

/// The middle one, the lower of two.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}
