//! Finds what to import: from paths to inputs and entries. Files that may not end are never read, and
//! nothing is skipped silently.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use standstill::{Corpus, Entry, Scenario};

use super::ANY;
use crate::table::grouped;

/// The longest input that is accepted: no run makes that many choices.
const LONGEST: u64 = 1 << 16;

/// A file that can be imported.
#[derive(Debug)]
pub(super) enum Source {
    /// A fuzzer's input, and the scenario that it is for.
    Input(String, Vec<u8>),
    /// An entry.
    Entry(Box<Entry>),
}

/// Every file under these paths, in order, each with its content or what is wrong with it.
pub(super) fn sources(
    paths: &[PathBuf],
    scenarios: &[Scenario],
    given: Option<&str>,
) -> Vec<(PathBuf, Result<Source, String>)> {
    let mut files = Vec::new();
    for path in paths {
        match fs::metadata(path) {
            Err(error) => files.push((path.clone(), Err(unreadable(&error)))),
            Ok(data) if data.is_dir() => walk(path, &mut files),
            Ok(_) => files.push((path.clone(), Ok(()))),
        }
    }
    files
        .into_iter()
        .map(|(path, found)| {
            let source = found.and_then(|()| read(&path, scenarios, given));
            (path, source)
        })
        .collect()
}

type Found = (PathBuf, Result<(), String>);

/// The files of a directory and its subdirectories. Names that begin with a dot are skipped: these are
/// files that are still being written.
fn walk(directory: &Path, files: &mut Vec<Found>) {
    let listing = fs::read_dir(directory).and_then(|items| {
        items
            .map(|item| Ok(item?.path()))
            .collect::<io::Result<Vec<_>>>()
    });
    let mut paths = match listing {
        Ok(paths) => paths,
        Err(error) => return files.push((directory.to_owned(), Err(unreadable(&error)))),
    };
    paths.retain(|path| {
        let name = path.file_name().unwrap_or_default();
        !name.as_encoded_bytes().starts_with(b".")
    });
    paths.sort();
    for path in paths {
        let linked = path.is_symlink();
        match fs::metadata(&path) {
            Err(error) => files.push((path, Err(unreadable(&error)))),
            // A link may lead back to a directory above.
            Ok(data) if data.is_dir() && linked => {
                let detail = "a link to a directory is not followed: name the directory itself";
                files.push((path, Err(detail.to_owned())));
            }
            Ok(data) if data.is_dir() => walk(&path, files),
            Ok(_) => files.push((path, Ok(()))),
        }
    }
}

fn unreadable(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

fn read(path: &Path, scenarios: &[Scenario], given: Option<&str>) -> Result<Source, String> {
    let data = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !data.is_file() {
        return Err("is neither a file nor a directory".to_owned());
    }
    if path
        .extension()
        .is_some_and(|extension| extension == "toml")
    {
        return Corpus::read(path)
            .map(|entry| Source::Entry(Box::new(entry)))
            .map_err(|error| without(path, &error.to_string()));
    }
    if data.len() > LONGEST {
        return Err(format!(
            "is no input: it has {} bytes, and no plan has more than {}",
            grouped(data.len()),
            grouped(LONGEST)
        ));
    }
    let bytes = fs::read(path).map_err(|error| unreadable(&error))?;
    match given.map(str::to_owned).or_else(|| target(path, scenarios)) {
        None => Err(
            "is for no known scenario: put it into a directory named after one, or give --scenario"
                .to_owned(),
        ),
        Some(target) if target == ANY => {
            let (which, rest) = match bytes.split_first() {
                Some((which, rest)) => (usize::from(*which), rest.to_vec()),
                None => (0, bytes),
            };
            let scenario = scenarios[which % scenarios.len()].name();
            Ok(Source::Input(scenario.to_owned(), rest))
        }
        Some(scenario) => Ok(Source::Input(scenario, bytes)),
    }
}

/// Errors of entries name the file already, so this removes the name.
fn without(path: &Path, error: &str) -> String {
    let name = format!("{}:", path.display());
    match error.strip_prefix(&name) {
        Some(rest) => format!("line {rest}"),
        None => error.to_owned(),
    }
}

/// The fuzz target that the nearest directory above a file is named after.
fn target(path: &Path, scenarios: &[Scenario]) -> Option<String> {
    let whole = fs::canonicalize(path.parent()?).ok()?;
    let parts = path
        .parent()?
        .components()
        .rev()
        .chain(whole.components().rev());
    let mut names = parts.filter_map(|part| part.as_os_str().to_str());
    names
        .find(|name| *name == ANY || scenarios.iter().any(|scenario| scenario.name() == *name))
        .map(str::to_owned)
}
