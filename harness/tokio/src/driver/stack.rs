//! Finds out from a stack who asked tokio for something: by the names of functions if they are
//! complete, else by source positions. If the stack has neither, the answer is unknown.

/// Who asked for a thread of the blocking pool.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// This function or type of `tokio::net`, `fs`, `process` or `signal`.
    Part(String),
    /// A caller of `spawn_blocking`, or a standard stream.
    Other,
    /// It cannot be determined.
    Unknown,
}

pub(super) const AREAS: [&str; 4] = ["net", "fs", "process", "signal"];

/// Files that every request to the run's runtime goes through. They show where tokio's source is.
const WITHIN: [&str; 2] = ["src/runtime/blocking/pool.rs", "src/runtime/driver.rs"];

/// One function of a stack.
struct Frame<'a> {
    /// With its modules, or without them if the binary has only line tables.
    name: &'a str,
    file: Option<&'a str>,
}

/// The functions of a printed stack, innermost first. Each is a line such as
/// `  12: tokio::fs::read::read::{{closure}}`. If its position is known, a second line follows, such as
/// `  at /tokio/src/fs/read.rs:48:5`.
fn frames(stack: &str) -> Vec<Frame<'_>> {
    let mut frames: Vec<Frame<'_>> = Vec::new();
    for line in stack.lines().map(str::trim) {
        if let Some(place) = line.strip_prefix("at ") {
            if let Some(frame) = frames.last_mut() {
                let numbers = |c: char| c == ':' || c.is_ascii_digit();
                frame.file = Some(place.trim_end_matches(numbers));
            }
        } else if let Some((number, name)) = line.split_once(": ")
            && number.parse::<u32>().is_ok()
        {
            frames.push(Frame { name, file: None });
        }
    }
    frames
}

/// The directory of tokio's source, if the stack has line numbers.
fn root<'a>(frames: &[Frame<'a>]) -> Option<&'a str> {
    frames
        .iter()
        .filter_map(|frame| frame.file)
        .find_map(|file| WITHIN.iter().find_map(|within| file.strip_suffix(within)))
}

impl<'a> Frame<'a> {
    /// The path of the function's file below `src` in tokio's source.
    fn in_tokio(&self, root: Option<&str>) -> Option<&'a str> {
        self.file?.strip_prefix(root?)?.strip_prefix("src/")
    }

    /// The public name of the function or its type, if it belongs to one of the areas.
    fn part(&self, root: Option<&str>) -> Option<String> {
        named(self.name).or_else(|| of_file(self.in_tokio(root)?))
    }

    /// Whether it belongs to tokio or to the standard library. It may be a combinator.
    fn is_glue(&self, root: Option<&str>) -> bool {
        let name = self.name.trim_start_matches('<');
        ["tokio::", "core::", "alloc::", "std::"]
            .iter()
            .any(|glue| name.starts_with(glue))
            || self.in_tokio(root).is_some()
            || self.file.is_some_and(|file| file.starts_with("/rustc/"))
    }
}

/// The function of `tokio::net`, `fs`, `process` or `signal` that the program called, if the stack is
/// in one.
pub(super) fn part(stack: &str) -> Option<String> {
    let frames = frames(stack);
    let root = root(&frames);
    let mut latest = None;
    for frame in &frames {
        match frame.part(root) {
            Some(part) => latest = Some(part),
            None if latest.is_some() && !frame.is_glue(root) => break,
            None => {}
        }
    }
    latest
}

/// Who asked for the thread that is about to be started in the blocking pool.
///
/// A function that was inlined into its caller appears only if the stack has line numbers. So if no
/// function of `tokio::fs` appears, one may have been called nevertheless.
pub(super) fn asker(stack: &str) -> Asker {
    if let Some(part) = part(stack) {
        return Asker::Part(part);
    }
    let frames = frames(stack);
    let root = root(&frames);
    let mut through_handle = false;
    for frame in &frames {
        let file = frame.in_tokio(root);
        let called = |module: &str| frame.name.trim_start_matches('<').starts_with(module);
        let of = |path: &str| file.is_some_and(|file| file.starts_with(path));
        if called("tokio::task::blocking::spawn_blocking")
            || called("tokio::io::blocking::")
            || of("task/blocking.rs")
            || of("io/")
        {
            return Asker::Other;
        }
        match file {
            Some(file) => {
                through_handle =
                    file.starts_with("runtime/handle.rs") || file.starts_with("runtime/runtime.rs");
            }
            // Called on a `Handle` or `Runtime` from outside tokio: `tokio::fs` and `net` do not call
            // these directly.
            None if through_handle && frame.file.is_some() => return Asker::Other,
            None if through_handle => return Asker::Unknown,
            None => {}
        }
    }
    Asker::Unknown
}

/// The public name of a function, from its name with modules.
fn named(name: &str) -> Option<String> {
    // `<tokio::fs::file::File as tokio::io::AsyncWrite>::poll_write` is a method of `File`.
    let (path, method) = match name.strip_prefix('<').and_then(|n| n.split_once(" as ")) {
        Some((path, rest)) => (path, rest.rsplit_once(">::").map(|(_, method)| method)),
        None => (name.trim_start_matches('<'), None),
    };
    let mut parts = path.strip_prefix("tokio::")?.split("::");
    let area = parts.next().filter(|area| AREAS.contains(area))?;
    let parts: Vec<&str> = parts
        .chain(method)
        .map(|part| part.split(['<', '>']).next().unwrap_or_default())
        .filter(|part| !part.is_empty() && !part.starts_with('{'))
        .collect();
    if parts.first() == Some(&"addr") {
        return Some("tokio::net::ToSocketAddrs".to_owned());
    }
    let (last, before) = parts.split_last()?;
    let owner = before.last().filter(|part| {
        part.starts_with(char::is_uppercase) || **part == "unix" && area == "signal"
    });
    Some(match owner {
        Some(owner) => format!("tokio::{area}::{owner}::{last}"),
        None => format!("tokio::{area}::{last}"),
    })
}

/// The public name of what a file below tokio's `src` contains.
fn of_file(file: &str) -> Option<String> {
    let (area, rest) = file.strip_suffix(".rs")?.split_once('/')?;
    if !AREAS.contains(&area) {
        return None;
    }
    let item = match (area, rest) {
        ("fs", "file") => Some("File"),
        ("fs", "dir_builder") => Some("DirBuilder"),
        ("fs", rest) if rest.starts_with("open_options") => Some("OpenOptions"),
        ("fs", "mod" | "mocks") => None,
        ("fs", function) => Some(function),
        ("net", "tcp/stream") => Some("TcpStream"),
        ("net", "tcp/listener") => Some("TcpListener"),
        ("net", "tcp/socket") => Some("TcpSocket"),
        ("net", "udp") => Some("UdpSocket"),
        ("net", "unix/stream") => Some("UnixStream"),
        ("net", "unix/listener") => Some("UnixListener"),
        ("net", rest) if rest.starts_with("unix/datagram") => Some("UnixDatagram"),
        ("net", "addr") => Some("ToSocketAddrs"),
        ("net", "lookup_host") => Some("lookup_host"),
        ("process", _) => Some("Command"),
        ("signal", "ctrl_c") => Some("ctrl_c"),
        _ => None,
    };
    Some(match item {
        Some(item) => format!("tokio::{area}::{item}"),
        None => format!("tokio::{area}"),
    })
}

/// The public name for the position of a panic in tokio. Even a binary without names contains
/// positions.
pub(super) fn of_place(file: &str) -> Option<String> {
    let (before, below) = file.rsplit_once("/src/")?;
    let package = before.rsplit('/').next().unwrap_or_default();
    if package != "tokio" && !package.starts_with("tokio-1.") {
        return None;
    }
    of_file(below)
}
