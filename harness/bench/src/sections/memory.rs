//! The largest resident set of a process that makes many schedules.

use std::error::Error;

use crate::options::Options;
use crate::record::{Section, Table};
use crate::siblings;

const ENGINES: [&str; 3] = ["explore", "shuttle", "shuttle-tokio"];

pub fn measure(options: &Options) -> Result<Section, Box<dyn Error>> {
    let schedules = if options.quick {
        ["200", "2000"]
    } else {
        ["1000", "100000"]
    };
    let mut rows = Vec::new();
    for engine in ENGINES {
        let mut row = vec![engine.to_owned()];
        for schedules in schedules {
            let peak = siblings::output("speed", &["memory", engine, schedules])?;
            row.push(peak.trim().to_owned());
        }
        rows.push(row);
    }
    let columns = ["engine".to_owned()].into_iter();
    Ok(Section {
        title: "Memory of a hunt".to_owned(),
        intro:
            "The largest resident set, in KiB, of a process that makes so many schedules of `lock \
                and send`, one after the other."
                .to_owned(),
        figures: serde_json::json!(rows),
        tables: vec![Table {
            caption: String::new(),
            columns: columns
                .chain(schedules.map(|n| format!("{n} schedules")))
                .collect(),
            rows,
        }],
        ..Section::default()
    })
}
