//! What a night came to: reads what `ci/nightly.sh` leaves in a directory, and writes it up as
//! `summary.md`, `summary.json` and `junit.xml` beside that.
//!
//! `standstill-night DIR HEADLINE` exits with 1 if a fingerprint is new or lost, with 2 if a part
//! of the night could not do its work.

mod asked;
mod case;
mod json;
mod junit;
mod logs;
mod markdown;
mod night;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context, bail};

use night::Night;

fn main() -> anyhow::Result<ExitCode> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [out, headline] = &args[..] else {
        bail!("usage: standstill-night DIR HEADLINE");
    };
    let out = Path::new(out);
    let mut night = Night::default();
    logs::read(&out.join("logs"), &mut night)?;
    night.judge(&asked::cases(&out.join("asked"))?);
    let write = |name: &str, text: String| {
        fs::write(out.join(name), text).with_context(|| format!("cannot write {name}"))
    };
    write("summary.md", markdown::page(&night, headline))?;
    write("summary.json", json::document(&night, headline))?;
    write("junit.xml", junit::document(&night))?;
    Ok(ExitCode::from(night.code()))
}
