//! The README tells the truth: the report that it quotes, the commands that it gives, the entry
//! that it shows. (Its Rust blocks are doctests of the library.)

use std::fs;
use std::path::{Path, PathBuf};

use crate::standstill::standstill_in;

/// The quoted report begins here, in the next block of code.
const MARKER: &str = "<!-- report: watch-mux -->\n```text\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("the README is there")
}

/// The commands in the `sh` blocks, without their comments.
fn commands(readme: &str) -> Vec<String> {
    readme
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .flat_map(|(block, _)| block.lines())
        .map(|line| line.split('#').next().unwrap_or(line).trim().to_owned())
        .collect()
}

/// What the first command of the README prints of `watch-mux`.
fn report() -> String {
    let output = standstill_in(&root(), &["hunt", "watch-mux", "--variant", "buggy"]);
    assert_eq!(output.code(), Some(0), "{output:?}");
    let (report, _) = output
        .stdout
        .split_once("\n\nscenario ")
        .expect("a report, then the table");
    format!("{}\n", report.trim_end())
}

/// `UPDATE_README=1` writes the report anew after a deliberate change.
#[test]
fn the_readme_quotes_the_report_as_it_is_printed() {
    let readme = readme();
    let (before, rest) = readme.split_once(MARKER).expect("the README has the block");
    let (quoted, after) = rest.split_once("```\n").expect("the block ends");
    let report = report();
    if quoted != report && std::env::var_os("UPDATE_README").is_some() {
        let text = format!("{before}{MARKER}{report}```\n{after}");
        fs::write(root().join("README.md"), text).expect("the README can be written");
        return;
    }
    assert_eq!(
        quoted, report,
        "after a deliberate change: UPDATE_README=1 cargo test -p standstill-cli readme"
    );
}

#[test]
fn the_paths_of_a_report_start_at_the_root_of_the_workspace() {
    let mut places = 0;
    for line in report().lines() {
        let Some(place) = line.trim_start().strip_prefix("--> ") else {
            continue;
        };
        let file = place.split(':').next().expect("a path");
        assert!(Path::new(file).is_relative(), "{line}");
        assert!(root().join(file).is_file(), "{line}");
        places += 1;
    }
    assert!(places >= 4, "{places} places in the report");
}

/// The commands that are run here, each as a quick variant of it with the same meaning.
const HERE: [(&str, &str); 8] = [
    ("cargo run --release", "hunt --schedules 1000"),
    ("cargo run --release -- replay", "replay"),
    ("cargo run --release -- list", "list"),
    ("cargo run --release -- show watch-mux", "show watch-mux"),
    (
        "cargo run --release -- hunt watch-mux --watchers 2 --seed 7",
        "hunt watch-mux --watchers 2 --seed 7 --schedules 1000",
    ),
    (
        "cargo run --release -- hunt --engine shuttle --strategy urw",
        "hunt --engine shuttle --strategy urw --schedules 500",
    ),
    (
        "cargo run --release -- hunt --engine stress --time 60s",
        "hunt double-read --engine stress --schedules 300",
    ),
    (
        "cargo run --release -- explain corpus/watch-mux/hang-6c1f8338.toml",
        "explain corpus/watch-mux/hang-6c1f8338.toml",
    ),
];

/// Those that are run elsewhere, and where.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "cargo new --lib transfers && cd transfers",
        "ci/newcomer.sh",
    ),
    ("cargo test", "ci/newcomer.sh"),
    (
        "cargo install cargo-fuzz --locked",
        ".github/workflows/check.yml",
    ),
    ("cargo +nightly fuzz run watch-mux", "ci/fuzz-smoke.sh"),
    (
        "STANDSTILL_VARIANT=buggy cargo +nightly fuzz run watch-mux",
        "ci/fuzz-smoke.sh",
    ),
    (
        "cargo fuzz run watch-mux --sanitizer none",
        "ci/fuzz-smoke.sh",
    ),
    (
        "cargo run --release -- corpus import fuzz/artifacts",
        "import.rs beside this file",
    ),
    (
        "cargo run --release -- corpus export",
        "import.rs beside this file",
    ),
    ("cargo test --workspace", "ci/check.sh"),
    (
        "cargo tree -e features,no-dev -i standstill-tokio",
        "ci/adoption.sh",
    ),
    (
        "cargo run --release --manifest-path harness/bench/Cargo.toml",
        "ci/check.sh builds it",
    ),
    (
        "cargo run --release --manifest-path harness/bench/Cargo.toml --bin scale check",
        "ci/check.sh builds it",
    ),
    (
        "cargo run --release --manifest-path harness/bench/drop-in/Cargo.toml",
        "ci/check.sh builds it",
    ),
    (
        "cargo run --release -p standstill-catalogue --example stress-figures",
        "ci/check.sh builds it",
    ),
    ("bash ci/check.sh", ".ci/run"),
    (
        "UPDATE_README=1 cargo test -p standstill-cli readme",
        "here, if it was asked for",
    ),
];

#[test]
fn the_commands_of_the_readme_work() {
    let mut tested: Vec<&str> = HERE
        .iter()
        .chain(ELSEWHERE)
        .map(|(line, _)| *line)
        .collect();
    let mut given = commands(&readme());
    tested.sort_unstable();
    given.sort_unstable();
    assert_eq!(given, tested);
    for (line, quick) in HERE {
        let args: Vec<&str> = quick.split_whitespace().collect();
        let output = standstill_in(&root(), &args);
        assert_eq!(output.code(), Some(0), "{line}: {output:?}");
    }
}

#[test]
fn what_the_readme_quotes_of_the_benchmark_is_in_its_results() {
    let results = fs::read_to_string(root().join("harness/bench/RESULTS.md")).expect("there");
    let readme = readme();
    let quoted: Vec<&str> = readme
        .split("<!-- results -->")
        .skip(1)
        .map(|rest| {
            rest.split("<!-- /results -->")
                .next()
                .expect("a first part")
        })
        .collect();
    assert_eq!(quoted.len(), 5);
    for text in quoted {
        assert!(results.contains(text.trim()), "not in RESULTS.md: {text}");
    }
}

#[test]
fn the_entry_that_the_readme_shows_is_one_of_the_corpus() {
    let path = "corpus/double-read/hang-5b164db6.toml";
    let entry = fs::read_to_string(root().join(path)).expect("the entry is there");
    assert!(
        readme().contains(&format!("```toml\n{entry}```\n")),
        "{path}"
    );
}

#[test]
fn the_table_of_scenarios_is_that_of_the_catalogue() {
    let readme = readme();
    for scenario in standstill_catalogue::scenarios() {
        let row = readme
            .lines()
            .find(|line| line.starts_with(&format!("| `{}` |", scenario.name())))
            .unwrap_or_else(|| panic!("no row for {}", scenario.name()));
        assert!(
            row.contains(&format!("| {} |", scenario.summary())),
            "{row}"
        );
    }
}
