//! Generates a line for each pair of a std trait and a type of std's that has a single `impl`.
//!
//! With one `impl` of `PartialEq<_>` for `usize`, rustc infers `n == "1".parse().unwrap()`; a second
//! one anywhere in the crate graph makes that an error in the user's code. Which pairs have one is
//! asked of the compiler: all pairs are compiled with std alone, and those with an error are left out.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

const TRAITS: [&str; 33] = [
    "std::cmp::PartialEq",
    "std::cmp::PartialOrd",
    "std::ops::Add",
    "std::ops::Sub",
    "std::ops::Mul",
    "std::ops::Div",
    "std::ops::Rem",
    "std::ops::BitAnd",
    "std::ops::BitOr",
    "std::ops::BitXor",
    "std::ops::Shl",
    "std::ops::Shr",
    "std::ops::AddAssign",
    "std::ops::SubAssign",
    "std::ops::MulAssign",
    "std::ops::DivAssign",
    "std::ops::RemAssign",
    "std::ops::BitAndAssign",
    "std::ops::BitOrAssign",
    "std::ops::BitXorAssign",
    "std::ops::ShlAssign",
    "std::ops::ShrAssign",
    "std::ops::Index",
    "std::ops::IndexMut",
    "std::convert::From",
    "std::convert::TryFrom",
    "std::convert::AsRef",
    "std::convert::AsMut",
    "std::borrow::Borrow",
    "std::iter::Extend",
    "std::iter::FromIterator",
    "std::iter::Sum",
    "std::iter::Product",
];

const TYPES: [&str; 48] = [
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "usize",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "isize",
    "f32",
    "f64",
    "bool",
    "char",
    "()",
    "str",
    "&'static str",
    "[u8]",
    "&'static [u8]",
    "[u8; 4]",
    "String",
    "Vec<u8>",
    "Box<str>",
    "Box<[u8]>",
    "std::sync::Arc<str>",
    "std::borrow::Cow<'static, str>",
    "Option<u8>",
    "Result<u8, u8>",
    "std::path::Path",
    "std::path::PathBuf",
    "std::ffi::OsStr",
    "std::ffi::OsString",
    "std::ffi::CString",
    "std::time::Duration",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::net::Ipv4Addr",
    "std::net::IpAddr",
    "std::net::SocketAddr",
    "std::ops::Range<usize>",
    "std::num::NonZeroU32",
    "std::cmp::Ordering",
    "std::collections::HashMap<u8, u8>",
    "std::collections::BTreeMap<u8, u8>",
    "std::collections::HashSet<u8>",
    "std::collections::VecDeque<u8>",
];

/// Pairs in which tokio itself has an `impl`: who depends on it has that already.
const OF_TOKIO: [(&str, &str); 1] = [("std::convert::From", "std::time::Instant")];

/// Lines before the first pair: the compiler tells errors by line.
const HEAD: &str = "#![allow(warnings)]\n";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var("OUT_DIR").expect("cargo sets it");
    let mut lines: Vec<String> = Vec::new();
    for name in TRAITS {
        for of in TYPES {
            if OF_TOKIO.contains(&(name, of)) {
                continue;
            }
            let number = lines.len();
            lines.push(format!(
                "pub fn pair_{number}() {{ fn one<A: ?Sized + {name}<B>, B>() {{}} one::<{of}, _>() }}"
            ));
        }
    }
    let candidates = Path::new(&out).join("candidates.rs");
    fs::write(&candidates, format!("{HEAD}{}\n", lines.join("\n"))).expect("OUT_DIR is writable");
    let wrong = lines_with_errors(&candidates, &out);
    let kept: Vec<&String> = lines
        .iter()
        .enumerate()
        .filter(|(index, _)| !wrong.contains(&(index + 2)))
        .map(|(_, line)| line)
        .collect();
    assert!(
        kept.len() > 100,
        "{} pairs of {} have a single `impl`: the compiler's messages were not understood",
        kept.len(),
        lines.len()
    );
    let mut text = format!(
        "/// Pairs with a single `impl`.\npub const PAIRS: usize = {};\n",
        kept.len()
    );
    for line in kept {
        let _ = writeln!(text, "{line}");
    }
    fs::write(Path::new(&out).join("lines.rs"), text).expect("OUT_DIR is writable");
}

/// The lines of `source` that do not compile with std alone.
fn lines_with_errors(source: &Path, out: &str) -> BTreeSet<usize> {
    let output = Command::new(env::var("RUSTC").expect("cargo sets it"))
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
        ])
        .args(["--error-format", "short", "--out-dir", out])
        .arg(source)
        .output()
        .expect("the compiler starts");
    let name = source
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&output.stderr);
    // `candidates.rs:12:34: error[E0283]: type annotations needed`
    text.lines()
        .filter(|line| line.contains(": error"))
        .filter_map(|line| {
            line.split_once(&format!("{name}:"))?
                .1
                .split(':')
                .next()?
                .parse()
                .ok()
        })
        .collect()
}
