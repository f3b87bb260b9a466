//! Proofs from the command line.

use crate::standstill::standstill;

#[test]
fn a_small_load_of_a_fixed_variant_is_proved() {
    let output = standstill(&["prove", "double-read", "--writers", "1", "--quiet"]);
    assert_eq!(output.code(), Some(0), "{output:?}");
    let line = output.stdout.trim();
    assert!(
        line.starts_with("double-read (fixed), workers=1 writers=1 rounds=1: proved: "),
        "{line}"
    );
}

#[test]
fn a_buggy_variant_ends_with_a_token_that_replays() {
    let arguments = [
        "prove",
        "double-read",
        "--variant",
        "buggy",
        "--writers",
        "1",
    ];
    let output = standstill(&[&arguments[..], &["--format", "json"]].concat());
    assert_eq!(output.code(), Some(0), "{output:?}");
    let document = output.json();
    assert_eq!(document["conclusion"], "found");
    assert_eq!(document["fingerprint"], "hang-5b164db66de8");
    let token = document["token"].as_str().expect("a token");
    assert_eq!(standstill(&["replay", token]).code(), Some(0));
}

#[test]
fn a_bound_that_is_reached_is_no_proof() {
    let arguments = [
        "prove",
        "double-read",
        "--writers",
        "2",
        "--executions",
        "5",
    ];
    let output = standstill(&[&arguments[..], &["--quiet"]].concat());
    assert_eq!(output.code(), Some(1), "{output:?}");
    assert!(
        output
            .stdout
            .contains("not proved: bound reached: 5 executions"),
        "{output:?}"
    );
}
