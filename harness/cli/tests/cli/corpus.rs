use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use standstill::{Choice, Corpus, Load, Schedule};

use crate::standstill::standstill_in;

/// A directory with a corpus of one entry, and the entry's path.
fn with_entry() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().expect("a directory");
    let args = [
        "hunt",
        "quota-worker",
        "--variant",
        "buggy",
        "--corpus",
        "corpus",
        "--quiet",
    ];
    let output = standstill_in(place.path(), &args);
    assert_eq!(output.code(), Some(0), "{output:?}");
    let directory = place.path().join("corpus/quota-worker");
    let entry = fs::read_dir(directory)
        .expect("it was made")
        .next()
        .expect("it has an entry")
        .expect("it can be listed")
        .path();
    (place, entry)
}

fn edit(path: &Path, from: &str, to: &str) -> String {
    let text = fs::read_to_string(path).expect("the entry is there");
    assert!(text.contains(from), "no `{from}` in {text}");
    let text = text.replacen(from, to, 1);
    fs::write(path, &text).expect("the entry can be written");
    text
}

/// The fingerprint that an entry expects.
fn fingerprint(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("the entry is there");
    let (_, rest) = text
        .split_once("fingerprint = \"")
        .expect("it has a fingerprint");
    rest.split('"').next().expect("it ends").to_owned()
}

#[test]
fn without_an_argument_the_whole_corpus_is_replayed() {
    let (place, entry) = with_entry();
    let output = standstill_in(place.path(), &["replay"]);
    assert_eq!(output.code(), Some(0), "{output:?}");
    let name = entry
        .strip_prefix(place.path())
        .expect("it is in there")
        .display()
        .to_string();
    assert_eq!(
        output.stdout,
        format!("ok    {name}: {}; fixed clean\n", fingerprint(&entry))
    );
    let json = standstill_in(place.path(), &["replay", "--format", "json"]).json();
    assert_eq!(json["rows"][0]["file"], *name);
    assert_eq!(json["rows"][0]["fixed"], "clean");
    assert_eq!(json["rows"][0]["met"], true);
    let one = standstill_in(place.path(), &["replay", &name, "--times", "10"]);
    assert!(one.stdout.contains("in 10 of 10 replays"), "{one:?}");
    let explained = standstill_in(place.path(), &["explain", &name]);
    assert!(explained.stdout.starts_with("hang: "), "{explained:?}");
    let checked = standstill_in(place.path(), &["corpus", "check"]);
    assert_eq!(checked.code(), Some(0), "{checked:?}");
    assert!(checked.stdout.ends_with("\n1 of 1 entries reproduced\n"));
}

#[test]
fn an_entry_that_shows_something_else_fails_until_it_is_blessed() {
    let (place, entry) = with_entry();
    let right = fs::read_to_string(&entry).expect("the entry is there");
    let good = fingerprint(&entry);
    let wrong = edit(&entry, &good, "hang-0123456789ab");
    for args in [&["replay"][..], &["corpus", "check"]] {
        let output = standstill_in(place.path(), args);
        assert_eq!(output.code(), Some(1), "{output:?}");
        assert!(
            output.stdout.contains(&format!(
                "expected hang-0123456789ab, came to {good}; fixed clean"
            )),
            "{output:?}"
        );
        assert_eq!(fs::read_to_string(&entry).expect("it is there"), wrong);
    }
    let blessed = standstill_in(place.path(), &["corpus", "check", "--bless"]);
    assert_eq!(blessed.code(), Some(0), "{blessed:?}");
    assert!(
        blessed.stdout.contains("1 brought up to date"),
        "{blessed:?}"
    );
    assert_eq!(fs::read_to_string(&entry).expect("it is there"), right);
}

#[test]
fn an_entry_holds_the_choices_that_it_takes_and_no_more() {
    let (_place, path) = with_entry();
    let text = fs::read_to_string(&path).expect("the entry is there");
    let entry = Corpus::read(&path).expect("it is an entry");
    let Schedule::Choices(choices) = &entry.plan.schedule else {
        panic!("{text}");
    };
    assert!(choices.len() <= 10, "{text}");
    assert!(
        entry.found.starts_with("hunt --seed 0, schedule ")
            && entry.found.contains("; shrunk from "),
        "{text}"
    );
}

#[test]
fn an_entry_whose_choices_do_not_fit_any_more_diverges_and_can_be_blessed() {
    let (place, path) = with_entry();
    let mut entry = Corpus::read(&path).expect("it is an entry");
    // As if the program had once had more tasks.
    let gone = Choice::Task("root.99".parse().expect("a path"));
    let Schedule::Choices(choices) = &mut entry.plan.schedule else {
        panic!("{entry:?}");
    };
    choices.insert(0, gone);
    Corpus::replace(&path, &entry).expect("it can be written");
    let output = standstill_in(place.path(), &["replay"]);
    assert_eq!(output.code(), Some(1), "{output:?}");
    assert!(output.stdout.contains("diverged"), "{output:?}");
    let blessed = standstill_in(place.path(), &["corpus", "check", "--bless"]);
    assert_eq!(blessed.code(), Some(0), "{blessed:?}");
    let output = standstill_in(place.path(), &["replay"]);
    assert_eq!(output.code(), Some(0), "{output:?}");
}

/// What is in `corpus/` of this repository.
#[test]
fn every_scenario_has_two_entries_of_different_loads_and_strategies() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let entries = Corpus::open(root.join("corpus"))
        .load()
        .expect("every file is an entry");
    for (path, entry) in &entries {
        let text = fs::read_to_string(path).expect("the entry is there");
        assert_eq!(text, entry.to_toml(), "{}", path.display());
        assert!(entry.fixed_clean, "{}", path.display());
        assert!(entry.comment.ends_with('.'), "{}", path.display());
    }
    for scenario in standstill_catalogue::scenarios() {
        let own = || {
            entries
                .iter()
                .map(|(_, entry)| entry)
                .filter(|entry| entry.plan.scenario == scenario.name())
        };
        let loads: BTreeSet<Load> = own().map(|entry| entry.plan.load).collect();
        assert!(loads.len() >= 2, "{}: {loads:?}", scenario.name());
        for strategy in ["--strategy random", "--strategy pct:"] {
            let found = own().any(|entry| entry.found.contains(strategy));
            assert!(found, "{}: {strategy}", scenario.name());
        }
    }
    let output = standstill_in(&root, &["replay"]);
    assert_eq!(output.code(), Some(0), "{output:?}");
    let closing = format!("{0} of {0} entries reproduced\n", entries.len());
    assert!(output.stdout.ends_with(&closing), "{output:?}");
}

#[test]
fn a_broken_entry_is_named_and_the_others_are_replayed() {
    let (place, entry) = with_entry();
    let whole = fs::read(&entry).expect("the entry is there");
    let broken: [(&str, Vec<u8>, &str); 6] = [
        (
            "truncated",
            whole[..whole.len() / 2].to_vec(),
            "truncated.toml:",
        ),
        ("empty", Vec::new(), "empty.toml:1:"),
        ("binary", vec![0xff, 0xfe, 0x00, 0x80], "binary.toml:1:"),
        ("prose", b"this is no entry".to_vec(), "prose.toml:1:"),
        ("other", b"format = 99\n".to_vec(), "other.toml:1:"),
        (
            "stranger",
            String::from_utf8_lossy(&whole)
                .replace("quota-worker", "quota-wroker")
                .into_bytes(),
            "did you mean `quota-worker`?",
        ),
    ];
    for (name, bytes, fragment) in broken {
        let path = entry.with_file_name(format!("{name}.toml"));
        fs::write(&path, &bytes).expect("it can be written");
        for args in [
            &["replay"][..],
            &["corpus", "check", "--bless"],
            &["replay", "--format", "json"],
        ] {
            let output = standstill_in(place.path(), args);
            assert_eq!(output.code(), Some(2), "{name}: {output:?}");
            let errors: Vec<&str> = output.stderr.lines().collect();
            assert_eq!(errors.len(), 1, "{name}: {output:?}");
            assert!(
                errors[0].starts_with("error: ") && errors[0].contains(fragment),
                "{name}: {output:?}"
            );
            assert!(
                errors[0].contains(&format!("{name}.toml")),
                "{name}: {output:?}"
            );
            assert!(
                output.stdout.contains(&fingerprint(&entry)),
                "{name}: {output:?}"
            );
        }
        assert_eq!(fs::read(&path).expect("it is there"), bytes);
        assert_eq!(fs::read(&entry).expect("it is there"), whole);
        fs::remove_file(path).expect("it can be removed");
    }
}

/// What nobody calls an entry, under names that entries have.
#[test]
fn garbage_in_the_corpus_is_named_and_the_entries_are_replayed() {
    let (place, entry) = with_entry();
    let noise: Vec<u8> = (0..1_u32 << 20)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
        .collect();
    let directory = entry.parent().expect("it is in one");
    fs::write(directory.join("noise.toml"), &noise).expect("it can be written");
    fs::create_dir(directory.join("folder.toml")).expect("it can be made");
    symlink("loop.toml", directory.join("loop.toml")).expect("a link");
    symlink("/dev/zero", directory.join("zeros.toml")).expect("a link");
    symlink(".", place.path().join("corpus/round")).expect("a link");
    fs::write(directory.join(OsStr::from_bytes(b"no-\xff-text.toml")), [])
        .expect("it can be written");
    let pipe = std::process::Command::new("mkfifo")
        .arg(directory.join("pipe.toml"))
        .status();
    assert!(pipe.expect("mkfifo starts").success());
    let wrong = [
        ("folder.toml: ", "it is not a file"),
        ("loop.toml: ", "symbolic links"),
        ("no-\u{fffd}-text.toml:1: ", "format = 1"),
        ("noise.toml:1: ", "not UTF-8"),
        ("pipe.toml: ", "it is not a file"),
        ("zeros.toml: ", "it is not a file"),
    ];
    for args in [
        &["replay"][..],
        &["corpus", "check", "--bless"],
        &["corpus", "export"],
        &["corpus", "import", "corpus"],
    ] {
        let output = standstill_in(place.path(), args);
        assert_eq!(output.code(), Some(2), "{output:?}");
        for (name, what) in wrong {
            let named = |line: &str| line.contains(name) && line.contains(what);
            assert!(output.stderr.lines().any(named), "{name} in {output:?}");
        }
        let replayed = output.stdout.contains(&fingerprint(&entry));
        assert!(replayed || args[1..] == ["export"], "{output:?}");
    }
    let seed = place.path().join("fuzz/corpus/quota-worker");
    assert_eq!(fs::read_dir(seed).expect("it was exported").count(), 1);
    assert_eq!(
        fs::read(directory.join("noise.toml")).expect("it is there"),
        noise
    );
}
