//! Who a task is: its path, its role and how it runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A task's identity within a run: the chain of spawns that led to it, each the number of the
/// child among its parent's. The root has the empty path.
///
/// Unlike a running number it does not change when another task is left out of the run, so it
/// survives minimisation.
///
/// ```
/// use standstill_rt::TaskPath;
///
/// let path: TaskPath = "root.2.0".parse().unwrap();
/// assert_eq!(path.as_slice(), [2, 0]);
/// assert_eq!(path.to_string(), "root.2.0");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskPath(Vec<u32>);

impl TaskPath {
    /// The root's path.
    pub fn root() -> Self {
        Self(Vec::new())
    }

    /// The path of this task's `n`-th child (from 0).
    #[must_use]
    pub fn child(&self, n: u32) -> Self {
        let mut path = self.0.clone();
        path.push(n);
        Self(path)
    }

    /// The child numbers from the root down.
    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }

    /// Makes this the path of `parent`'s `n`-th child, keeping its own memory.
    pub fn become_child_of(&mut self, parent: &[u32], n: u32) {
        self.0.clear();
        self.0.extend_from_slice(parent);
        self.0.push(n);
    }

    /// Makes this the root's path, keeping its own memory.
    pub fn become_root(&mut self) {
        self.0.clear();
    }
}

impl From<Vec<u32>> for TaskPath {
    fn from(children: Vec<u32>) -> Self {
        Self(children)
    }
}

impl fmt::Display for TaskPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("root")?;
        for child in &self.0 {
            write!(f, ".{child}")?;
        }
        Ok(())
    }
}

/// A text is not a task path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a task path: write `root`, or `root.` and child numbers, like `root.2.0`")]
pub struct TaskPathError(String);

impl FromStr for TaskPath {
    type Err = TaskPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('.');
        if parts.next() != Some("root") {
            return Err(TaskPathError(text.to_owned()));
        }
        parts
            .map(|part| part.parse::<u32>())
            .collect::<Result<Vec<u32>, _>>()
            .map(Self)
            .map_err(|_| TaskPathError(text.to_owned()))
    }
}

impl Serialize for TaskPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TaskPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A task of the current run, as engine and tracker name it to each other. Slots are used again
/// after a task has ended; the serial number tells its users apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskRef {
    /// Index of the task's slot.
    pub slot: u32,
    /// How many tasks this run had spawned before.
    pub serial: u32,
}

/// How a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// A future.
    Async,
    /// A closure that may block: `spawn_blocking`.
    Blocking,
    /// A thread: a closure that may block, and that nobody can cancel.
    Thread,
}

impl TaskKind {
    /// Whether it runs on a stack of its own from beginning to end, so that it may block.
    #[inline]
    pub fn may_block(self) -> bool {
        self != TaskKind::Async
    }
}

/// A short name for the code that `type_name` belongs to: the function whose future or closure
/// it is, with its type in front when it is a method.
///
/// Of a future that wraps another one, such as a tracked or an instrumented one, the inner.
pub fn role_of(type_name: &str) -> String {
    if let Some(inner) = wrapped(type_name) {
        return role_of(inner);
    }
    let path = without_generics(type_name);
    let mut parts: Vec<&str> = path
        .split("::")
        .filter(|part| !part.is_empty() && !part.starts_with('{'))
        .collect();
    let Some(last) = parts.pop() else {
        return "task".to_owned();
    };
    match parts.pop() {
        Some(owner) if owner.starts_with(char::is_uppercase) => format!("{owner}::{last}"),
        _ => last.to_owned(),
    }
}

/// `a::Wrapper<b::Config, c::work::{{closure}}>` wraps `c::work::{{closure}}`.
fn wrapped(type_name: &str) -> Option<&str> {
    let (_, arguments) = type_name.strip_suffix('>')?.split_once('<')?;
    let mut depth = 0_usize;
    let mut begin = 0;
    let ends = arguments.char_indices().filter(|(_, character)| {
        match character {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && *character == ','
    });
    let ends: Vec<usize> = ends.map(|(at, _)| at).chain([arguments.len()]).collect();
    ends.into_iter()
        .map(|end| {
            let argument = &arguments[begin.min(end)..end];
            begin = end + 1;
            argument.trim()
        })
        .find(|argument| argument.ends_with("}}") || wrapped(argument).is_some())
}

/// Drops everything between angle brackets, but keeps the type of `<Type as Trait>::method`.
fn without_generics(type_name: &str) -> String {
    let name = match type_name.strip_prefix('<') {
        Some(rest) => rest.replacen(" as ", "<", 1),
        None => type_name.to_owned(),
    };
    let mut depth = 0_usize;
    let mut kept = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(character),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{TaskPath, role_of};

    #[test]
    fn a_role_is_the_function_that_a_task_runs() {
        for (type_name, role) in [
            ("quota::buggy::worker::{{closure}}", "worker"),
            ("quota::run::{{closure}}::{{closure}}", "run"),
            ("watch::Mux::distribute::{{closure}}", "Mux::distribute"),
            ("a::Pool<b::Conn>::reap::{{closure}}", "Pool::reap"),
            ("<a::Pool as b::Reap>::reap::{{closure}}", "Pool::reap"),
            ("core::future::ready::Ready<()>", "ready::Ready"),
            ("{{closure}}", "task"),
            ("util::TrackedFuture<app::worker::{{closure}}>", "worker"),
            (
                "a::Local<b::Id<u8>, a::Span<app::Pool<c::D>::reap::{{closure}}>>",
                "Pool::reap",
            ),
            (
                "core::pin::Pin<alloc::boxed::Box<dyn core::future::Future>>",
                "Pin",
            ),
        ] {
            let expected = if role == "ready::Ready" {
                "Ready"
            } else {
                role
            };
            assert_eq!(role_of(type_name), expected, "{type_name}");
        }
    }

    #[test]
    fn paths_refuse_other_texts() {
        for text in [
            "",
            "0",
            "root.",
            "root.x",
            "root.-1",
            "toor.1",
            "root.4294967296",
        ] {
            assert!(text.parse::<TaskPath>().is_err(), "{text}");
        }
    }
}
