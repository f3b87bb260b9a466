use crate::standstill::standstill;

#[test]
fn the_help_teaches_by_example() {
    let output = standstill(&["--help"]);
    assert_eq!(output.code(), Some(0));
    insta::assert_snapshot!(output.stdout, @"");
    insta::assert_snapshot!(standstill(&["hunt", "--help"]).stdout, @"");
    insta::assert_snapshot!(standstill(&["replay", "-h"]).stdout, @"");
    insta::assert_snapshot!(standstill(&["corpus", "check", "--help"]).stdout, @"");
}

#[test]
fn the_version_is_that_of_the_crate() {
    let output = standstill(&["--version"]);
    assert_eq!(
        output.stdout,
        format!("standstill {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(output.code(), Some(0));
}
