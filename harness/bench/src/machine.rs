//! Where it was measured.

use std::fmt;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The machine, and the versions of what was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Machine {
    processor: String,
    cores: usize,
    kernel: String,
    rustc: String,
    crates: Vec<String>,
}

/// Crates whose versions matter.
const CRATES: [&str; 4] = ["shuttle", "shuttle-schedulers", "shuttle-tokio", "tokio"];

impl Machine {
    pub fn here() -> Self {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find(|line| line.starts_with("model name"));
        Self {
            processor: model
                .and_then(|line| line.split(": ").nth(1))
                .unwrap_or("unknown processor")
                .to_owned(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            kernel: output("uname", &["-sr"]),
            rustc: output("rustc", &["--version"]),
            crates: CRATES.iter().filter_map(|name| version(name)).collect(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({} cores), {}, {}, {}",
            self.processor,
            self.cores,
            self.kernel,
            self.rustc,
            self.crates.join(", ")
        )
    }
}

/// The version in the lock file, with the name.
fn version(name: &str) -> Option<String> {
    let lock = include_str!("../Cargo.lock");
    let mut lines = lock
        .lines()
        .skip_while(|line| *line != format!("name = \"{name}\""));
    let version = lines.nth(1)?.strip_prefix("version = ")?;
    Some(format!("{name} {}", version.trim_matches('"')))
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// The load of the last minute.
pub fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace()
        .next()
        .unwrap_or("unknown")
        .to_owned()
}
