//! Collects the source lines that a finding mentions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use standstill_model::finding::Finding;
use standstill_model::trace::Trace;
use standstill_rt::site::Place;

/// A longer file is not a source file that a person wrote.
const MAX_FILE: u64 = 4 << 20;

/// A longer line is cut.
const MAX_LINE: usize = 160;

/// The key of a place in [`Report::sources`](super::Report::sources).
pub(crate) fn key(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

/// Every line that the finding mentions and that can be read.
pub(crate) fn collect(finding: &Finding, trace: Option<&Trace>) -> BTreeMap<String, String> {
    let mut lines: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    let traced = trace.into_iter().flat_map(|trace| {
        let spawned = trace.tasks.iter().map(|task| &task.spawned_at);
        let created = trace.resources.iter().map(|resource| &resource.created_at);
        trace.places.iter().chain(spawned).chain(created)
    });
    for place in places(finding).chain(traced) {
        lines.entry(&place.file).or_default().insert(place.line);
    }
    let mut sources = BTreeMap::new();
    for (file, numbers) in lines {
        let Some(text) = read(Path::new(file)) else {
            continue;
        };
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if numbers.contains(&number) && !line.is_empty() {
                let line = line.chars().take(MAX_LINE).collect();
                sources.insert(format!("{file}:{number}"), line);
            }
        }
    }
    sources
}

fn places(finding: &Finding) -> impl Iterator<Item = &Place> {
    let tasks = finding.graph.tasks.iter().flat_map(|task| {
        [&task.spawned_at]
            .into_iter()
            .chain(task.waits.iter().map(|wait| &wait.at))
            .chain(task.holds.iter().map(|hold| &hold.at))
            .chain(task.last.iter().map(|last| &last.at))
    });
    let resources = finding
        .graph
        .resources
        .iter()
        .map(|resource| &resource.created_at);
    let panics = finding
        .panics
        .iter()
        .flat_map(|panic| [&panic.spawned_at].into_iter().chain(&panic.at));
    let blocked = finding.blocked.iter().flat_map(|blocked| {
        let last = blocked.last.iter().map(|(_, at)| at);
        blocked.spawned_at.iter().chain(last)
    });
    tasks.chain(resources).chain(panics).chain(blocked)
}

/// The compiler's paths are relative to the workspace, but tests run in their package. So the file is
/// searched in the current directory and in those above it.
fn read(file: &Path) -> Option<String> {
    let here = std::env::current_dir().unwrap_or_default();
    let candidates: Vec<PathBuf> = if file.is_absolute() {
        vec![file.to_owned()]
    } else {
        here.ancestors().map(|above| above.join(file)).collect()
    };
    candidates.into_iter().find_map(|path| {
        let known = fs::metadata(&path).ok()?;
        if known.is_file() && known.len() <= MAX_FILE {
            fs::read_to_string(&path).ok()
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::read;
    use std::path::Path;

    #[test]
    fn a_source_is_found_from_the_workspace_too() {
        assert!(read(Path::new("src/lib.rs")).is_some());
        let here = std::env::current_dir().unwrap();
        let package = here.file_name().unwrap();
        assert!(read(&Path::new(package).join("src/lib.rs")).is_some());
        assert_eq!(read(Path::new("src")), None);
        assert_eq!(read(Path::new("no/such/file.rs")), None);
    }
}
