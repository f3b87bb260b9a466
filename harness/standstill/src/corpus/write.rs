//! Writes a corpus entry as TOML. This is not done by a library, because the layout is meant for diffs:
//! one fact per line, defaults omitted, choices wrapped.

use std::fmt::Write;

use standstill_model::load::{Knob, Load};
use standstill_model::plan::{
    DEFAULT_MAX_STEPS, DEFAULT_TOTAL_STEPS, EngineKind, Leaks, Schedule, Variant,
};
use standstill_model::runs::runs;
use standstill_model::slack::Slack;
use standstill_model::token::strategy_version;

use crate::corpus::entry::{Entry, FORMAT, Run};

/// The maximal width of wrapped arrays.
const WIDTH: usize = 100;

/// How many bytes of a schedule are on one line.
const BYTES_A_LINE: usize = 40;

impl Entry {
    /// The entry as TOML: what [`Entry::parse`] reads.
    pub fn to_toml(&self) -> String {
        let plan = &self.plan;
        let mut toml = String::new();
        line(&mut toml, "format", &FORMAT.to_string());
        line(&mut toml, "scenario", &quoted(&plan.scenario));
        line(&mut toml, "engine", &quoted(plan.engine.name()));
        line(&mut toml, "preempt", &quoted(plan.preempt.name()));
        if plan.leaks != Leaks::All {
            line(&mut toml, "leaks", &quoted(plan.leaks.name()));
        }
        if plan.max_steps != DEFAULT_MAX_STEPS {
            line(&mut toml, "max_steps", &plan.max_steps.to_string());
        }
        if plan.total_steps != DEFAULT_TOTAL_STEPS {
            line(&mut toml, "total_steps", &plan.total_steps.to_string());
        }
        if let Slack::Time(_) = plan.slack {
            line(&mut toml, "slack", &quoted(&plan.slack.to_string()));
        }
        if !self.found.is_empty() {
            line(&mut toml, "found", &quoted(&self.found));
        }
        if !self.comment.is_empty() {
            line(&mut toml, "comment", &quoted(&self.comment));
        }
        if let Some(schedule) = &self.shuttle_schedule {
            let lines = schedule.as_bytes().chunks(2 * BYTES_A_LINE);
            let lines = lines.map(|line| quoted(&String::from_utf8_lossy(line)));
            wrapped(&mut toml, "shuttle_schedule", lines);
        }
        write_load(&mut toml, &plan.load);

        toml.push_str("\n[expect]\n");
        line(
            &mut toml,
            plan.variant.name(),
            &quoted(self.expect.kind.name()),
        );
        line(
            &mut toml,
            "fingerprint",
            &quoted(self.expect.fingerprint.as_str()),
        );
        if self.fixed_clean && plan.variant != Variant::Fixed {
            line(&mut toml, "fixed", &quoted("clean"));
        }

        toml.push_str("\n[schedule]\n");
        write_schedule(&mut toml, plan.engine, &plan.schedule);
        toml
    }
}

fn line(toml: &mut String, key: &str, value: &str) {
    let _ = writeln!(toml, "{key} = {value}");
}

fn write_load(toml: &mut String, load: &Load) {
    if *load == Load::default() {
        return;
    }
    toml.push_str("\n[load]\n");
    for knob in Knob::ALL {
        if load.get(knob) != 0 {
            line(toml, knob.name(), &load.get(knob).to_string());
        }
    }
}

fn write_schedule(toml: &mut String, engine: EngineKind, schedule: &Schedule) {
    match schedule {
        Schedule::Seeded {
            strategy,
            seed,
            digest,
        } => {
            line(toml, "strategy", &quoted(&strategy.to_string()));
            line(
                toml,
                "strategy_version",
                &strategy_version(engine, *strategy).to_string(),
            );
            // In quotes, since TOML's own integers end at 2^63.
            line(toml, "seed", &quoted(&seed.to_string()));
            if let Some(digest) = digest {
                line(toml, "length", &digest.choices.to_string());
                line(toml, "hash", &quoted(&format!("{:08x}", digest.hash)));
            }
        }
        Schedule::Choices(choices) => {
            let items = runs(choices).map(|(choice, count)| {
                let run = Run {
                    choice: choice.clone(),
                    count: count as u64,
                };
                quoted(&run.to_string())
            });
            wrapped(toml, "choices", items);
        }
        Schedule::Bytes(bytes) => {
            let items = bytes.chunks(BYTES_A_LINE).map(|chunk| {
                let mut digits = String::with_capacity(2 * chunk.len());
                for byte in chunk {
                    let _ = write!(digits, "{byte:02x}");
                }
                quoted(&digits)
            });
            wrapped(toml, "bytes", items);
        }
    }
}

/// An array on one line if it fits, else on as many as needed.
fn wrapped(toml: &mut String, key: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    let single = format!("{key} = [{}]", items.join(", "));
    if single.len() <= WIDTH {
        toml.push_str(&single);
        toml.push('\n');
        return;
    }
    let _ = write!(toml, "{key} = [");
    let mut column = usize::MAX;
    for item in items {
        if column.saturating_add(item.len() + 2) > WIDTH {
            toml.push_str("\n   ");
            column = 3;
        }
        column += item.len() + 2;
        let _ = write!(toml, " {item},");
    }
    toml.push_str("\n]\n");
}

/// A TOML string, over several lines if the text has several.
fn quoted(text: &str) -> String {
    let many = text.contains('\n');
    let mut quoted = String::from(if many { "\"\"\"\n" } else { "\"" });
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' | '\t' => quoted.push(character),
            '\\' => quoted.push_str("\\\\"),
            // In a multi-line string, only consecutive quotes or a quote at the end could end the
            // string.
            '"' if many && characters.peek().is_some_and(|next| *next != '"') => quoted.push('"'),
            '"' => quoted.push_str("\\\""),
            _ if character.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(character));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push_str(if many { "\"\"\"" } else { "\"" });
    quoted
}
