//! Every scenario has its fuzz target, and there is no other beside `any`.
//!
//! `UPDATE_FUZZ_TARGETS=1 cargo test -p standstill-catalogue --test fuzz_targets` brings `fuzz/` up
//! to date.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use standstill_catalogue::scenarios;

/// The targets that are there beside the scenarios': each file is written by hand.
const BY_HAND: [&str; 1] = ["any"];

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// What the file of a scenario's target holds.
fn source(name: &str) -> String {
    format!("//! Fuzzes `{name}`.\n#![no_main]\n\nstandstill_fuzz::target!();\n")
}

/// The line of `fuzz/Cargo.toml` that makes a file a target.
fn line(name: &str) -> String {
    format!(
        "  {{ name = \"{name}\", path = \"fuzz_targets/{name}.rs\", test = false, doc = false, \
         bench = false }},\n"
    )
}

#[test]
fn every_scenario_is_a_fuzz_target() {
    let names: Vec<String> = scenarios()
        .iter()
        .map(|scenario| scenario.name().to_owned())
        .collect();
    let targets = names.iter().map(String::as_str).chain(BY_HAND);
    let lines: String = targets.clone().map(line).collect();
    let manifest = fuzz().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let (head, rest) = text.split_once("bin = [\n").unwrap();
    let (_, tail) = rest.split_once("]\n").unwrap();
    let right = format!("{head}bin = [\n{lines}]\n{tail}");
    if env::var_os("UPDATE_FUZZ_TARGETS").is_some() {
        fs::write(&manifest, &right).unwrap();
        for name in &names {
            let file = fuzz().join(format!("fuzz_targets/{name}.rs"));
            fs::write(file, source(name)).unwrap();
        }
    }
    let hint = "UPDATE_FUZZ_TARGETS=1 brings fuzz/ up to date";
    assert_eq!(fs::read_to_string(&manifest).unwrap(), right, "{hint}");
    for name in &names {
        let file = fuzz().join(format!("fuzz_targets/{name}.rs"));
        assert_eq!(fs::read_to_string(file).unwrap(), source(name), "{hint}");
    }
    let files: BTreeSet<String> = fs::read_dir(fuzz().join("fuzz_targets"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let expected: BTreeSet<String> = targets.map(|name| format!("{name}.rs")).collect();
    assert_eq!(files, expected);

    // What cargo makes of it.
    let manifest: toml::Table = right.parse().unwrap();
    let bins = manifest["bin"].as_array().unwrap();
    assert_eq!(bins.len(), expected.len());
}
