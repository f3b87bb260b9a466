//! What a night came to: reads the logs that `ci/nightly.sh` leaves, and writes them up as
//! `summary.md`, `summary.json` and `junit.xml` beside them.
//!
//! `nightly-summary DIR BUDGET SHARD SEED` exits with 1 if a fingerprint is new or lost, with 2 if a
//! part of the night could not do its work.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context, bail};
use serde_json::{Value, json};

/// How libFuzzer's driver ends when an input crashed.
const CRASHED: i64 = 77;

fn main() -> anyhow::Result<ExitCode> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [out, budget, shard, seed] = &args[..] else {
        bail!("usage: nightly-summary DIR BUDGET SHARD SEED");
    };
    let out = Path::new(out);
    let mut night = Night::default();
    night.read(&out.join("logs"))?;
    night.judge();
    let head = format!("budget {budget}, shard {shard}, seed {seed}");
    let write = |name: &str, text: String| {
        fs::write(out.join(name), text).with_context(|| format!("cannot write {name}"))
    };
    write("summary.md", night.markdown(&head))?;
    write(
        "summary.json",
        format!("{:#}\n", night.json(budget, shard, seed)),
    )?;
    write("junit.xml", night.junit())?;
    Ok(ExitCode::from(night.code()))
}

/// One thing that a night tried.
struct Case {
    part: String,
    name: String,
    /// What it came to, in a few words.
    came: String,
    /// Why it must be looked at.
    wrong: Option<String>,
}

#[derive(Default)]
struct Night {
    cases: Vec<Case>,
    /// Fingerprints that the corpus did not have.
    new: Vec<String>,
    /// Bugs that were not seen again.
    lost: Vec<String>,
    /// What kept a part of the night from its work.
    trouble: Vec<String>,
    /// The scenarios with a buggy variant, and in which of them something was found.
    buggy: BTreeSet<String>,
    found: BTreeSet<String>,
}

impl Night {
    fn read(&mut self, logs: &Path) -> anyhow::Result<()> {
        let mut paths: Vec<PathBuf> = fs::read_dir(logs)
            .with_context(|| format!("cannot list {}", logs.display()))?
            .map(|item| Ok(item?.path()))
            .collect::<std::io::Result<_>>()?;
        paths.sort();
        let name = |path: &Path| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        let logs: BTreeMap<String, &PathBuf> =
            paths.iter().map(|path| (name(path), path)).collect();
        for (name, path) in &logs {
            if name.ends_with(".code") || name.ends_with(".err") {
                continue;
            }
            let code = logs
                .get(&format!("{name}.code"))
                .and_then(|path| fs::read_to_string(path).ok())
                .and_then(|text| text.trim().parse().ok());
            let text = String::from_utf8_lossy(
                &fs::read(path).with_context(|| format!("cannot read {}", path.display()))?,
            )
            .into_owned();
            if let Some(target) = name.strip_prefix("fuzz-") {
                self.fuzzed(target, &text, code);
                continue;
            }
            let errors = logs.get(&format!("{name}.err"));
            let errors = errors.and_then(|path| fs::read_to_string(path).ok());
            let errors = errors.unwrap_or_default();
            let document = serde_json::from_str(&text).unwrap_or(Value::Null);
            let part = name.strip_suffix(".json").unwrap_or(name);
            match part {
                "replay" => self.replayed(&document),
                "import" => self.imported(&document),
                hunt if hunt.starts_with("hunt-") => self.hunted(hunt, &document),
                _ => {}
            }
            // An import counts its unusable files itself.
            if !matches!(code, Some(0 | 1)) {
                let last = errors.lines().last().unwrap_or("it was cut short").trim();
                self.trouble.push(format!("{part}: {last}"));
                self.case(part, "whole", "unusable", Some(errors.trim().to_owned()));
            }
        }
        Ok(())
    }

    fn case(&mut self, part: &str, name: &str, came: &str, wrong: Option<String>) {
        self.cases.push(Case {
            part: part.to_owned(),
            name: name.to_owned(),
            came: came.to_owned(),
            wrong,
        });
    }

    fn replayed(&mut self, document: &Value) {
        for row in list(&document["rows"]) {
            let (file, came) = (text(&row["file"]), came(row));
            let met = row["met"] == true;
            let wrong = (!met).then(|| {
                let fixed = text(&row["fixed"]);
                format!(
                    "expects {}, came to {came}; fixed {fixed}",
                    text(&row["expected"])
                )
            });
            if let Some(wrong) = &wrong {
                self.lost.push(format!("{file}: {wrong}"));
            }
            self.case("replay", &file, &came, wrong);
        }
    }

    fn hunted(&mut self, part: &str, document: &Value) {
        for row in list(&document["rows"]) {
            let (scenario, variant) = (text(&row["scenario"]), text(&row["variant"]));
            if variant == "buggy" {
                self.buggy.insert(scenario.clone());
                if !row["fingerprint"].is_null() {
                    self.found.insert(scenario.clone());
                }
            }
            let speed = row["schedules_per_s"].as_f64().unwrap_or(0.0);
            let what = format!(
                "{} in {} schedules, {speed:.0}/s",
                came(row),
                row["schedules"]
            );
            // A miss here is a loss only if nobody else found it; a find elsewhere is new or known.
            let wrong = (row["met"] != true && variant != "buggy").then(|| what.clone());
            self.case(part, &format!("{scenario} ({variant})"), &what, wrong);
        }
    }

    fn fuzzed(&mut self, name: &str, log: &str, code: Option<i64>) {
        let (target, variant) = name.rsplit_once('-').unwrap_or((name, ""));
        let stat = |name: &str| {
            log.lines()
                .find_map(|line| line.strip_prefix(&format!("stat::{name}:")))
                .map_or("?", str::trim)
        };
        let crashed = code == Some(CRASHED);
        if variant == "buggy" && crashed {
            self.found.insert(target.to_owned());
        }
        let outcome = match code {
            Some(0) => "clean".to_owned(),
            Some(CRASHED) => "crashed".to_owned(),
            Some(70) => "a run without end".to_owned(),
            Some(71) => "out of memory".to_owned(),
            Some(other) => format!("exit code {other}"),
            None => "cut short".to_owned(),
        };
        let what = format!(
            "{outcome} in {} executions, {}/s",
            stat("number_of_executed_units"),
            stat("average_exec_per_sec")
        );
        let expected = matches!(code, Some(0 | CRASHED));
        if !expected {
            let last = log.lines().last().unwrap_or_default();
            self.trouble
                .push(format!("fuzzing {target} ({variant}): {outcome}: {last}"));
        }
        let wrong = (!expected || variant == "fixed" && crashed).then(|| what.clone());
        self.case("fuzz", &format!("{target} ({variant})"), &what, wrong);
    }

    fn imported(&mut self, document: &Value) {
        for file in list(&document["files"]) {
            let (path, outcome) = (text(&file["file"]), text(&file["outcome"]));
            let mut wrong = None;
            for finding in list(&file["findings"]) {
                let what = format!(
                    "{} ({}): {}, {}",
                    text(&file["scenario"]),
                    text(&finding["variant"]),
                    text(&finding["fingerprint"]),
                    text(&finding["entry"])
                );
                if finding["new"] == true {
                    self.new.push(what.clone());
                    wrong = Some(what);
                }
            }
            if matches!(outcome.as_str(), "missing" | "undecided" | "unusable") {
                let what = format!("{path}: {}", text(&file["reason"]));
                self.trouble.push(what.clone());
                wrong = Some(what);
            }
            self.case("import", &path, &outcome, wrong);
        }
    }

    fn judge(&mut self) {
        for scenario in self.buggy.difference(&self.found) {
            self.lost
                .push(format!("{scenario} (buggy): nothing found it this night"));
        }
        for part in ["replay", "hunt-"] {
            if !self.cases.iter().any(|case| case.part.starts_with(part)) {
                self.trouble.push(format!("{part}: left nothing behind"));
            }
        }
    }

    fn code(&self) -> u8 {
        if !self.trouble.is_empty() {
            2
        } else {
            u8::from(!(self.new.is_empty() && self.lost.is_empty()))
        }
    }

    fn markdown(&self, head: &str) -> String {
        let mut page = String::new();
        let verdict = match self.code() {
            0 => "nothing new, nothing lost".to_owned(),
            _ => format!(
                "{} new, {} lost, {} in trouble",
                self.new.len(),
                self.lost.len(),
                self.trouble.len()
            ),
        };
        let _ = writeln!(page, "# The night: {verdict}\n\n{head}");
        for (title, lines) in [
            ("New fingerprints", &self.new),
            ("Lost", &self.lost),
            ("Trouble", &self.trouble),
        ] {
            if !lines.is_empty() {
                let _ = writeln!(page, "\n## {title}\n");
                for line in lines {
                    let _ = writeln!(page, "- {}", line.replace('\n', " "));
                }
            }
        }
        for part in self.parts() {
            let cases = || self.cases.iter().filter(|case| case.part == part);
            let bad = cases().filter(|case| case.wrong.is_some()).count();
            let _ = writeln!(
                page,
                "\n## {part}: {} tried, {bad} to look at\n",
                cases().count()
            );
            let _ = writeln!(page, "| | what | came to |\n| --- | --- | --- |");
            for case in cases() {
                let mark = if case.wrong.is_some() { "**!**" } else { "ok" };
                let _ = writeln!(page, "| {mark} | {} | {} |", case.name, case.came);
            }
        }
        page
    }

    /// The parts there are, each once, in order.
    fn parts(&self) -> Vec<&str> {
        let mut parts: Vec<&str> = self.cases.iter().map(|case| case.part.as_str()).collect();
        parts.dedup();
        parts
    }

    fn json(&self, budget: &str, shard: &str, seed: &str) -> Value {
        let cases: Vec<Value> = self
            .cases
            .iter()
            .map(|case| {
                json!({"part": case.part, "name": case.name, "came": case.came, "wrong": case.wrong})
            })
            .collect();
        json!({
            "budget": budget, "shard": shard, "seed": seed, "met": self.code() == 0,
            "new": self.new, "lost": self.lost, "trouble": self.trouble, "cases": cases,
        })
    }

    fn junit(&self) -> String {
        let mut page = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
        for part in self.parts() {
            let cases = || self.cases.iter().filter(|case| case.part == part);
            let failures = cases().filter(|case| case.wrong.is_some()).count();
            let (name, tests) = (escaped(part), cases().count());
            let _ = writeln!(
                page,
                "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\">"
            );
            for case in cases() {
                let (name, came) = (escaped(&case.name), escaped(&case.came));
                let _ = write!(page, "    <testcase classname=\"{part}\" name=\"{name}\">");
                match &case.wrong {
                    Some(wrong) => {
                        let wrong = escaped(wrong);
                        let _ = write!(page, "<failure message=\"{wrong}\">{came}</failure>");
                    }
                    None => {
                        let _ = write!(page, "<system-out>{came}</system-out>");
                    }
                }
                page.push_str("</testcase>\n");
            }
            page.push_str("  </testsuite>\n");
        }
        page.push_str("</testsuites>\n");
        page
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

/// A row's fingerprint, else its verdict.
fn came(row: &Value) -> String {
    match row["fingerprint"].as_str() {
        Some(fingerprint) => fingerprint.to_owned(),
        None => text(&row["verdict"]),
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(' '),
            control if control.is_control() => {}
            other => safe.push(other),
        }
    }
    safe
}
