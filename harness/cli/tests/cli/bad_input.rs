use std::fs;

use crate::standstill::{standstill, standstill_in};

#[test]
fn bad_input_is_one_clear_line_and_exit_2() {
    for (line, fragment) in [
        (
            "hunt quota-wroker",
            "there is no scenario `quota-wroker`: did you mean `quota-worker`? There are ",
        ),
        (
            "quota-worker --seed 7",
            "`quota-worker` is a scenario, not a command: `standstill hunt quota-worker` hunts in it",
        ),
        (
            "show nothing-like-it",
            "there is no scenario `nothing-like-it`: there are ",
        ),
        (
            "hunt quota-worker --workers 99",
            "workers 99 is outside of what quota-worker allows: workers 1..4",
        ),
        (
            "--workers 99",
            "is outside of what quota-worker allows: workers 1..4",
        ),
        (
            "hunt quota-worker --watchers 1",
            "quota-worker has no watchers: leave --watchers out for it",
        ),
        (
            "hunt quota-worker --variant own",
            "quota-worker has no variant `own`: it has buggy, fixed",
        ),
        (
            "hunt --strategy round-robin",
            "the engine `explore` has no strategy `round-robin`: choose one of random, \
                 pct:DEPTH, urw, pos, surw, directed",
        ),
        ("hunt --variant own", "no scenario has a variant `own`"),
        ("replay ss2-abc", "the token is truncated or mistyped"),
        ("replay ss2-", "the token is truncated or mistyped"),
        ("replay ss2-hello!", "cannot be part of a token"),
        ("replay ss7-abcdef", "made by a newer standstill"),
        (
            "replay no/such/file.toml",
            "`no/such/file.toml` is neither a token nor a file or directory",
        ),
        (
            "replay nonsense",
            "`nonsense` is neither a token nor a file or directory",
        ),
        (
            "explain nonsense",
            "`nonsense` is neither a token nor a file or directory",
        ),
        ("explain .", ". is a directory: name one entry in it"),
        ("replay", "there is no corpus at corpus"),
        (
            "replay --corpus elsewhere",
            "there is no corpus at elsewhere",
        ),
        ("replay .", "there is no entry in ."),
        ("corpus check", "there is no corpus at corpus"),
    ] {
        let args: Vec<&str> = line.split_whitespace().collect();
        let output = standstill(&args);
        assert_eq!(output.code(), Some(2), "{line}: {output:?}");
        assert_eq!(output.stdout, "", "{line}");
        assert_eq!(output.stderr.lines().count(), 1, "{line}: {output:?}");
        assert!(output.stderr.starts_with("error: "), "{line}: {output:?}");
        assert!(output.stderr.contains(fragment), "{line}: {output:?}");
    }
}

#[test]
fn misuse_names_the_option_and_the_value() {
    for (line, fragments) in [
        ("hnt", &["unrecognized subcommand 'hnt'", "hunt"][..]),
        (
            "hunt --workers 4..1",
            &[
                "'4..1' for '--workers",
                "is empty: give the smaller number first",
            ],
        ),
        (
            "hunt --workers x",
            &["'x' for '--workers", "write one like 2, 1..4 or 1..=4"],
        ),
        (
            "hunt --workers 300",
            &["'300' for '--workers", "from 0 to 255"],
        ),
        (
            "hunt --time soon",
            &["'soon' for '--time", "write one like 30s, 5m, 1h or 500ms"],
        ),
        ("hunt --schedules 0", &["'0' for '--schedules"]),
        ("hunt --jobs 0", &["'0' for '--jobs"]),
        ("hunt --seed -1", &["-1"]),
        (
            "hunt --strategy psychic",
            &[
                "'psychic' for '--strategy",
                "choose one of random, pct:DEPTH",
            ],
        ),
        ("hunt --strategy pct:99", &["'pct:99' for '--strategy"]),
        ("hunt --engine steam", &["'steam' for '--engine", "explore"]),
        (
            "hunt --preempt never",
            &["'never' for '--preempt", "op, await"],
        ),
        (
            "hunt --leaks some",
            &["'some' for '--leaks", "all, blocked, off"],
        ),
        ("hunt --format xml", &["'xml' for '--format", "text, json"]),
        ("hunt --quiet --verbose", &["--quiet", "--verbose"]),
        ("replay --times 0", &["'0' for '--times"]),
        ("verify quota-worker", &["unrecognized subcommand 'verify'"]),
        (
            "prove quota-worker --watchers 2",
            &["quota-worker has no watchers"],
        ),
        ("show", &["<SCENARIO>"]),
    ] {
        let args: Vec<&str> = line.split_whitespace().collect();
        let output = standstill(&args);
        assert_eq!(output.code(), Some(2), "{line}: {output:?}");
        assert_eq!(output.stdout, "", "{line}");
        for fragment in fragments {
            assert!(
                output.stderr.contains(fragment),
                "{line}: no `{fragment}` in {}",
                output.stderr
            );
        }
    }
}

#[test]
fn a_directory_that_cannot_be_written_to_is_said_before_the_hunt() {
    // A file in the directory's place: tests run as root, whom permissions do not bind.
    let place = tempfile::tempdir().expect("a directory");
    fs::write(place.path().join("file"), "precious").expect("it can be written");
    for (option, directory) in [
        ("--corpus", "file"),
        ("--corpus", "file/below"),
        ("--report", "file"),
    ] {
        let output = standstill_in(place.path(), &["hunt", "quota-worker", option, directory]);
        assert_eq!(output.code(), Some(2), "{output:?}");
        assert_eq!(output.stdout, "");
        assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
        assert!(
            output
                .stderr
                .contains(&format!("cannot write into {directory}: ")),
            "{output:?}"
        );
        assert!(
            output
                .stderr
                .contains(&format!("choose another with {option}")),
            "{output:?}"
        );
    }
    assert_eq!(
        fs::read_to_string(place.path().join("file")).expect("it is there"),
        "precious"
    );
    assert_eq!(fs::read_dir(place.path()).expect("it is there").count(), 1);
}

#[test]
fn a_finding_that_cannot_be_kept_is_still_reported() {
    // The scenario's own directory in the corpus is a file: only saving finds out.
    let place = tempfile::tempdir().expect("a directory");
    fs::create_dir(place.path().join("corpus")).expect("it can be made");
    let blocker = place.path().join("corpus/quota-worker");
    fs::write(&blocker, "precious").expect("it can be written");
    let args = [
        "hunt",
        "quota-worker",
        "--schedules",
        "2000",
        "--corpus",
        "corpus",
    ];
    let output = standstill_in(place.path(), &args);
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(
        output
            .stderr
            .contains("error: cannot write into corpus/quota-worker: "),
        "{output:?}"
    );
    assert!(
        output
            .stdout
            .contains("replay with: standstill replay ss2-"),
        "{output:?}"
    );
    assert_eq!(
        fs::read_to_string(blocker).expect("it is there"),
        "precious"
    );
}

/// Nobody can write into a directory on a file system that is mounted read-only, not even root.
#[test]
fn a_read_only_corpus_is_said_before_the_hunt() {
    let read_only = std::path::Path::new("/proc/self");
    if !read_only.is_dir() {
        return;
    }
    let output = standstill(&["hunt", "quota-worker", "--corpus", "/proc/self"]);
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(
        output.stderr.contains("cannot write into /proc/self: "),
        "{output:?}"
    );
    assert!(
        output.stderr.contains("make it a writable directory"),
        "{output:?}"
    );
}
