//! Schedules/s and ns a step beside shuttle-tokio and plain tokio.

use std::error::Error;

use crate::options::Options;
use crate::record::{Section, Table};
use crate::siblings;

pub fn measure(options: &Options) -> Result<Section, Box<dyn Error>> {
    let rounds = if options.quick { "2" } else { "25" };
    let figures: serde_json::Value =
        serde_json::from_str(&siblings::output("speed", &[rounds, "--json"])?)?;
    let rows = figures.as_array().ok_or("no rows")?.iter();
    let rows = rows.map(|row| {
        let mut cells = vec![row["engine"].as_str().unwrap_or_default().to_owned()];
        let numbers = ["schedules_per_second", "steps", "ns_per_step", "ratio"];
        cells.extend(numbers.map(|name| match row[name].as_f64() {
            Some(value) if value != 0.0 => value.to_string(),
            _ => "-".to_owned(),
        }));
        cells
    });
    let tables = vec![Table {
        caption: String::new(),
        columns: [
            "engine",
            "schedules/s",
            "steps a schedule",
            "ns a step",
            "Standstill is faster by",
        ]
        .map(str::to_owned)
        .into(),
        rows: rows.collect(),
    }];
    Ok(Section {
        title: "Lock and send".to_owned(),
        intro: format!(
            "The same program (`src/bin/speed/body.rs`: 4 workers x 5 rounds of lock and send, one \
             consumer), compiled against three tokios and run under each in turns, on one core, by \
             `random`. Medians of {rounds} rounds; the last column is the median of the ratios round \
             by round. The goal beside shuttle-tokio is 3.5."
        ),
        tables,
        conclusions: Vec::new(),
        figures,
    })
}
