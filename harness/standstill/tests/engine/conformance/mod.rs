//! One suite of tiny programs, each with the verdict that it must get, run on every controlled
//! engine. Where engines may differ the row says so, and why.

#![expect(
    clippy::unwrap_used,
    reason = "in programs under test a panic is a finding"
)]

mod locks;
mod messages;
mod signals;
mod table;
mod tasks;
mod threads;
mod time;

use crate::common::within;
use standstill::EngineKind;
use table::{Row, check};

fn rows() -> Vec<Row> {
    let mut rows = locks::rows();
    rows.extend(messages::rows());
    rows.extend(signals::rows());
    rows.extend(tasks::rows());
    rows.extend(time::rows());
    rows.extend(threads::rows());
    rows
}

/// Everything that does not come out as its row says, at once.
fn conform(engine: EngineKind) {
    within(300, move || {
        let wrong: Vec<String> = rows()
            .iter()
            .filter_map(|row| check(row, engine).err())
            .collect();
        assert!(wrong.is_empty(), "{engine}:\n{}", wrong.join("\n"));
    });
}

#[test]
fn every_program_gets_its_verdict_under_explore() {
    conform(EngineKind::Explore);
}

#[cfg(feature = "shuttle")]
#[test]
fn every_program_gets_its_verdict_under_shuttle() {
    conform(EngineKind::Shuttle);
}

#[test]
fn each_row_has_a_name_of_its_own() {
    let rows = rows();
    let mut names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len());
}
