//! Every figure that this project quotes, measured by one command.
//!
//! `cargo run --release --manifest-path harness/bench/Cargo.toml` measures all and writes `RESULTS.md`
//! and `RESULTS.json` beside the manifest. With options:
//!
//! - `--only NAME,NAME` measures these sections anew and keeps the others as they are;
//! - `--seeds N` takes medians over so many seeds (11);
//! - `--quick` takes 3 seeds and small budgets, to see that all works;
//! - `--jobs N` runs so many hunts side by side where only schedules are counted (2);
//! - `--out DIR` writes elsewhere.

mod loads;
mod machine;
mod options;
mod record;
mod sections;
mod siblings;

use std::error::Error;

use options::Options;
use record::Record;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::from_arguments(std::env::args().skip(1))?;
    siblings::build()?;
    let mut record = Record::read(&options.out)?;
    for (name, measure) in sections::ALL {
        if options.wants(name) {
            eprintln!("measuring {name}");
            record.measure(name, &options, measure)?;
            record.write(&options.out)?;
        }
    }
    Ok(())
}
