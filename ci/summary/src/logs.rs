//! Reads the logs of a night's parts. Each has its exit code beside it, and what went to standard
//! error.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::case::{Case, Part, What};
use crate::night::Night;

/// How libFuzzer's driver ends when an input crashed.
const CRASHED: i64 = 77;

/// Reads every log in `directory`.
pub(crate) fn read(directory: &Path, night: &mut Night) -> anyhow::Result<()> {
    let logs = files(directory)?;
    for (name, log) in &logs {
        if name.ends_with(".code") || name.ends_with(".err") {
            continue;
        }
        let code = logs
            .get(&format!("{name}.code"))
            .and_then(|text| text.trim().parse().ok());
        if let Some(target) = name.strip_prefix("fuzz-") {
            fuzzed(night, target, log, code);
            continue;
        }
        let document = serde_json::from_str(log).unwrap_or(Value::Null);
        match name.strip_suffix(".json").unwrap_or(name) {
            "replay" => replayed(night, &document),
            "import" => imported(night, &document),
            part => {
                if let Some(engine) = part.strip_prefix("hunt-") {
                    hunted(night, engine, &document);
                }
            }
        }
        if !matches!(code, Some(0 | 1)) {
            let errors = logs.get(&format!("{name}.err"));
            let last = errors.and_then(|text| text.lines().last());
            let last = last.unwrap_or("it was cut short").trim();
            night.trouble.push(format!("{name}: {last}"));
        }
    }
    for part in ["replay.json", "import.json"] {
        if !logs.contains_key(part) {
            night.trouble.push(format!("{part}: left nothing behind"));
        }
    }
    Ok(())
}

fn files(directory: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let listing =
        fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?;
    for item in listing {
        let path = item?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        files.insert(name.into_owned(), text);
    }
    Ok(files)
}

fn replayed(night: &mut Night, document: &Value) {
    for row in list(&document["rows"]) {
        let (path, detail) = (text(&row["file"]), came(row));
        let wrong = row["met"] != true;
        if wrong {
            night.lost.push(format!(
                "{path}: expects {}, came to {detail}; fixed {}",
                text(&row["expected"]),
                text(&row["fixed"])
            ));
        }
        night.cases.push(Case {
            part: Part::Replay,
            what: What::File {
                scenario: directory_of(&path),
                path,
            },
            word: if wrong { "lost" } else { "replays" }.to_owned(),
            detail,
            wrong,
        });
    }
}

fn hunted(night: &mut Night, engine: &str, document: &Value) {
    for row in list(&document["rows"]) {
        let (scenario, variant) = (text(&row["scenario"]), text(&row["variant"]));
        let buggy = variant == "buggy";
        let found = !row["fingerprint"].is_null();
        if buggy {
            night.tried.insert(scenario.clone());
            if found {
                night.found.insert(scenario.clone());
            }
        }
        let part = Part::Hunt(engine.to_owned());
        let what = What::Variant { scenario, variant };
        let Some(speed) = row["schedules_per_s"].as_f64() else {
            night.untried(part, what);
            continue;
        };
        let word = match (buggy, found) {
            (true, true) => "found".to_owned(),
            (true, false) => "missed".to_owned(),
            (false, _) => came(row),
        };
        let detail = format!(
            "{} in {} schedules, {speed:.0}/s",
            came(row),
            row["schedules"]
        );
        night.cases.push(Case {
            part,
            what,
            word,
            detail,
            // A miss here is a loss only if nobody else found it.
            wrong: row["met"] != true && !buggy,
        });
    }
}

fn fuzzed(night: &mut Night, name: &str, log: &str, code: Option<i64>) {
    let (target, variant) = name.rsplit_once('-').unwrap_or((name, ""));
    let stat = |name: &str| {
        log.lines()
            .find_map(|line| line.strip_prefix(&format!("stat::{name}:")))
            .map_or("?", str::trim)
    };
    let buggy = variant == "buggy";
    if buggy && code == Some(CRASHED) {
        night.found.insert(target.to_owned());
    }
    let outcome = match code {
        Some(0) => "clean".to_owned(),
        Some(CRASHED) => "crashed".to_owned(),
        Some(70) => "a run without end".to_owned(),
        Some(71) => "out of memory".to_owned(),
        Some(other) => format!("exit code {other}"),
        None => "cut short".to_owned(),
    };
    let expected = matches!(code, Some(0 | CRASHED));
    if !expected {
        let last = log.lines().last().unwrap_or_default();
        night
            .trouble
            .push(format!("fuzzing {target} ({variant}): {outcome}: {last}"));
    }
    let word = match (buggy, code) {
        (true, Some(CRASHED)) => "found",
        (true, Some(0)) => "missed",
        _ => &outcome,
    };
    night.cases.push(Case {
        part: Part::Fuzz,
        what: What::Variant {
            scenario: target.to_owned(),
            variant: variant.to_owned(),
        },
        word: word.to_owned(),
        detail: format!(
            "{outcome} in {} executions, {}/s",
            stat("number_of_executed_units"),
            stat("average_exec_per_sec")
        ),
        wrong: !expected || !buggy && code == Some(CRASHED),
    });
}

fn imported(night: &mut Night, document: &Value) {
    for file in list(&document["files"]) {
        let (path, outcome) = (text(&file["file"]), text(&file["outcome"]));
        let mut new = Vec::new();
        for finding in list(&file["findings"]) {
            if finding["new"] == true {
                new.push(format!(
                    "{} ({}): {}, now in {}",
                    text(&file["scenario"]),
                    text(&finding["variant"]),
                    text(&finding["fingerprint"]),
                    text(&finding["entry"])
                ));
            }
        }
        let unusable = matches!(outcome.as_str(), "missing" | "undecided" | "unusable");
        let detail = if unusable {
            format!("{outcome}: {}", text(&file["reason"]))
        } else if new.is_empty() {
            outcome.clone()
        } else {
            new.join(", ")
        };
        if unusable {
            night.trouble.push(format!("{path}: {detail}"));
        }
        night.cases.push(Case {
            part: Part::Import,
            what: What::File {
                scenario: text(&file["scenario"]),
                path,
            },
            word: outcome,
            detail,
            wrong: unusable || !new.is_empty(),
        });
        night.new.extend(new);
    }
}

/// The scenario that an entry is for: its directory is named after it.
fn directory_of(path: &str) -> String {
    let directory = Path::new(path).parent().and_then(Path::file_name);
    directory.unwrap_or_default().to_string_lossy().into_owned()
}

/// A row's fingerprint, else its verdict.
fn came(row: &Value) -> String {
    match row["fingerprint"].as_str() {
        Some(fingerprint) => fingerprint.to_owned(),
        None => text(&row["verdict"]),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}
