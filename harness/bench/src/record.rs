//! What was measured: kept as JSON, shown as Markdown.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::machine::{self, Machine};
use crate::options::Options;
use crate::sections::{self, Measure};

/// A section as it is measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Section {
    pub title: String,
    /// What the tables show.
    pub intro: String,
    pub tables: Vec<Table>,
    /// What follows from them.
    pub conclusions: Vec<String>,
    /// The figures behind the tables.
    pub figures: serde_json::Value,
}

/// Cells as they are shown. The first column is text, the others are numbers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Table {
    pub caption: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// A section with where and how it was measured.
#[derive(Debug, Serialize, Deserialize)]
struct Measured {
    machine: Machine,
    command: String,
    seconds: u64,
    load_before: String,
    load_after: String,
    section: Section,
}

/// All sections by name.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Record {
    sections: BTreeMap<String, Measured>,
}

impl Record {
    /// What is there already; nothing if there is no file.
    pub fn read(directory: &Path) -> Result<Self, Box<dyn Error>> {
        let path = directory.join("RESULTS.json");
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(&path)?;
        let record = serde_json::from_str(&text);
        Ok(record.map_err(|error| format!("{}: {error}; remove it", path.display()))?)
    }

    /// Measures a section, in place of what was known of it.
    pub fn measure(
        &mut self,
        name: &str,
        options: &Options,
        measure: Measure,
    ) -> Result<(), Box<dyn Error>> {
        let load_before = machine::load();
        let began = Instant::now();
        let section = measure(options)?;
        let measured = Measured {
            machine: Machine::here(),
            command: match options.text.as_str() {
                "" => COMMAND.to_owned(),
                text => format!("{COMMAND} --{text}"),
            },
            seconds: began.elapsed().as_secs(),
            load_before,
            load_after: machine::load(),
            section,
        };
        self.sections.insert(name.to_owned(), measured);
        Ok(())
    }

    pub fn write(&self, directory: &Path) -> Result<(), Box<dyn Error>> {
        std::fs::create_dir_all(directory)?;
        let json = serde_json::to_string_pretty(self)?;
        std::fs::write(directory.join("RESULTS.json"), json + "\n")?;
        std::fs::write(directory.join("RESULTS.md"), self.markdown()?)?;
        Ok(())
    }

    fn markdown(&self) -> Result<String, std::fmt::Error> {
        let mut text = format!(
            "# Results\n\nWritten by `{COMMAND}` from `RESULTS.json`; do not edit. Each section says \
             on what it was measured, and what the machine was doing meanwhile: the load is that of \
             the last minute, before and after, and what was measured is part of it.\n"
        );
        for (name, _) in sections::ALL {
            let Some(measured) = self.sections.get(name) else {
                continue;
            };
            let section = &measured.section;
            write!(text, "\n## {}\n\n{}\n", section.title, section.intro)?;
            for table in &section.tables {
                if !table.caption.is_empty() {
                    write!(text, "\n{}\n", table.caption)?;
                }
                write!(text, "\n{}", table.markdown())?;
            }
            for conclusion in &section.conclusions {
                write!(text, "\n{conclusion}\n")?;
            }
            write!(
                text,
                "\n<sub>`{}`: {} s; {}; load {} before, {} after</sub>\n",
                measured.command,
                measured.seconds,
                measured.machine,
                measured.load_before,
                measured.load_after,
            )?;
        }
        Ok(text)
    }
}

const COMMAND: &str = "cargo run --release --manifest-path harness/bench/Cargo.toml";

impl Table {
    fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut rule = vec!["---:".to_owned(); self.columns.len()];
        if let Some(first) = rule.first_mut() {
            *first = "---".to_owned();
        }
        let rows = self.rows.iter().map(|row| line(row));
        [line(&self.columns), line(&rule)]
            .into_iter()
            .chain(rows)
            .collect()
    }
}
