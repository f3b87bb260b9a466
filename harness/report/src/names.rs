//! The names of resources, taken from the source line that creates them.

use standstill_model::graph::{ResourceNode, WaitGraph};
use standstill_rt::op::ResourceKind;

use crate::Report;

/// The texts for one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Called {
    /// For the first mention: `` `state` (Mutex<State>) ``, or `the Mutex<State>`.
    pub(crate) long: String,
    /// For later mentions: `` `state` ``, or `the Mutex<State>`.
    pub(crate) short: String,
}

/// The name of the resource at `index`.
pub(crate) fn called(report: &Report, index: usize) -> Called {
    let graph = &report.finding.graph;
    let Some(resource) = graph.resources.get(index) else {
        return alike("something".to_owned());
    };
    match resource.kind {
        ResourceKind::Task => {
            let task = resource.task.and_then(|task| graph.tasks.get(task));
            return alike(task.map_or_else(|| "a task".to_owned(), |task| task.name.clone()));
        }
        ResourceKind::Timer => return alike("a timer".to_owned()),
        ResourceKind::Untracked => return alike("something untracked".to_owned()),
        _ => {}
    }
    let name = name(report, resource);
    let number = number(report, graph, index);
    match name {
        Some(name) => Called {
            long: format!("`{name}`{number} ({})", resource.type_text()),
            short: format!("`{name}`{number}"),
        },
        None => alike(format!("the {}{number}", resource.type_text())),
    }
}

/// The name of the resource at an index of the trace.
pub(crate) fn called_in_trace(report: &Report, index: usize) -> String {
    let Some(trace) = &report.trace else {
        return String::new();
    };
    let Some(resource) = trace.resources.get(index) else {
        return String::new();
    };
    match resource.kind {
        ResourceKind::Task => {
            return match resource.task {
                Some(task) => trace.name(task).to_owned(),
                None => "a task".to_owned(),
            };
        }
        ResourceKind::Timer => return "a timer".to_owned(),
        ResourceKind::Untracked => return "something untracked".to_owned(),
        _ => {}
    }
    let text =
        |resource: &ResourceNode| name(report, resource).unwrap_or_else(|| resource.type_text());
    let called = text(resource);
    let alike: Vec<usize> = trace
        .resources
        .iter()
        .enumerate()
        .filter(|(_, other)| other.kind == resource.kind && text(other) == called)
        .map(|(index, _)| index)
        .collect();
    match alike.iter().position(|other| *other == index) {
        Some(at) if alike.len() > 1 => format!("{called} #{}", at + 1),
        _ => called,
    }
}

fn alike(text: String) -> Called {
    Called {
        long: text.clone(),
        short: text,
    }
}

/// The name at the place of creation, if its source line could be read.
pub(crate) fn name(report: &Report, resource: &ResourceNode) -> Option<String> {
    match resource.kind {
        ResourceKind::Task | ResourceKind::Timer | ResourceKind::Untracked => None,
        _ => name_in(report.source(&resource.created_at)?),
    }
}

/// Two resources created on one line have the same name, so they get numbers.
fn number(report: &Report, graph: &WaitGraph, index: usize) -> String {
    let resource = &graph.resources[index];
    let look = (resource.type_text(), name(report, resource));
    let alike = graph
        .resources
        .iter()
        .enumerate()
        .filter(|(_, other)| (other.type_text(), name(report, other)) == look);
    let indices: Vec<usize> = alike.map(|(index, _)| index).collect();
    match indices.iter().position(|other| *other == index) {
        Some(at) if indices.len() > 1 => format!(" #{}", at + 1),
        _ => String::new(),
    }
}

/// The name that a source line gives to what it creates: `let NAME = ...`, `let (a, b) = ...`, `static
/// NAME: ...`, or the field in `name: ...`.
pub(crate) fn name_in(line: &str) -> Option<String> {
    let mut line = line.trim();
    for visibility in ["pub(crate) ", "pub "] {
        line = line.strip_prefix(visibility).unwrap_or(line);
    }
    for keyword in ["let ", "static ", "const "] {
        if let Some(rest) = line.strip_prefix(keyword) {
            let end = rest.find(['=', ':'])?;
            return pattern(rest[..end].trim());
        }
    }
    let (field, rest) = line.split_once(':')?;
    if rest.starts_with(':') {
        return None;
    }
    identifier(field.trim())
}

/// A plain name, or those of a pair as in the source: `(a, b)`.
fn pattern(text: &str) -> Option<String> {
    let Some(inside) = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
    else {
        return identifier(text);
    };
    let names = inside
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty() && *part != "_")
        .map(identifier)
        .collect::<Option<Vec<_>>>()?;
    match names.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        pair => Some(format!("({})", pair.join(", "))),
    }
}

fn identifier(text: &str) -> Option<String> {
    let name = text.strip_prefix("mut ").unwrap_or(text).trim();
    let starts_well = name
        .chars()
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_');
    let goes_well = name
        .chars()
        .all(|character| character.is_alphanumeric() || character == '_');
    (starts_well && goes_well && name != "_").then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::name_in;

    #[test]
    fn a_line_of_source_names_what_it_creates() {
        for (line, name) in [
            (
                "let state = Arc::new(Mutex::new(State::default()));",
                Some("state"),
            ),
            ("let mut rx = tx.subscribe();", Some("rx")),
            ("let (tx, mut rx) = mpsc::channel(1);", Some("(tx, rx)")),
            ("let (tx, _) = broadcast::channel::<Event>(8);", Some("tx")),
            ("let lock: Arc<Mutex<u32>> = Arc::default();", Some("lock")),
            (
                "pub static LOCK: Mutex<()> = Mutex::const_new(());",
                Some("LOCK"),
            ),
            ("state: Mutex::new(State::default()),", Some("state")),
            ("Mutex::new(State::default()),", None),
            ("Arc::new(tokio::sync::Mutex::new(0)),", None),
            ("let Shared { a, b } = Shared::new();", None),
            ("let ((a, b), c) = (channel(1), 2);", None),
            ("", None),
        ] {
            assert_eq!(name_in(line).as_deref(), name, "{line}");
        }
    }
}
