//! Places in source code, and the part of a path that is the same on every machine.

use std::fmt;
use std::panic::Location;

use serde::{Deserialize, Serialize};

/// A place in the program under test, as `#[track_caller]` yields it.
pub type Site = &'static Location<'static>;

/// A [`Site`] as plain data, for reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file, as the compiler was given it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl Place {
    /// The file's path from its crate's `src` (`tests`, `examples`, `benches`) on: what remains
    /// the same wherever the crate was checked out or vendored. Fingerprints use it.
    pub fn stable_file(&self) -> String {
        stable_file(&self.file)
    }
}

impl From<Site> for Place {
    fn from(site: Site) -> Self {
        Self {
            file: site.file().to_owned(),
            line: site.line(),
            column: site.column(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

fn stable_file(path: &str) -> String {
    let parts: Vec<&str> = path
        .split(['/', '\\'])
        .filter(|part| !part.is_empty())
        .collect();
    let start = parts
        .iter()
        .rposition(|part| matches!(*part, "src" | "tests" | "examples" | "benches"))
        .unwrap_or_else(|| parts.len().saturating_sub(1));
    parts[start..].join("/")
}

#[cfg(test)]
mod tests {
    use super::stable_file;

    #[test]
    fn a_stable_file_forgets_where_the_crate_lies() {
        for (path, stable) in [
            ("scenarios/watch-mux/src/buggy.rs", "src/buggy.rs"),
            ("/home/me/x/src/sync/lock.rs", "src/sync/lock.rs"),
            ("C:\\work\\x\\tests\\hang.rs", "tests/hang.rs"),
            ("src/lib.rs", "src/lib.rs"),
            ("/generated/thing.rs", "thing.rs"),
            ("", ""),
        ] {
            assert_eq!(stable_file(path), stable, "{path}");
        }
    }
}
