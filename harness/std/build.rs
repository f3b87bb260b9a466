//! Says which of std's newer items there are: the drop-in mirrors those of the compiler in use, and
//! compiles with the oldest one too.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(since_1_92)");
    if minor_version().is_some_and(|minor| minor >= 92) {
        println!("cargo::rustc-cfg=since_1_92");
    }
}

/// The 92 of `rustc 1.92.0 (ded5c06cf 2025-12-08)`.
fn minor_version() -> Option<u32> {
    let output = Command::new(env::var_os("RUSTC")?)
        .arg("--version")
        .output();
    let text = String::from_utf8(output.ok()?.stdout).ok()?;
    let number = text.strip_prefix("rustc 1.")?;
    number.split('.').next()?.parse().ok()
}
