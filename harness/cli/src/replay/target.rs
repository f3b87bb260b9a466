//! The targets of a replay: from an argument to plans.

use std::path::{Path, PathBuf};

use standstill::{Corpus, CorpusError, Entry, Plan};

use crate::error::UserError;

/// One plan, and its entry unless it comes from a token.
#[derive(Clone, Debug)]
pub(crate) enum Case {
    /// From a token.
    Token(Plan),
    /// From a file.
    Entry(PathBuf, Box<Entry>),
}

impl Case {
    pub(crate) fn plan(&self) -> &Plan {
        match self {
            Case::Token(plan) => plan,
            Case::Entry(_, entry) => &entry.plan,
        }
    }

    /// The name of the case in a line of text.
    pub(crate) fn label(&self) -> String {
        match self {
            Case::Token(plan) => format!("{} ({})", plan.scenario, plan.variant),
            Case::Entry(path, _) => path.display().to_string(),
        }
    }
}

/// The token, the entry in the file, or all entries of the directory. Entries that cannot be read are
/// errors of their own.
pub(crate) fn cases(
    what: Option<&str>,
    corpus: &Path,
) -> Result<Vec<Result<Case, UserError>>, UserError> {
    match what {
        None => directory(corpus),
        Some(what) if Path::new(what).is_dir() => directory(Path::new(what)),
        Some(what) => Ok(vec![Ok(one(what)?)]),
    }
}

/// The token, or the entry in the file.
pub(crate) fn one(what: &str) -> Result<Case, UserError> {
    let path = Path::new(what);
    if path.is_dir() {
        return Err(UserError::WantsOne(path.to_owned()));
    }
    // This reads only metadata, so that an unreadable file is still recognised as a file.
    if path.symlink_metadata().is_ok() {
        let entry = Corpus::read(path)?;
        return Ok(Case::Entry(path.to_owned(), Box::new(entry)));
    }
    let like_a_path = what.contains(std::path::is_separator) || path.extension().is_some();
    if like_a_path || !looks_like_a_token(what) {
        return Err(UserError::NothingToReplay(shortened(what)));
    }
    Ok(Case::Token(Plan::from_token(what)?))
}

fn directory(directory: &Path) -> Result<Vec<Result<Case, UserError>>, UserError> {
    let loaded = Corpus::open(directory).load_all()?;
    if loaded.is_empty() {
        return Err(UserError::EmptyCorpus(directory.to_owned()));
    }
    let case = |(path, entry): (PathBuf, Result<Entry, CorpusError>)| {
        let entry = entry?;
        Ok(Case::Entry(path, Box::new(entry)))
    };
    Ok(loaded.into_iter().map(case).collect())
}

/// Whether this begins with `ss` and a version. The decoder checks the rest.
fn looks_like_a_token(text: &str) -> bool {
    text.trim()
        .strip_prefix("ss")
        .is_some_and(|rest| rest.starts_with(|character: char| character.is_ascii_digit()))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, one};
    use crate::error::UserError;
    use standstill::{Load, Plan, Schedule, Variant};

    #[test]
    fn an_argument_is_a_token_or_a_path() {
        let plan = Plan::new(
            "pair",
            Variant::Buggy,
            Load::default(),
            Schedule::Bytes(vec![1, 2]),
        );
        match one(&format!(" {}\n", plan.to_token())) {
            Ok(Case::Token(read)) => assert_eq!(read, plan),
            other => panic!("{other:?}"),
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_str().unwrap();
        assert!(matches!(one(path), Err(UserError::WantsOne(_))));
        for neither in [
            "",
            "no-such-thing",
            "ss2-abc.toml",
            "./ss2-abc",
            "corpus/x.toml",
            "ssh-key",
        ] {
            assert!(
                matches!(one(neither), Err(UserError::NothingToReplay(_))),
                "{neither}"
            );
        }
        for broken in ["ss2-", "ss2-abc", "ss9-abc", "ss2-!", "ss2-\u{e9}\u{e9}"] {
            assert!(matches!(one(broken), Err(UserError::Token(_))), "{broken}");
        }
    }
}
