//! The progress of a hunt: a bar on a terminal, plain lines elsewhere, nothing with `--quiet`. All of it
//! goes to standard error.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use standstill::Progress;

use crate::table::{grouped, rate};

/// How often the bar is drawn.
const FRAME: Duration = Duration::from_millis(100);

/// How often a plain line reports that a long row is still being hunted.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// The bar's full length.
const FULL: u64 = 1_000;

/// When a row ends at the latest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    pub(crate) schedules: u64,
    pub(crate) time: Option<Duration>,
}

/// The display of a hunt.
#[derive(Debug)]
pub(crate) struct Display {
    kind: Kind,
    shared: Arc<Shared>,
    /// A single thread for the whole hunt: threads that start and end during a run would look like
    /// threads of the program.
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Debug)]
enum Kind {
    Bar(ProgressBar),
    Lines,
    Quiet,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    now: Option<Now>,
    over: bool,
    rows: usize,
    rows_done: usize,
    finds: usize,
}

/// The row that is being hunted.
#[derive(Debug)]
struct Now {
    label: String,
    progress: Arc<Progress>,
    goal: Goal,
    since: Instant,
    said: Instant,
}

impl Display {
    /// A display for a hunt with this many rows.
    pub(crate) fn start(terminal: bool, quiet: bool, rows: usize) -> Self {
        let kind = match (quiet, terminal) {
            (true, _) => Kind::Quiet,
            (false, true) => Kind::Bar(bar()),
            (false, false) => Kind::Lines,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                now: None,
                over: false,
                rows,
                rows_done: 0,
                finds: 0,
            }),
            changed: Condvar::new(),
        });
        let thread = match &kind {
            Kind::Quiet => None,
            Kind::Bar(_) | Kind::Lines => {
                let (kind, shared) = (kind.clone(), Arc::clone(&shared));
                std::thread::Builder::new()
                    .name("standstill-progress".to_owned())
                    .spawn(move || draw(&kind, &shared))
                    // The hunt works without it as well.
                    .ok()
            }
        };
        Self {
            kind,
            shared,
            thread,
        }
    }

    /// Starts a row.
    pub(crate) fn row(&mut self, label: String, progress: Arc<Progress>, goal: Goal) {
        let since = Instant::now();
        self.state().now = Some(Now {
            label,
            progress,
            goal,
            since,
            said: since,
        });
    }

    /// Ends a row with this many findings; `line` describes its result.
    pub(crate) fn row_done(&mut self, line: &str, finds: usize) {
        {
            let mut state = self.state();
            state.now = None;
            state.rows_done += 1;
            state.finds += finds;
        }
        self.line(line);
    }

    /// Writes a line to standard error unless the display is quiet.
    pub(crate) fn line(&self, line: &str) {
        if !matches!(self.kind, Kind::Quiet) {
            self.aside(|| say(line));
        }
    }

    /// Writes something else, with the bar hidden meanwhile.
    pub(crate) fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        match &self.kind {
            Kind::Bar(bar) => bar.suspend(write),
            Kind::Lines | Kind::Quiet => write(),
        }
    }

    /// Ends the display with the hunt.
    pub(crate) fn finish(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.state().over = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // The thread returns nothing; if it panicked, the panic hook has reported it.
            let _ = thread.join();
        }
        if let Kind::Bar(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.end();
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(FULL), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:24} {wide_msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Draws until the hunt is over.
fn draw(kind: &Kind, shared: &Shared) {
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    while !state.over {
        match kind {
            Kind::Bar(bar) => {
                bar.set_position(state.position());
                bar.set_message(state.message());
            }
            Kind::Lines => state.heartbeat(),
            Kind::Quiet => return,
        }
        (state, _) = shared
            .changed
            .wait_timeout(state, FRAME)
            .unwrap_or_else(PoisonError::into_inner);
    }
}

impl State {
    /// How much of the bar is full.
    fn position(&self) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "it becomes a bar of some characters"
        )]
        let (done, rows) = (self.rows_done as f64, self.rows.max(1) as f64);
        let part = self.now.as_ref().map_or(0.0, Now::part);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and FULL"
        )]
        let position = ((done + part) / rows * 1_000.0) as u64;
        position.min(FULL)
    }

    fn message(&self) -> String {
        match &self.now {
            Some(now) => format!(
                "{}/{} {}, {} found",
                self.rows_done + 1,
                self.rows,
                now.words(),
                self.finds
            ),
            None => String::new(),
        }
    }

    fn heartbeat(&mut self) {
        if let Some(now) = &mut self.now
            && now.said.elapsed() >= HEARTBEAT
        {
            now.said = Instant::now();
            say(&format!("still hunting {}", now.words()));
        }
    }
}

impl Now {
    /// How much of the row is done: between 0 and 1.
    fn part(&self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "it becomes a bar of some characters"
        )]
        let tried = self.progress.schedules() as f64 / self.goal.schedules.max(1) as f64;
        let waited = self.goal.time.map_or(0.0, |time| {
            self.since.elapsed().as_secs_f64() / time.as_secs_f64()
        });
        tried.max(waited).clamp(0.0, 1.0)
    }

    fn words(&self) -> String {
        let schedules = self.progress.schedules();
        #[expect(clippy::cast_precision_loss, reason = "a rate is an approximation")]
        let per_second = schedules as f64 / self.since.elapsed().as_secs_f64().max(0.001);
        let orders = match self.progress.interleavings().min(schedules) {
            0 => String::new(),
            orders => format!(", about {} interleavings", grouped(orders)),
        };
        let found = match self.progress.found() {
            0 => String::new(),
            found => format!(", {} with a finding", grouped(found)),
        };
        format!(
            "{}: {} schedules, {}/s{orders}{found}",
            self.label,
            grouped(schedules),
            rate(per_second),
        )
    }
}

/// Writes a line to standard error. If that is closed, nothing can be reported.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
