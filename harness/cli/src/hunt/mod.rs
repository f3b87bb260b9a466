//! The main command: hunts in every row, one after the other.

mod budget;
mod document;
pub(crate) mod done;
mod keep;
mod report;
mod rows;
mod summary;
mod trend;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use standstill::isolation::Launcher;
use standstill::{Hunt, Outcome, Progress, Report, Scenario};

use crate::args::{HuntArgs, HuntFormat};
use crate::console::Console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::formats::{github, junit, sarif};
use crate::interrupt::Interrupt;
use crate::progress::{Display, Goal};
use crate::table::{grouped, rate};

use budget::Budget;
use document::Document;
use done::{Done, Ended};
use keep::Keeper;
use rows::{Expected, Row};
use summary::{Look, summary};

pub(crate) use keep::fixed_is_clean;

pub(crate) use document::{load as load_document, ranges as ranges_document};

/// Hunts as `args` say and prints the results.
pub(crate) fn hunt(
    scenarios: &[Scenario],
    args: &HuntArgs,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    if let Some(option) = args.misplaced() {
        return Err(UserError::StressOnly { option }.into());
    }
    let rows = rows::rows(scenarios, args)?;
    let mut keeper = Keeper::new(args)?;
    let interrupt = Interrupt::listen().context("cannot listen for Ctrl-C")?;
    let mut display = Display::start(console.terminal(), args.quiet, rows.len());
    let mut worst = Exit::Met;
    let before = trend::read(args.report.as_deref());
    let mut hunted: Vec<(usize, Done<'_>)> = Vec::with_capacity(rows.len());
    let budget = Budget::new(args.time, Instant::now());
    let mut waiting = rows.len();
    for (at, row) in finders_first(rows) {
        let share = budget.share(Instant::now(), waiting);
        waiting -= 1;
        let done = if interrupt.seen() {
            not_hunted(row, Ended::Interrupted)
        } else if share.is_some_and(|share| share.is_zero()) {
            not_hunted(row, Ended::OutOfTime)
        } else {
            hunt_row(row, args, share, &interrupt, &mut display)?
        };
        worst = worst.max(tell(&done, args, &mut keeper, &mut display, console)?);
        hunted.push((at, done));
    }
    display.finish();
    hunted.sort_by_key(|(at, _)| *at);
    let done: Vec<Done<'_>> = hunted.into_iter().map(|(_, done)| done).collect();
    if let Some(directory) = &args.report {
        keep::write_hunt(directory, &done, args, before.as_ref()).map_err(|source| {
            UserError::Directory {
                directory: directory.clone(),
                option: "--report",
                source,
            }
        })?;
    }
    match args.format {
        HuntFormat::Json => {
            console.print_json(&Document::new(&done, args.engine, &args.strategy_word()))?;
        }
        HuntFormat::Junit => console.print(&junit::document(&done)?)?,
        HuntFormat::Sarif => console.print_json(&sarif::document(&reports(&done, args)))?,
        HuntFormat::Github => {
            for done in &done {
                console.print(&github::row(
                    done,
                    &reports(std::slice::from_ref(done), args),
                ))?;
            }
        }
        HuntFormat::Text => {
            let look = Look {
                color: console.color(),
                verbose: args.verbose,
                program: &program_name(),
            };
            console.print(&summary(&done, args.engine, look))?;
        }
    }
    Ok(worst.max(Exit::met(done.iter().all(Done::met))))
}

/// The reports of every finding.
fn reports(done: &[Done<'_>], args: &HuntArgs) -> Vec<Report> {
    let outcomes = done.iter().filter_map(|done| done.outcome.as_ref());
    outcomes
        .flat_map(|outcome| {
            let found = outcome.found.iter();
            found.map(|found| report::report(found, outcome, args.keep_going))
        })
        .collect()
}

/// The rows that should have a finding go first: they end early, and the time that they leave goes to
/// the rows that must be shown clean.
fn finders_first(rows: Vec<Row<'_>>) -> Vec<(usize, Row<'_>)> {
    let mut rows: Vec<(usize, Row<'_>)> = rows.into_iter().enumerate().collect();
    rows.sort_by_key(|(_, row)| row.expected() == Expected::Clean);
    rows
}

fn not_hunted(row: Row<'_>, ended: Ended) -> Done<'_> {
    Done {
        row,
        outcome: None,
        ended,
    }
}

fn hunt_row<'a>(
    row: Row<'a>,
    args: &HuntArgs,
    share: Option<Duration>,
    interrupt: &Interrupt,
    display: &mut Display,
) -> anyhow::Result<Done<'a>> {
    let progress = Arc::<Progress>::default();
    let mut hunt = Hunt::of(row.scenario, row.variant)
        .schedules(args.schedules())
        .seed(args.seed)
        .engine(args.engine)
        .jobs(args.jobs())
        .strategy(args.strategy)
        .preempt(args.preempt)
        .leaks(args.leaks)
        .max_steps(args.max_steps)
        .keep_going(args.keep_going)
        .minimise(args.minimise)
        .progress(Arc::clone(&progress))
        .stop_when(interrupt.flag())
        .stress(args.stress());
    if !args.no_isolation {
        hunt = hunt.isolated(Launcher::this_program());
    }
    for (knob, range) in row.ranges.iter() {
        hunt = hunt.knob(knob, range);
    }
    if let Some(slack) = args.slack {
        hunt = hunt.slack(slack);
    }
    if let Some(share) = share {
        hunt = hunt.time(share);
    }
    if args.verbose {
        display.line(&format!(
            "hunting {}: {} engine, {}, preempt {}, seed {}, {} jobs, load {}",
            row.label(),
            args.engine,
            args.strategy_word(),
            args.preempt,
            args.seed,
            args.jobs(),
            row.ranges,
        ));
    }
    let goal = Goal {
        schedules: args.schedules(),
        time: share,
    };
    display.row(row.label(), progress, goal);
    let outcome = hunt.go()?;
    let ended = if interrupt.seen() && outcome.schedules < args.schedules() {
        Ended::Interrupted
    } else {
        Ended::Whole
    };
    Ok(Done {
        row,
        outcome: Some(outcome),
        ended,
    })
}

/// Prints the result of a row as soon as it is known, and keeps its findings.
fn tell(
    done: &Done<'_>,
    args: &HuntArgs,
    keeper: &mut Keeper,
    display: &mut Display,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let finds = done
        .outcome
        .as_ref()
        .map_or(0, |outcome| outcome.found.len());
    display.row_done(&row_line(done), finds);
    let Some(outcome) = &done.outcome else {
        return Ok(Exit::Met);
    };
    for warning in &outcome.warnings {
        display.aside(|| console.warn(format_args!("{}: {warning}", done.row.label())));
    }
    let mut exit = Exit::Met;
    for found in &outcome.found {
        let report = report::report(found, outcome, args.keep_going);
        if args.format == HuntFormat::Text && !args.quiet {
            let text = format!("{}\n\n", console.report(&report).trim_end());
            display.aside(|| console.print(&text))?;
        }
        match keeper.keep(&done.row, found, &report) {
            Ok(Some(path)) => display.line(&format!("kept as {}", path.display())),
            Ok(None) => {}
            // The hunt goes on: the finding is also in its report and in the table.
            Err(error) => {
                display.aside(|| console.error(error));
                exit = Exit::BadInput;
            }
        }
    }
    Ok(exit)
}

/// `watch-mux (buggy): hang in schedule 13 (0.1 s)`, counted from 1 like the table.
fn row_line(done: &Done<'_>) -> String {
    let label = done.row.label();
    let Some(outcome) = &done.outcome else {
        return format!("{label}: {}", done.reason().unwrap_or_default());
    };
    let seconds = outcome.elapsed.as_secs_f64();
    match outcome.first_at {
        Some(at) => format!(
            "{label}: {} in schedule {} ({seconds:.1} s)",
            done.verdict(),
            grouped(at + 1)
        ),
        None => format!(
            "{label}: {} after {} schedules ({seconds:.1} s, {}/s)",
            done.verdict(),
            grouped(outcome.schedules),
            done.per_second(schedules).map_or_else(String::new, rate),
        ),
    }
}

fn schedules(outcome: &Outcome) -> u64 {
    outcome.schedules
}

/// The name of this program: `standstill`, or that of another crate's binary.
fn program_name() -> String {
    std::env::args_os()
        .next()
        .as_deref()
        .and_then(|path| std::path::Path::new(path).file_stem())
        .map_or_else(
            || "standstill".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        )
}
