//! The output: standard output for results, standard error for everything else.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};

use anyhow::Context;
use standstill::Report;

/// Lines are not wrapped at fewer characters than this.
const NARROWEST: usize = 40;

/// The output streams of an invocation.
#[derive(Debug)]
pub(crate) struct Console {
    color: bool,
    color_errors: bool,
    terminal: bool,
    /// The width of standard output, if it is a terminal.
    width: Option<usize>,
    /// Whether the reader of standard output has closed it.
    closed: bool,
}

impl Console {
    /// The process's own streams.
    pub(crate) fn standard() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let terminal = io::stderr().is_terminal();
        Self {
            color: wanted && io::stdout().is_terminal(),
            color_errors: wanted && terminal,
            terminal,
            width: terminal_size::terminal_size_of(io::stdout())
                .map(|(width, _)| usize::from(width.0).max(NARROWEST)),
            closed: false,
        }
    }

    /// Whether standard output is in colour.
    pub(crate) fn color(&self) -> bool {
        self.color
    }

    /// A report as text for standard output: in colour and wrapped, if that is a terminal.
    pub(crate) fn report(&self, report: &Report) -> String {
        match self.width {
            Some(width) => report.to_text_within(width, self.color),
            None => report.to_text(self.color),
        }
    }

    /// Whether standard error is a terminal.
    pub(crate) fn terminal(&self) -> bool {
        self.terminal
    }

    /// Writes to standard output. A reader that closes it, as in `standstill list | head -1`, is no
    /// error: the rest of the output is discarded.
    pub(crate) fn print(&mut self, text: &str) -> anyhow::Result<()> {
        if self.closed {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
        {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            written => written.context("cannot write to standard output"),
        }
    }

    /// Writes a value to standard output as one JSON document.
    pub(crate) fn print_json<T: serde::Serialize>(&mut self, value: &T) -> anyhow::Result<()> {
        let mut text =
            serde_json::to_string_pretty(value).context("cannot write the JSON document")?;
        text.push('\n');
        self.print(&text)
    }

    /// Writes a line to standard error.
    pub(crate) fn note(&self, text: impl Display) {
        // If standard error cannot be written to, that cannot be reported anywhere.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Writes a warning to standard error.
    pub(crate) fn warn(&self, text: impl Display) {
        let word = paint(self.color_errors, Paint::Yellow, "warning");
        self.note(format_args!("{word}: {text}"));
    }

    /// Writes an error to standard error.
    pub(crate) fn error(&self, text: impl Display) {
        let word = paint(self.color_errors, Paint::Red, "error");
        self.note(format_args!("{word}: {text}"));
    }
}

/// A colour of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Red,
    Green,
    Yellow,
    Bold,
}

/// `text` in a colour, if `color`.
pub(crate) fn paint(color: bool, paint: Paint, text: &str) -> String {
    if !color {
        return text.to_owned();
    }
    let code = match paint {
        Paint::Red => "1;31",
        Paint::Green => "32",
        Paint::Yellow => "33",
        Paint::Bold => "1",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
