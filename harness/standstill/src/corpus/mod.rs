//! The corpus: findings that are kept as regression tests.
//!
//! Its layout is `corpus/<scenario>/*.toml`, one small readable file for each entry.

mod entry;
#[cfg(test)]
mod tests;
mod write;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

pub use entry::{Entry, Expectation};

/// A problem with a corpus or one of its entries.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// There is no directory.
    #[error(
        "there is no corpus at {}: name the directory that holds it, or save a first finding into \
         it with `standstill hunt --corpus {}`",
        .0.display(), .0.display()
    )]
    NoDirectory(PathBuf),
    /// A file or directory cannot be read.
    #[error("cannot read {}: {source}; make it readable, or take it out of the corpus", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file is not an entry.
    #[error("{}:{line}: {detail}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and how to correct it.
        detail: String,
    },
    /// An entry cannot be written.
    #[error("cannot write into {}: {source}; make the directory writable, or choose another with `--corpus`", directory.display())]
    Write {
        /// The directory.
        directory: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// A directory of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corpus {
    directory: PathBuf,
}

/// The result of loading one file of a corpus.
pub type Loaded = (PathBuf, Result<Entry, CorpusError>);

impl Corpus {
    /// The corpus in a directory, which need not exist yet.
    pub fn open(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Every entry, sorted by path.
    ///
    /// # Errors
    ///
    /// If there is no such directory, or for the first file that is not an entry: no file is skipped.
    pub fn load(&self) -> Result<Vec<(PathBuf, Entry)>, CorpusError> {
        self.load_all()?
            .into_iter()
            .map(|(path, entry)| Ok((path, entry?)))
            .collect()
    }

    /// Every file that should be an entry, sorted by path, each with its entry or what is wrong with it:
    /// the `*.toml` files of the directory and of its direct subdirectories.
    ///
    /// # Errors
    ///
    /// If there is no such directory, or one cannot be listed.
    pub fn load_all(&self) -> Result<Vec<Loaded>, CorpusError> {
        if !self.directory.is_dir() {
            return Err(CorpusError::NoDirectory(self.directory.clone()));
        }
        let mut files = Vec::new();
        for path in list(&self.directory)? {
            if path.is_dir() {
                files.extend(list(&path)?.into_iter().filter(|path| is_entry(path)));
            } else if is_entry(&path) {
                files.push(path);
            }
        }
        files.sort();
        Ok(read_all(files))
    }

    /// The files where [`Corpus::save`] puts the entries of one scenario, sorted by path: each
    /// with its entry or what is wrong with it. None if there is no such place yet.
    ///
    /// # Errors
    ///
    /// If the directory cannot be listed.
    pub fn load_scenario(&self, scenario: &str) -> Result<Vec<Loaded>, CorpusError> {
        let directory = self.directory.join(directory_name(scenario));
        if !directory.is_dir() {
            return Ok(Vec::new());
        }
        let files = list(&directory)?;
        Ok(read_all(files.into_iter().filter(|path| is_entry(path))))
    }

    /// The entry in one file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not an entry.
    pub fn read(path: &Path) -> Result<Entry, CorpusError> {
        let unreadable = |source| CorpusError::Read {
            path: path.to_owned(),
            source,
        };
        // Reading a pipe would block, and reading a device might not end.
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(unreadable(io::Error::other("it is not a file")));
        }
        let bytes = fs::read(path).map_err(unreadable)?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Entry::parse(text, path),
            Err(error) => Err(CorpusError::Entry {
                path: path.to_owned(),
                line: entry::line_of(&bytes, error.valid_up_to()),
                detail: "the file is not UTF-8 text: restore it, or record the finding again"
                    .to_owned(),
            }),
        }
    }

    /// Saves an entry under a new name, derived from its kind and its fingerprint, and returns the path.
    /// Nothing is overwritten. If the scenario already has an entry with the same plan, the path of that
    /// entry is returned and nothing is written.
    ///
    /// # Errors
    ///
    /// If the directory cannot be created, listed or written to. No partial file is left behind.
    pub fn save(&self, entry: &Entry) -> Result<PathBuf, CorpusError> {
        let directory = self.directory.join(directory_name(&entry.plan.scenario));
        fs::create_dir_all(&directory).map_err(|source| CorpusError::Write {
            directory: directory.clone(),
            source,
        })?;
        // A file that is not an entry does not have this plan. Loading the corpus will report it.
        let known = list(&directory)?
            .into_iter()
            .filter(|path| is_entry(path))
            .find(|path| Self::read(path).is_ok_and(|known| known.plan == entry.plan));
        if let Some(path) = known {
            return Ok(path);
        }
        let hash = entry
            .expect
            .fingerprint
            .as_str()
            .rsplit('-')
            .next()
            .unwrap_or("");
        let name = format!("{}-{}", entry.expect.kind, hash.get(..8).unwrap_or(hash));
        let text = entry.to_toml();
        for number in 1_u32.. {
            let path = directory.join(match number {
                1 => format!("{name}.toml"),
                _ => format!("{name}-{number}.toml"),
            });
            match write_whole(&path, &text, place_new) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(CorpusError::Write { directory, source }),
                Ok(()) => return Ok(path),
            }
        }
        Err(CorpusError::Write {
            directory,
            source: io::ErrorKind::AlreadyExists.into(),
        })
    }

    /// Replaces the entry at `path` by `entry`, for a deliberate change of what it shows.
    ///
    /// # Errors
    ///
    /// If the directory cannot be written to; then the old entry is kept.
    pub fn replace(path: &Path, entry: &Entry) -> Result<(), CorpusError> {
        write_whole(path, &entry.to_toml(), |temporary, path| {
            fs::rename(temporary, path)
        })
        .map_err(|source| CorpusError::Write {
            directory: path.parent().unwrap_or(Path::new("")).to_owned(),
            source,
        })
    }
}

fn read_all(files: impl IntoIterator<Item = PathBuf>) -> Vec<Loaded> {
    let read = |path: PathBuf| {
        let entry = Corpus::read(&path);
        (path, entry)
    };
    files.into_iter().map(read).collect()
}

/// The paths in a directory, sorted.
fn list(directory: &Path) -> Result<Vec<PathBuf>, CorpusError> {
    let mut paths = fs::read_dir(directory)
        .and_then(|listing| {
            listing
                .map(|item| Ok(item?.path()))
                .collect::<io::Result<Vec<_>>>()
        })
        .map_err(|source| CorpusError::Read {
            path: directory.to_owned(),
            source,
        })?;
    paths.sort();
    Ok(paths)
}

fn is_entry(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "toml")
}

/// Converts a scenario's name to a directory name: characters that could lead to another directory, or
/// are not portable, are replaced.
fn directory_name(scenario: &str) -> String {
    let safe: String = scenario
        .chars()
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => character,
            _ => '-',
        })
        .collect();
    if safe.is_empty() {
        "unnamed".to_owned()
    } else {
        safe
    }
}

/// Writes a file atomically: first a temporary one beside it, which is synced and then moved to its
/// `place`.
fn write_whole(
    path: &Path,
    text: &str,
    place: impl FnOnce(&Path, &Path) -> io::Result<()>,
) -> io::Result<()> {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let (mut file, temporary) = temporary_in(directory)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| place(&temporary, path));
    // A renamed file is no longer here; a linked or unfinished one is, and is removed.
    let _ = fs::remove_file(&temporary);
    if written.is_ok() {
        // The entry is in its place. Syncing the directory as well makes that survive a power failure,
        // where the system supports it.
        if let Ok(directory) = File::open(directory) {
            let _ = directory.sync_all();
        }
    }
    written
}

/// Creates a new file that no other process writes. A file left behind by a killed process is no
/// obstacle.
fn temporary_in(directory: &Path) -> io::Result<(File, PathBuf)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!(".standstill-{}-{count}.tmp", std::process::id()));
        match File::create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(file) => return Ok((file, path)),
        }
    }
}

/// Moves a file to a name that does not exist yet. A hard link never overwrites. Where the file system
/// has no hard links, this checks for the name before it renames.
fn place_new(temporary: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if path.symlink_metadata().is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(temporary, path),
        Ok(()) => Ok(()),
    }
}
