//! Directories to which findings are written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Checks whether files can be created in `directory`, without leaving a trace. A directory that does
/// not exist yet is fine if it can be created.
pub(crate) fn probe(directory: &Path) -> io::Result<()> {
    let mut nearest = directory;
    while let Err(error) = fs::metadata(nearest) {
        if error.kind() != io::ErrorKind::NotFound {
            return Err(error);
        }
        nearest = match nearest.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => return Err(error),
        };
    }
    let trial = nearest.join(format!(".standstill-{}.tmp", std::process::id()));
    File::create_new(&trial)?;
    fs::remove_file(&trial)
}

/// Writes a file atomically, replacing an older one of that name.
pub(crate) fn write<T>(directory: &Path, name: &str, content: &T) -> io::Result<()>
where
    T: AsRef<[u8]> + ?Sized,
{
    fs::create_dir_all(directory)?;
    let temporary = directory.join(format!(".standstill-{}-{name}.tmp", std::process::id()));
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(content.as_ref())?;
        file.sync_all()?;
        fs::rename(&temporary, directory.join(name))
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::{probe, write};
    use std::fs;

    #[test]
    fn a_probe_leaves_no_trace() {
        let directory = tempfile::tempdir().unwrap();
        probe(directory.path()).unwrap();
        probe(&directory.path().join("not/yet/there")).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_is_no_directory() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(probe(&file).is_err());
        assert!(probe(&file.join("below")).is_err());
        assert!(write(&file, "name", "text").is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "x");
    }

    #[test]
    fn a_file_is_written_over_and_nothing_else_stays() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "a.txt", "old").unwrap();
        write(directory.path(), "a.txt", "new").unwrap();
        assert_eq!(
            fs::read_to_string(directory.path().join("a.txt")).unwrap(),
            "new"
        );
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
