use crate::hunt::hunt;
use crate::standstill::standstill;

#[test]
fn a_token_shows_the_same_finding_a_thousand_times() {
    let (rows, _) = hunt(&[
        "quota-worker",
        "watch-mux",
        "double-read",
        "--variant",
        "buggy",
    ]);
    assert_eq!(rows.len(), 3);
    for row in rows {
        let token = row.token.expect("it was found");
        let output = standstill(&["replay", &token, "--times", "1000", "--format", "json"]);
        assert_eq!(output.code(), Some(0), "{output:?}");
        let json = output.json();
        let replayed = &json["rows"][0];
        assert_eq!(replayed["times"], 1000);
        assert_eq!(replayed["same"], 1000);
        assert_eq!(replayed["met"], true);
        assert_eq!(replayed["verdict"], *row.verdict);
        assert_eq!(
            replayed["fingerprint"],
            *row.fingerprint.expect("it was found")
        );
        assert_eq!(replayed["token"], *token);
    }
}

#[test]
fn a_replay_prints_the_report_and_explain_only_that() {
    let (rows, _) = hunt(&["quota-worker", "--variant", "buggy"]);
    let token = rows[0].token.as_deref().expect("it was found");
    let fingerprint = rows[0].fingerprint.as_deref().expect("it was found");
    let explained = standstill(&["explain", token]);
    assert_eq!(explained.code(), Some(0));
    assert!(explained.stdout.starts_with("hang: "));
    assert!(explained.stdout.contains(fingerprint));
    let replayed = standstill(&["replay", token, "--times", "3"]);
    assert_eq!(
        replayed.stdout,
        format!(
            "{}\nok    quota-worker (buggy): {fingerprint} in 3 of 3 replays\n",
            explained.stdout
        )
    );
    let json = standstill(&["explain", token, "--format", "json"]);
    assert!(json.json().is_object());
}
