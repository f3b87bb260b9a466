//! Programs that have no atomic of their own, made of the drop-ins' operations, in a crate that is
//! compiled with instrumented atomics. In their runs no atomic may look like the program's: the drop-ins
//! have none in the code that is compiled here, and say when what they wrap has.
//!
//! `thin NAME...` runs these programs alone.

mod std_programs;
mod tokio_programs;

use std::future::Future;
use std::process::ExitCode;

use standstill::{Hunt, Verdict};
use standstill_thin_hooks::take;

const SCHEDULES: u64 = 40;

/// What the arguments ask for, and what became of it.
struct Checks {
    asked: Vec<String>,
    failed: bool,
}

impl Checks {
    fn run<F, R>(&mut self, name: &str, program: F)
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = ()> + 'static,
    {
        if !self.asked.is_empty() && !self.asked.iter().any(|asked| asked == name) {
            return;
        }
        take();
        let outcome = Hunt::new(name).schedules(SCHEDULES).run(program);
        let counts = take();
        println!("{name} {} {}", counts.all, counts.programs);
        if !matches!(outcome.verdict, Verdict::Clean) {
            println!("{name} is not clean: {:?}", outcome.verdict);
            self.failed = true;
        }
        if let Some(first) = counts.first {
            println!("{name} has an atomic that looks like the program's:\n{first}");
            self.failed = true;
        }
    }
}

/// A value that lives as long as the process, so that a program shares it without counting owners.
fn leaked<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn main() -> ExitCode {
    let mut checks = Checks {
        asked: std::env::args().skip(1).collect(),
        failed: false,
    };
    println!("program, atomics in its runs, of them not inside");
    std_programs::run(&mut checks);
    tokio_programs::run(&mut checks);
    if checks.failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
