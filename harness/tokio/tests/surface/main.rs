//! Checks that `SURFACE.md`, which is part of the crate's documentation, lists every public item of
//! tokio's `sync`, `task`, `time` and `runtime`, and its macros. The items are read from the source of
//! the tokio that this was built with, so the table cannot become outdated unnoticed.
//!
//! `UPDATE_SURFACE=1 cargo test -p standstill-tokio --test surface` rewrites the table.

mod source;
mod traits;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use source::{Surface, exported_macros, read};

const MODULES: [&str; 4] = ["runtime", "sync", "task", "time"];

/// The items that are absent, and why.
const ABSENT: [(&str, &str); 0] = [];

/// The procedural macros, which tokio re-exports from another crate.
const ATTRIBUTES: [&str; 2] = ["#[main]", "#[test]"];

/// Words in the text of a function which show that it informs the engine, directly or through another
/// function of this crate.
const TELLS: [&str; 18] = [
    "Hold",
    "OwnedGuard",
    "Ref",
    "Timer",
    "Wait",
    "abort_members",
    "begin",
    "facade",
    "hold",
    "host",
    "look",
    "outside_of_runs",
    "polling",
    "raw",
    "spawn_at",
    "spawn_blocking_at",
    "switch",
    "timer",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Tracked,
    Passed,
    Absent,
}

#[test]
fn every_item_of_tokio_is_accounted_for() {
    let tokio = tokio_source();
    let real = read(&tokio, &MODULES);
    // A list that is too short would compare equal with anything.
    for known in [
        "sync::Mutex::blocking_lock_owned",
        "sync::mpsc::Sender::reserve_many",
        "sync::mpsc::error::TrySendError",
        "sync::futures::OwnedNotified::enable",
        "task::JoinSet::join_all",
        "task::coop::poll_proceed",
        "time::Interval::reset_at",
        "time::error::Elapsed",
        "runtime::RuntimeMetrics::num_alive_tasks",
    ] {
        assert!(real.items.contains_key(known), "{known} is not read");
    }
    let real_macros = exported_macros(&tokio);
    assert_eq!(
        real_macros,
        ["join!", "pin!", "select!", "task_local!", "try_join!"]
    );
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let facade = read(&own, &MODULES);
    let mut accounts: BTreeMap<String, How> = real
        .items
        .keys()
        .map(|item| (item.clone(), account(item, &facade)))
        .collect();
    let own_macros = exported_macros(&own);
    for name in real_macros {
        let how = if own_macros.contains(&name) {
            How::Tracked
        } else {
            How::Passed
        };
        accounts.insert(name, how);
    }
    for name in ATTRIBUTES {
        accounts.insert(name.to_owned(), How::Passed);
    }

    let absent: BTreeSet<&str> = accounts
        .iter()
        .filter(|(_, how)| **how == How::Absent)
        .map(|(item, _)| item.as_str())
        .collect();
    let explained: BTreeSet<&str> = ABSENT.iter().map(|(item, _)| *item).collect();
    assert_eq!(absent, explained, "absent, and the reasons given");

    let table = table(&accounts);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("SURFACE.md");
    if std::env::var_os("UPDATE_SURFACE").is_some() {
        std::fs::write(&path, &table).expect("the table is written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == table,
        "SURFACE.md is out of date: see the head of this test for how to write it anew, and look \
         at what changed"
    );
}

/// The drop-in has no public item that tokio lacks: code that uses it would not compile in production.
#[test]
fn the_drop_in_adds_nothing_of_its_own() {
    let real = read(&tokio_source(), &MODULES);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let added: Vec<String> = read(&own, &MODULES)
        .items
        .into_keys()
        .filter(|item| !real.items.contains_key(item))
        .collect();
    assert_eq!(added, Vec::<String>::new());
}

fn account(item: &str, facade: &Surface) -> How {
    let known = facade.items.get(item);
    if let Some(found) = known {
        let tells = match &found.body {
            Some(body) => tells(found.file.as_path(), body, 3),
            None => found.is_type,
        };
        return if tells { How::Tracked } else { How::Passed };
    }
    let (owner, _) = item.rsplit_once("::").unwrap_or(("", item));
    let is_method = facade.items.get(owner).is_some_and(|owner| owner.is_type);
    if is_method {
        return How::Absent;
    }
    // A type that is re-exported or one of its methods, or another re-exported item.
    let passed = facade.globs.iter().any(|module| {
        item.strip_prefix(module.as_str())
            .is_some_and(|rest| rest.starts_with("::"))
    });
    if passed { How::Passed } else { How::Absent }
}

/// Whether a function's text informs the engine, or calls a function in its file that does.
fn tells(file: &Path, body: &str, depth: u32) -> bool {
    let words: BTreeSet<&str> = body
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .collect();
    if TELLS.iter().any(|word| words.contains(word)) {
        return true;
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    depth > 0
        && words
            .iter()
            .filter(|word| body.contains(&format!("{word} (")))
            .flat_map(|word| bodies_of(&text, word))
            .any(|inner| tells(file, &inner.replace('(', " ("), depth - 1))
}

/// The approximate text of each function or method of this name: up to the line that closes it.
fn bodies_of<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let head = format!("fn {name}");
    text.match_indices(&head)
        .filter_map(|(at, _)| {
            let rest = &text[at + head.len()..];
            let line = text[..at].rsplit('\n').next()?;
            let indent = &line[..line.len() - line.trim_start().len()];
            let body = rest.split(&format!("\n{indent}}}\n")).next()?;
            rest.starts_with(['(', '<']).then_some(body)
        })
        .collect()
}

fn table(accounts: &BTreeMap<String, How>) -> String {
    let mut rows: BTreeMap<(String, String), BTreeMap<How, Vec<String>>> = BTreeMap::new();
    for (item, how) in accounts {
        let parts: Vec<&str> = item.split("::").collect();
        let types = parts
            .iter()
            .position(|part| part.starts_with(char::is_uppercase))
            .unwrap_or(parts.len() - 1);
        let (owner, method) = (parts[..=types].join("::"), parts.get(types + 1));
        let group = match parts.len() {
            1 => "macros".to_owned(),
            _ => parts[0].to_owned(),
        };
        let row = rows.entry((group, owner)).or_default();
        row.entry(*how)
            .or_default()
            .push(method.map_or_else(String::new, |method| format!("`{method}`")));
    }
    let mut text = String::from(
        "# Every item of tokio, and what becomes of it\n\n\
         With the feature on. *Scheduled and tracked*: there is a switch point before it, the tracker \
         hears of it, or it is refused by name in a run. *Passed through*: it is tokio's own, or does \
         no more than ask tokio. *Absent*: tokio has it and this crate does not. Methods are listed \
         with their type; \"itself\" is the type, function or macro as such.\n",
    );
    let mut group = String::new();
    for ((of, owner), columns) in rows {
        if of != group {
            let _ = write!(
                text,
                "\n## {of}\n\n| item | scheduled and tracked | passed through | absent |\n| --- | --- | --- | --- |\n"
            );
            group = of;
        }
        let cell = |how: How| {
            let names = columns.get(&how).map(Vec::as_slice).unwrap_or_default();
            let names: Vec<&str> = names
                .iter()
                .map(|name| if name.is_empty() { "itself" } else { name })
                .collect();
            names.join(", ")
        };
        let _ = writeln!(
            text,
            "| `{owner}` | {} | {} | {} |",
            cell(How::Tracked),
            cell(How::Passed),
            cell(How::Absent)
        );
    }
    text
}

/// The directory where cargo stores the source of the tokio that this was built with.
fn tokio_source() -> PathBuf {
    let metadata = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked"])
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        output.status.success().then_some(output.stdout)
    };
    // The packages that this test was built with are there; those for other platforms may not be.
    let host = Command::new("rustc")
        .arg("-vV")
        .output()
        .expect("rustc runs");
    let host = String::from_utf8_lossy(&host.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
        .expect("rustc names its host");
    let json = metadata(&["--offline", "--filter-platform", &host])
        .or_else(|| metadata(&["--filter-platform", &host]))
        .expect("cargo metadata");
    let json: serde_json::Value = serde_json::from_slice(&json).expect("json");
    let packages = json["packages"].as_array().expect("packages");
    let tokio = packages
        .iter()
        .find(|package| package["name"] == "tokio")
        .expect("tokio among the packages");
    let manifest = tokio["manifest_path"].as_str().expect("a path");
    Path::new(manifest).with_file_name("src")
}
