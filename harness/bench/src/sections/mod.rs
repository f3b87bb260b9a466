//! The sections of the results, each measured by a function of its own.

mod catalogue_speed;
mod first_finding;
mod jobs;
mod memory;
mod proofs;
mod scale;
mod speed;

use std::error::Error;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// Does so much work in `jobs` threads, and has what comes out in order.
fn side_by_side<T: Send, E: Send>(
    jobs: usize,
    count: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        break;
                    }
                    let result = work(at);
                    done.lock().expect("nobody panics here").push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("nobody panics here");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
