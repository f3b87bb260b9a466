//! Checks whether every entry still shows what it expects.

use std::path::Path;

use standstill::engine::RecordLevel;
use standstill::isolation::Launcher;
use standstill::{Corpus, Entry, Expectation, Runner, Scenario, Schedule, Verdict};

use crate::args::CheckArgs;
use crate::console::{Console, Paint, paint};
use crate::error::UserError;
use crate::exit::Exit;
use crate::replay::judge::{Judged, Programs, judge, programs};
use crate::replay::line;
use crate::replay::target::{Case, cases};
use crate::shrink::shrunk;

/// Replays every entry and, if requested, updates those that show something else.
pub(super) fn check(
    scenarios: &[Scenario],
    args: &CheckArgs,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let mut runner = Runner::new().isolated(Launcher::this_program());
    let mut exit = Exit::Met;
    let (mut good, mut blessed, mut all) = (0, 0, 0);
    for case in cases(None, &args.corpus)? {
        all += 1;
        let prepared = case
            .map_err(anyhow::Error::from)
            .and_then(|case| Ok((programs(scenarios, &case)?, case)));
        let (programs, case) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                console.error(format_args!("{error:#}"));
                exit = Exit::BadInput;
                continue;
            }
        };
        let judged = judge(&programs, case, 1, &mut runner);
        let fresh = if args.bless {
            bless(&judged, &programs, &mut runner)
        } else {
            None
        };
        if let (Some(entry), Case::Entry(path, _)) = (fresh, &judged.case) {
            Corpus::replace(path, &entry).map_err(UserError::from)?;
            blessed += 1;
            console.print(&blessed_line(path, &judged, &entry, console.color()))?;
            continue;
        }
        good += usize::from(judged.met());
        exit = exit.max(Exit::met(judged.met()));
        console.print(&format!("{}\n", line(&judged, console.color())))?;
    }
    let mut closing = format!("{good} of {all} entries reproduced");
    if blessed > 0 {
        closing.push_str(&format!(", {blessed} brought up to date: look at the diff"));
    }
    console.print(&format!("\n{closing}\n"))?;
    Ok(exit)
}

fn blessed_line(path: &Path, judged: &Judged<'_>, entry: &Entry, color: bool) -> String {
    format!(
        "{}  {}: {} instead of {}\n",
        paint(color, Paint::Yellow, "bless"),
        path.display(),
        entry.expect.fingerprint,
        judged.expected().unwrap_or_default(),
    )
}

/// The updated entry, if its schedule still has a finding, but a different one or by different choices,
/// and if replaying the new entry succeeds.
fn bless(judged: &Judged<'_>, programs: &Programs<'_>, runner: &mut Runner) -> Option<Entry> {
    let Case::Entry(path, entry) = &judged.case else {
        return None;
    };
    if judged.same == judged.times {
        return None;
    }
    let run = runner.run(programs.program, &entry.plan, RecordLevel::Record);
    let Verdict::Found(finding) = run.verdict else {
        return None;
    };
    let mut fresh = (**entry).clone();
    match &mut fresh.plan.schedule {
        Schedule::Seeded { digest, .. } => *digest = run.digest,
        Schedule::Choices(_) => {
            fresh.plan = shrunk(runner, programs.program, &entry.plan, &finding.fingerprint)?;
        }
        Schedule::Bytes(_) => {}
    }
    fresh.expect = Expectation {
        kind: finding.kind,
        fingerprint: finding.fingerprint,
    };
    let again = judge(
        programs,
        Case::Entry(path.clone(), Box::new(fresh.clone())),
        1,
        runner,
    );
    again.met().then_some(fresh)
}
