//! Replays findings.

mod document;
pub(crate) mod judge;
pub(crate) mod target;

use standstill::isolation::Launcher;
use standstill::{Report, Runner, Scenario, Verdict};

use crate::args::{Format, ReplayArgs};
use crate::console::{Console, Paint, paint};
use crate::exit::Exit;
use crate::program;
use crate::table::grouped;

use document::Document;
use judge::{Judged, describe, judge, programs};
use target::{Case, cases};

/// Replays what `args` name and prints the results.
pub(crate) fn replay(
    scenarios: &[Scenario],
    args: &ReplayArgs,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let cases = cases(args.what.as_deref(), &args.corpus)?;
    let mut runner = Runner::new().isolated(Launcher::this_program());
    let mut exit = Exit::Met;
    let mut done: Vec<Judged<'_>> = Vec::with_capacity(cases.len());
    let mut unusable = 0;
    for case in cases {
        let prepared = case
            .map_err(anyhow::Error::from)
            .and_then(|case| Ok((programs(scenarios, &case)?, case)));
        let (programs, case) = match prepared {
            Ok(prepared) => prepared,
            // The others are replayed all the same, but this one is never skipped silently.
            Err(error) => {
                console.error(format_args!("{error:#}"));
                exit = Exit::BadInput;
                unusable += 1;
                continue;
            }
        };
        let judged = judge(&programs, case, args.times, &mut runner);
        if args.format == Format::Text {
            let text = text(&judged, console);
            console.print(&text)?;
        }
        exit = exit.max(Exit::met(judged.met()));
        done.push(judged);
    }
    match args.format {
        Format::Json => console.print_json(&Document::new(&done))?,
        Format::Text if done.len() + unusable > 1 => {
            console.print(&format!("\n{}\n", closing(&done, unusable)))?;
        }
        Format::Text => {}
    }
    Ok(exit)
}

fn text(judged: &Judged<'_>, console: &Console) -> String {
    let mut text = String::new();
    if let (Case::Token(plan), Some(finding)) = (&judged.case, judged.finding()) {
        let trace = judged.trace.as_deref().cloned();
        let mut report = Report::traced(finding.clone(), plan.clone(), trace);
        program::name_replay(&mut report);
        text.push_str(console.report(&report).trim_end());
        text.push_str("\n\n");
    }
    text.push_str(&line(judged, console.color()));
    text.push('\n');
    text
}

/// `ok    corpus/watch-mux/hang-0123abcd.toml: hang-0123abcd4567, fixed clean`, followed by what is
/// wrong, if anything is.
pub(crate) fn line(judged: &Judged<'_>, color: bool) -> String {
    let head = if judged.met() {
        paint(color, Paint::Green, "ok")
    } else {
        paint(color, Paint::Red, "FAIL")
    };
    let gap = if judged.met() { "    " } else { "  " };
    let mut facts: Vec<String> = Vec::new();
    if judged.same > 0 {
        let came = judged.expected().unwrap_or_default();
        facts.push(match judged.times {
            1 => came,
            times => format!(
                "{came} in {} of {} replays",
                grouped(judged.same),
                grouped(times)
            ),
        });
    }
    if judged.same < judged.times {
        let others: Vec<String> = judged
            .others
            .iter()
            .map(|(came, count)| match judged.times {
                1 => came.clone(),
                _ => format!("{came} in {}", grouped(*count)),
            })
            .collect();
        let expected = judged.expected().unwrap_or_else(|| "a finding".to_owned());
        facts.push(format!(
            "expected {expected}, came to {}",
            others.join(", ")
        ));
    }
    match &judged.fixed {
        Some(Verdict::Clean) => facts.push("fixed clean".to_owned()),
        Some(other) => facts.push(format!("fixed expected clean, came to {}", describe(other))),
        None => {}
    }
    format!("{head}{gap}{}: {}", judged.case.label(), facts.join("; "))
}

fn closing(done: &[Judged<'_>], unusable: usize) -> String {
    let met = done.iter().filter(|judged| judged.met()).count();
    let mut text = format!("{met} of {} entries reproduced", done.len() + unusable);
    if met < done.len() {
        text.push_str("; after a deliberate change: `standstill corpus check --bless`");
    }
    if unusable > 0 {
        text.push_str(&format!("; {unusable} cannot be used"));
    }
    text
}
