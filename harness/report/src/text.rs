//! A report as text, in the style of a compiler's.

use std::collections::BTreeMap;
use std::fmt::Write;

use standstill_model::finding::FindingKind;
use standstill_model::graph::{Hold, TaskNode, TaskState};
use standstill_model::plan::{DEFAULT_MAX_STEPS, EngineKind, Leaks, Preempt, Schedule};
use standstill_model::size::Size;
use standstill_model::trace::What;
use standstill_rt::site::Place;

use crate::names::called;
use crate::story::{self, Line, MANY};
use crate::{Report, Smaller, Workers, headline, help, slack, words};

/// ANSI escape sequences, or none.
#[derive(Clone, Copy)]
struct Paint {
    color: bool,
    /// Prose is wrapped at this many characters, where possible.
    width: Option<usize>,
}

impl Paint {
    fn wrap(self, code: &str, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn alarm(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn good(self, text: &str) -> String {
        self.wrap("1;32", text)
    }

    /// Wraps the text where possible. `used` characters of the first line are already taken, and the
    /// other lines begin with `indent`.
    fn wrapped(self, text: &str, used: usize, indent: &str) -> String {
        let Some(width) = self.width else {
            return text.to_owned();
        };
        let mut wrapped = String::with_capacity(text.len());
        let mut column = used;
        for (at, word) in text.split(' ').enumerate() {
            let length = word.chars().count();
            if at > 0 && column + 1 + length > width {
                wrapped.push('\n');
                wrapped.push_str(indent);
                column = indent.len();
            } else if at > 0 {
                wrapped.push(' ');
                column += 1;
            }
            wrapped.push_str(word);
            column += length;
        }
        wrapped
    }

    fn mark(self, text: &str) -> String {
        self.wrap("1;34", text)
    }
}

pub(crate) fn render(report: &Report, color: bool, width: Option<usize>) -> String {
    let paint = Paint { color, width };
    let mut text = String::new();
    let kind = report.finding.kind.name();
    let headline = plain(&headline::headline(report));
    let headline = paint.wrapped(&headline, kind.len() + 2, "      ");
    let _ = writeln!(text, "{}: {}", paint.alarm(kind), paint.bold(&headline));
    let steps = story::steps(report);
    for (number, step) in (1..).zip(&steps) {
        text.push('\n');
        for (at, line) in step.lines.iter().enumerate() {
            let indent = if at == 0 {
                format!("{number:>3}. ")
            } else {
                "     ".to_owned()
            };
            write_line(&mut text, report, paint, &indent, line);
        }
    }
    write_tasks(&mut text, report, paint, steps.len());
    if let Some(help) = help::help(report) {
        let help = paint.wrapped(&plain(&help), 8, "        ");
        let _ = writeln!(text, "\n  {} {help}", paint.good("help:"));
    }
    text.push('\n');
    write_facts(&mut text, report, paint);
    text
}

fn write_line(text: &mut String, report: &Report, paint: Paint, indent: &str, line: &Line) {
    for (at, part) in line.text.lines().enumerate() {
        let indent = if at == 0 { indent } else { "       " };
        let part = paint.wrapped(&plain(part), indent.len(), "       ");
        let _ = writeln!(text, "{indent}{part}");
    }
    if let Some(place) = &line.at {
        let place_text = plain(&place.to_string());
        let _ = writeln!(text, "       {} {place_text}", paint.mark("-->"));
        if let Some(source) = report.source(place) {
            let _ = writeln!(text, "        {}  {}", paint.mark("|"), plain(source));
        }
    }
}

/// Every task concerned, one line each, unless the steps cover them all.
fn write_tasks(text: &mut String, report: &Report, paint: Paint, steps: usize) {
    let tasks = story::affected(report);
    let title = match report.finding.kind {
        FindingKind::Hang | FindingKind::PartialHang => "stuck tasks",
        FindingKind::Leak if story::is_cycle(report) => "tasks left behind",
        FindingKind::Leak | FindingKind::Livelock => {
            let rest: Vec<&TaskNode> = tasks.into_iter().skip(steps).collect();
            if !rest.is_empty() {
                let _ = writeln!(text, "\n     and {}", by_role(&rest));
            }
            return;
        }
        FindingKind::Panic | FindingKind::Blocked | FindingKind::Crash => "tasks at that moment",
    };
    if tasks.is_empty() {
        return;
    }
    let ended = match ended(report) {
        0 => String::new(),
        1 => "; 1 other has ended".to_owned(),
        many => format!("; {many} others have ended"),
    };
    let _ = writeln!(text, "\n{} ({}{ended}):", paint.bold(title), tasks.len());
    // Those of the core come first: if there are too many, the others are summarised.
    let in_core = |task: &TaskNode| {
        let mut core = report.finding.core.iter();
        core.any(|link| {
            let member = report.finding.graph.tasks.get(link.task);
            member.is_some_and(|member| member.path == task.path)
        })
    };
    let (first, followers): (Vec<&TaskNode>, Vec<&TaskNode>) =
        tasks.iter().copied().partition(|task| in_core(task));
    let shown = if tasks.len() > MANY {
        MANY.saturating_sub(first.len())
    } else {
        followers.len()
    };
    for task in first.iter().chain(followers.iter().take(shown)) {
        let line = paint.wrapped(&plain(&task_line(report, task)), 2, "      ");
        let _ = writeln!(text, "  {line}");
    }
    if let Some(rest) = followers.get(shown..).filter(|rest| !rest.is_empty()) {
        let _ = writeln!(text, "  and {}", plain(&by_role(rest)));
    }
}

/// How many of the run's tasks had ended, according to the trace.
fn ended(report: &Report) -> usize {
    let events = report.trace.iter().flat_map(|trace| &trace.events);
    events.filter(|event| event.what == What::Ended).count()
}

/// `30 more: 20 worker, 10 reader`.
fn by_role(tasks: &[&TaskNode]) -> String {
    let mut roles: BTreeMap<&str, usize> = BTreeMap::new();
    for task in tasks {
        *roles.entry(&task.role).or_default() += 1;
    }
    let roles: Vec<String> = roles
        .into_iter()
        .map(|(role, count)| format!("{count} {role}"))
        .collect();
    format!("{} more: {}", tasks.len(), roles.join(", "))
}

fn short(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

fn task_line(report: &Report, task: &TaskNode) -> String {
    let mut line = task.name.clone();
    if !task.path.as_slice().is_empty() {
        let _ = write!(line, ", spawned at {}", short(&task.spawned_at));
    }
    let mut doing: Vec<String> = Vec::new();
    let resources = &report.finding.graph.resources;
    let waits: Vec<String> = task
        .looked_at()
        .filter_map(|(_, wait)| {
            let kind = resources.get(wait.resource)?.kind;
            let resource = called(report, wait.resource).short;
            let waits = words::waits(wait.op, kind, &resource);
            Some(format!("{waits} at {}", short(&wait.at)))
        })
        .collect();
    if !waits.is_empty() {
        doing.push(waits.join(", or "));
    } else if task.state == TaskState::Ready {
        doing.push(match &task.last {
            Some(last) => format!("can run; was last at `{}` at {}", last.op, short(&last.at)),
            None => "can run".to_owned(),
        });
    }
    let wanted = |hold: &&Hold| {
        let tasks = &report.finding.graph.tasks;
        let mut waits = tasks.iter().flat_map(|task| &task.waits);
        waits.any(|wait| wait.resource == hold.resource)
    };
    let (wanted, others): (Vec<&Hold>, Vec<&Hold>) = task.holds.iter().partition(wanted);
    doing.extend(wanted.iter().filter_map(|hold| {
        let kind = resources.get(hold.resource)?.kind;
        let resource = called(report, hold.resource).short;
        let holds = words::holds(hold.op, kind, &resource);
        Some(format!("{holds} since {}", short(&hold.at)))
    }));
    let also = if wanted.is_empty() { "" } else { "also " };
    match others.as_slice() {
        [] => {}
        [one] => doing.push(format!(
            "{also}holds {}, for which nobody waits",
            called(report, one.resource).long
        )),
        many => doing.push(format!(
            "{also}holds {} resources for which nobody waits",
            many.len()
        )),
    }
    if !doing.is_empty() {
        let _ = write!(line, ": {}", doing.join("; "));
    }
    line
}

/// How many worker threads a finding takes.
fn workers_text(workers: Workers) -> String {
    match workers {
        Workers::One => {
            "one worker thread: it also happens where tasks are switched only at `.await`s"
                .to_owned()
        }
        Workers::Two { tried } => format!(
            "two tasks at once, so two worker threads: not found in {tried} schedules that switch tasks \
             only at `.await`s"
        ),
    }
}

fn write_facts(text: &mut String, report: &Report, paint: Paint) {
    let plan = &report.plan;
    let finding = &report.finding;
    let mut fact = |key: &str, value: String| {
        // A command is not wrapped, so that it can be copied whole.
        let value = match key {
            "replay" => plain(&value),
            _ => paint.wrapped(&plain(&value), key.len() + 4, "      "),
        };
        let _ = writeln!(text, "  {} {}", paint.bold(&format!("{key}:")), value);
    };
    let mut scenario = format!(
        "{} ({}), engine {}",
        plan.scenario, plan.variant, plan.engine
    );
    if plan.preempt != Preempt::Op {
        let _ = write!(scenario, ", preempt {}", plan.preempt);
    }
    if plan.leaks != Leaks::All {
        let _ = write!(scenario, ", leaks {}", plan.leaks);
    }
    if plan.max_steps != DEFAULT_MAX_STEPS {
        let _ = write!(scenario, ", max-steps {}", plan.max_steps);
    }
    fact("scenario", scenario);
    fact("load", plan.load.to_string());
    if plan.engine == EngineKind::Stress {
        let noise = match &plan.schedule {
            Schedule::Seeded { seed, .. } => format!("seed {seed}; "),
            Schedule::Choices(_) | Schedule::Bytes(_) => String::new(),
        };
        fact(
            "noise",
            format!("{noise}seen after {} ms", finding.virtual_ms),
        );
    } else {
        let mut schedule = schedule_text(&plan.schedule);
        if let Some(smaller) = &report.minimised
            && !is_default(&plan.schedule)
        {
            let preemptions = smaller.after.preemptions as usize;
            let _ = write!(schedule, ", {}", words::count(preemptions, "preemption"));
        }
        let _ = write!(schedule, "; seen at step {}", finding.step);
        if finding.virtual_ms != 0 {
            let _ = write!(schedule, " after {} ms of virtual time", finding.virtual_ms);
        }
        fact("schedule", schedule);
    }
    if let Some(workers) = report.workers {
        fact("needs", workers_text(workers));
    }
    if let Some(spent) = slack::spent(report) {
        fact("slack", spent.text());
    }
    if let Some(smaller) = &report.minimised {
        fact("minimised", minimised_text(smaller));
    }
    if let Some(before) = report.schedules_before {
        fact(
            "found",
            match plan.engine {
                EngineKind::Stress => format!("in run {} of the hunt", before.saturating_add(1)),
                EngineKind::Explore | EngineKind::Shuttle => {
                    format!("in schedule {} of the hunt", before.saturating_add(1))
                }
            },
        );
    }
    fact("fingerprint", finding.fingerprint.to_string());
    for note in &report.notes {
        fact("note", note.clone());
    }
    if plan.engine == EngineKind::Stress {
        fact(
            "note",
            "a stress run follows no schedule, so none can be replayed: the token runs the same load \
             under the same noise, again and again, until it shows the finding or gives up"
                .to_owned(),
        );
    }
    fact("replay", report.replay_command());
    if let Some(schedule) = &report.shuttle_schedule {
        fact("shuttle schedule", schedule.clone());
    }
}

/// `from 7 tasks, 67 steps, 10 preemptions to 4 tasks, 32 steps, 2 preemptions`.
fn minimised_text(smaller: &Smaller) -> String {
    let (before, after) = (&smaller.before, &smaller.after);
    if (after.tasks, after.preemptions) == (before.tasks, before.preemptions)
        && after.steps >= before.steps
    {
        return match smaller.interrupted {
            true => "interrupted: this is the best so far".to_owned(),
            false => "it was as small as it gets when it was found".to_owned(),
        };
    }
    let size = |size: &Size| {
        format!(
            "{}, {}, {}",
            words::count(size.tasks as usize, "task"),
            words::count(usize::try_from(size.steps).unwrap_or(usize::MAX), "step"),
            words::count(size.preemptions as usize, "preemption"),
        )
    };
    let interrupted = match smaller.interrupted {
        true => "; interrupted, so that this is the best so far",
        false => "",
    };
    format!("from {} to {}{interrupted}", size(before), size(after))
}

fn schedule_text(schedule: &Schedule) -> String {
    match schedule {
        Schedule::Seeded {
            strategy,
            seed,
            digest,
        } => {
            let mut text = format!("{strategy}, seed {seed}");
            if let Some(digest) = digest {
                let choices = usize::try_from(digest.choices).unwrap_or(usize::MAX);
                let _ = write!(text, ", {}", words::count(choices, "choice"));
            }
            text
        }
        Schedule::Choices(choices) if choices.is_empty() => {
            "the default order: each task runs until it waits, no preemption needed".to_owned()
        }
        Schedule::Choices(choices) => {
            format!("{} as recorded", words::count(choices.len(), "choice"))
        }
        Schedule::Bytes(bytes) => words::count(bytes.len(), "byte"),
    }
}

/// Whether no choice deviates from the default.
fn is_default(schedule: &Schedule) -> bool {
    matches!(schedule, Schedule::Choices(choices) if choices.is_empty())
}

/// The text without characters that a terminal would interpret.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => plain.push(' '),
            _ if character.is_control() => plain.extend(character.escape_unicode()),
            _ => plain.push(character),
        }
    }
    plain
}
