//! A fuzzer's inputs on their way into the corpus, and entries on their way out.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use standstill::{Corpus, Entry, Schedule};

use crate::standstill::standstill_in;

/// What is in `corpus/` of this repository.
fn ours() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus")
}

/// A directory with the inputs that the entries of this repository stand for, under `seeds/`.
fn exported() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a directory");
    let corpus = ours();
    let corpus = corpus.to_str().expect("a path that can be printed");
    let output = standstill_in(
        place.path(),
        &["corpus", "export", "--corpus", corpus, "--to", "seeds"],
    );
    assert_eq!(output.code(), Some(0), "{output:?}");
    place
}

/// The input of an entry of `watch-mux`.
fn an_input() -> Vec<u8> {
    let place = exported();
    fs::read(place.path().join("seeds/watch-mux/hang-6c1f8338")).expect("it was exported")
}

fn entries(place: &Path) -> Vec<(PathBuf, Entry)> {
    Corpus::open(place.join("corpus"))
        .load()
        .expect("every file is an entry")
}

fn put(place: &Path, path: &str, bytes: &[u8]) {
    let path = place.join(path);
    fs::create_dir_all(path.parent().expect("it has one")).expect("a directory");
    fs::write(path, bytes).expect("the file can be written");
}

#[test]
fn a_crash_artifact_becomes_an_entry_that_replays() {
    let place = tempfile::tempdir().expect("a directory");
    let place = place.path();
    put(place, "fuzz/artifacts/watch-mux/crash-1", &an_input());
    let import = ["corpus", "import", "fuzz/artifacts"];
    let output = standstill_in(place, &import);
    assert_eq!(output.code(), Some(0), "{output:?}");
    assert_eq!(
        output.stdout,
        "new    fuzz/artifacts/watch-mux/crash-1: hang-6c1f8338a2cc (buggy), \
         corpus/watch-mux/hang-6c1f8338.toml\n\n1 new\n"
    );
    let replayed = standstill_in(place, &["replay"]);
    assert_eq!(replayed.code(), Some(0), "{replayed:?}");
    assert_eq!(
        replayed.stdout,
        "ok    corpus/watch-mux/hang-6c1f8338.toml: hang-6c1f8338a2cc; fixed clean\n"
    );
    let [(_, entry)] = &entries(place)[..] else {
        panic!("one entry");
    };
    assert!(entry.fixed_clean);
    assert!(
        entry
            .found
            .starts_with("fuzzer's input crash-1; shrunk from "),
        "{}",
        entry.found
    );
    assert!(matches!(&entry.plan.schedule, Schedule::Choices(choices) if choices.len() <= 20));

    // The same bug again, by the same input and by another one.
    put(place, "fuzz/artifacts/watch-mux/crash-2", &an_input());
    let seeds = exported();
    let other = fs::read(seeds.path().join("seeds/watch-mux/hang-6c1f8338-2"));
    put(
        place,
        "fuzz/artifacts/watch-mux/crash-3",
        &other.expect("it was exported"),
    );
    let text = fs::read(place.join("corpus/watch-mux/hang-6c1f8338.toml")).expect("the entry");
    let again = standstill_in(place, &import);
    assert_eq!(again.code(), Some(0), "{again:?}");
    assert!(again.stdout.ends_with("\n3 known\n"), "{again:?}");
    assert_eq!(entries(place).len(), 1);
    let after = fs::read(place.join("corpus/watch-mux/hang-6c1f8338.toml")).expect("the entry");
    assert_eq!(text, after);
}

#[test]
fn entries_go_out_as_inputs_and_come_back_as_entries() {
    let place = exported();
    let place = place.path();
    let ours = Corpus::open(ours()).load().expect("every file is an entry");
    let shown = |entries: &[(PathBuf, Entry)]| -> BTreeSet<(String, String)> {
        entries
            .iter()
            .map(|(_, entry)| {
                let fingerprint = entry.expect.fingerprint.to_string();
                (entry.plan.scenario.clone(), fingerprint)
            })
            .collect()
    };
    for from in ["seeds", "seeds/any"] {
        let import = ["corpus", "import", from, "--format", "json"];
        let output = standstill_in(place, &import);
        assert_eq!(output.code(), Some(0), "{output:?}");
        let files = output.json()["files"].as_array().expect("files").clone();
        let clean: Vec<_> = files
            .iter()
            .filter(|file| file["outcome"] == "clean")
            .collect();
        assert!(clean.is_empty(), "{clean:?}");
        let all = ours.len() * if from == "seeds" { 2 } else { 1 };
        assert_eq!(files.len(), all);
        assert_eq!(shown(&entries(place)), shown(&ours));
        assert_eq!(entries(place).len(), shown(&ours).len());
        fs::remove_dir_all(place.join("corpus")).expect("it can be removed");
    }
}

#[test]
fn an_input_says_by_its_place_or_an_option_what_it_is_for() {
    let place = tempfile::tempdir().expect("a directory");
    let place = place.path();
    put(place, "elsewhere/crash-1", &an_input());
    let import = |rest: &[&str]| {
        let args = [&["corpus", "import"], rest].concat();
        standstill_in(place, &args)
    };
    let output = import(&["elsewhere/crash-1"]);
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert_eq!(
        output.stderr,
        "error: elsewhere/crash-1: is for no known scenario: put it into a directory named after \
         one, or give --scenario\n"
    );
    let output = import(&["elsewhere/crash-1", "--scenario", "watch-max"]);
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(output.stderr.contains("did you mean `watch-mux`?"));
    let output = import(&["elsewhere", "--scenario", "watch-mux", "--variant", "own"]);
    assert_eq!(output.code(), Some(2), "{output:?}");
    // A crash that is none any more is not passed over.
    let output = import(&["elsewhere", "--scenario", "watch-mux", "--variant", "fixed"]);
    assert_eq!(output.code(), Some(1), "{output:?}");
    assert_eq!(
        output.stdout,
        "FAIL   elsewhere/crash-1: shows nothing any more\n\n1 missing\n"
    );
    assert!(!place.join("corpus").exists());
    let output = import(&["elsewhere", "--scenario", "watch-mux"]);
    assert_eq!(output.code(), Some(0), "{output:?}");
    assert_eq!(entries(place).len(), 1);
}

#[test]
fn entries_of_another_corpus_are_taken_over() {
    let place = tempfile::tempdir().expect("a directory");
    let place = place.path();
    let corpus = ours();
    let import = ["corpus", "import", corpus.to_str().expect("a path")];
    let output = standstill_in(place, &import);
    assert_eq!(output.code(), Some(0), "{output:?}");
    let first = entries(place);
    let originals = Corpus::open(&corpus)
        .load()
        .expect("every file is an entry");
    for (_, entry) in &first {
        assert!(originals.iter().any(|(_, original)| original == entry));
    }
    let again = standstill_in(place, &import);
    assert_eq!(again.code(), Some(0), "{again:?}");
    assert_eq!(entries(place), first);
    // One that shows something else than it expects stays outside.
    let (path, entry) = &first[0];
    let wrong = entry.to_toml().replace(
        entry.expect.fingerprint.as_str(),
        &format!("{}-0123456789ab", entry.expect.kind),
    );
    fs::remove_dir_all(place.join("corpus")).expect("it can be removed");
    let name = path.file_name().expect("a name").to_str().expect("text");
    put(place, &format!("other/{name}"), wrong.as_bytes());
    let output = standstill_in(place, &["corpus", "import", "other"]);
    assert_eq!(output.code(), Some(1), "{output:?}");
    assert!(output.stdout.contains("expects "), "{output:?}");
    assert!(!place.join("corpus").exists());
}

#[test]
fn garbage_is_named_and_the_rest_goes_on() {
    let place = tempfile::tempdir().expect("a directory");
    let place = place.path();
    let noise: Vec<u8> = (0..1_u32 << 20)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
        .collect();
    let directory = "fuzz/artifacts/watch-mux";
    put(place, &format!("{directory}/crash-good"), &an_input());
    put(place, &format!("{directory}/empty"), b"");
    put(place, &format!("{directory}/noise"), &noise);
    put(place, &format!("{directory}/prose.toml"), b"not an entry");
    put(place, &format!("{directory}/binary.toml"), &[0xff, 0xfe]);
    put(place, &format!("{directory}/empty.toml"), b"");
    put(
        place,
        &format!("{directory}/.partial"),
        b"somebody writes this",
    );
    put(place, &format!("{directory}/folder.toml/inside"), b"");
    let directory = place.join(directory);
    symlink("loop", directory.join("loop")).expect("a link");
    symlink(".", directory.join("round")).expect("a link");
    symlink("nowhere", directory.join("dangling")).expect("a link");
    fs::write(directory.join(OsStr::from_bytes(b"no-\xff-text")), [1]).expect("a file");
    let fifo = std::process::Command::new("mkfifo")
        .arg(directory.join("pipe"))
        .status();
    assert!(fifo.expect("mkfifo starts").success());
    // And the corpus has some of its own.
    put(place, "corpus/watch-mux/broken.toml", b"format = 99\n");
    put(place, "corpus/watch-mux/notes.txt", b"no entry");

    let output = standstill_in(
        place,
        &["corpus", "import", "fuzz/artifacts", "no-such-path"],
    );
    assert_eq!(output.code(), Some(2), "{output:?}");
    let errors: Vec<&str> = output.stderr.lines().collect();
    let wrong = [
        ("corpus/watch-mux/broken.toml:1: ", "format 99"),
        ("watch-mux/binary.toml: ", "not UTF-8"),
        ("watch-mux/dangling: ", "cannot be read"),
        ("watch-mux/empty.toml: ", "line 1"),
        ("watch-mux/loop: ", "cannot be read"),
        ("watch-mux/noise: ", "1,048,576 bytes"),
        ("watch-mux/pipe: ", "neither a file nor a directory"),
        ("watch-mux/prose.toml: ", "line 1"),
        ("watch-mux/round: ", "a link to a directory"),
        ("no-such-path: ", "cannot be read"),
    ];
    assert_eq!(errors.len(), wrong.len(), "{output:?}");
    for (error, (name, what)) in errors.iter().zip(wrong) {
        assert!(error.starts_with("error: "), "{error}");
        assert!(error.contains(name) && error.contains(what), "{error}");
    }
    for fine in [
        "clean  fuzz/artifacts/watch-mux/empty: shows nothing\n",
        "clean  fuzz/artifacts/watch-mux/folder.toml/inside: shows nothing\n",
        "clean  fuzz/artifacts/watch-mux/no-\u{fffd}-text: shows nothing\n",
        "new    fuzz/artifacts/watch-mux/crash-good: hang-6c1f8338a2cc (buggy), ",
        "\n1 new, 3 clean, 9 unusable\n",
    ] {
        assert!(output.stdout.contains(fine), "no `{fine}` in {output:?}");
    }
    // Nothing was lost.
    assert_eq!(fs::read(directory.join("noise")).expect("the noise"), noise);
    let broken = place.join("corpus/watch-mux/broken.toml");
    assert_eq!(fs::read(&broken).expect("the entry"), b"format = 99\n");
    fs::remove_file(broken).expect("it can be removed");
    assert_eq!(entries(place).len(), 1);
}

#[test]
fn an_export_names_what_it_cannot_write_and_goes_on() {
    let place = tempfile::tempdir().expect("a directory");
    let place = place.path();
    let entry = fs::read(ours().join("watch-mux/hang-6c1f8338.toml")).expect("the entry");
    put(place, "corpus/watch-mux/good.toml", &entry);
    put(place, "corpus/watch-mux/broken.toml", b"");
    let calm = String::from_utf8_lossy(&entry).replace("\"op\"", "\"await\"");
    put(place, "corpus/watch-mux/calm.toml", calm.as_bytes());
    let output = standstill_in(place, &["corpus", "export"]);
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert_eq!(output.stdout, "1 of 3 entries written into fuzz/corpus\n");
    let errors: Vec<&str> = output.stderr.lines().collect();
    assert!(errors[0].starts_with("error: corpus/watch-mux/broken.toml:1: "));
    assert!(errors[1].starts_with("warning: corpus/watch-mux/calm.toml: no input stands for it"));
    assert_eq!(errors.len(), 2);
    let good = fs::read(place.join("fuzz/corpus/watch-mux/good")).expect("it was written");
    assert_eq!(good, an_input());
    let any = fs::read(place.join("fuzz/corpus/any/watch-mux-good")).expect("it was written");
    assert_eq!(any, [&[1], &good[..]].concat());
}
