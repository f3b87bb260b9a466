//! Says how the stacks of coroutines are switched: see `src/raw`.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(switch_by_jump)");
    let x86_64 = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64");
    let unix = env::var_os("CARGO_CFG_UNIX").is_some();
    // A sanitizer keeps book of each frame, also of those that lie at the bottom of a stack when it
    // is unmapped; the library unwinds them first.
    let sanitized = env::var_os("CARGO_CFG_SANITIZE").is_some();
    if x86_64 && unix && !sanitized {
        println!("cargo::rustc-cfg=switch_by_jump");
    }
}
