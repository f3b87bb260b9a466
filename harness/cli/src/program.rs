//! The name of the running command: `standstill`, or the binary of a crate with scenarios of its own.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;

use standstill::Report;

/// The name by which the command was called; unset if it is `standstill`.
static CALLED: OnceLock<String> = OnceLock::new();

/// Records the first argument of the command line.
pub(crate) fn called(program: &OsStr) {
    if let Some(name) = own(program) {
        // Only the first command line of a process sets the name.
        let _ = CALLED.set(name);
    }
}

/// The name of a program other than `standstill`, quoted for a shell.
fn own(program: &OsStr) -> Option<String> {
    let stem = Path::new(program).file_stem()?;
    if stem == "standstill" {
        return None;
    }
    let name = program.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+:\\".contains(c);
    Some(if name.chars().all(plain) {
        name.into_owned()
    } else {
        format!("'{}'", name.replace('\'', "'\\''"))
    })
}

/// The command `standstill` does not know the scenarios of another crate: its own binary replays them.
pub(crate) fn name_replay(report: &mut Report) {
    if let Some(name) = CALLED.get() {
        report.replay_with = Some(format!("{name} replay {}", report.token));
    }
}

#[cfg(test)]
mod tests {
    use super::own;
    use std::ffi::OsStr;

    #[test]
    fn only_another_program_has_a_name_of_its_own() {
        for (program, name) in [
            ("standstill", None),
            ("target/release/standstill", None),
            ("/usr/bin/standstill.exe", None),
            (
                "target/debug/our-scenarios",
                Some("target/debug/our-scenarios"),
            ),
            ("/our code/it's", Some("'/our code/it'\\''s'")),
        ] {
            assert_eq!(own(OsStr::new(program)).as_deref(), name);
        }
    }
}
