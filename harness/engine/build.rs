//! Says which coroutines the engines run on, and whether AddressSanitizer is to be told of their
//! stacks: see `src/coroutine`.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(address_sanitizer)");
    let sanitizers = env::var("CARGO_CFG_SANITIZE").unwrap_or_default();
    if sanitizers.split(',').any(|one| one == "address") {
        println!("cargo::rustc-cfg=address_sanitizer");
    }
    println!("cargo::rustc-check-cfg=cfg(direct_coroutines)");
    let has = |variable: &str| env::var_os(variable).is_some();
    let x86_64 = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64");
    // OpenBSD runs code on no memory but what is mapped as a stack.
    let openbsd = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "openbsd");
    if has("CARGO_CFG_UNIX") && x86_64 && !openbsd && !has("CARGO_FEATURE___PORTABLE") {
        println!("cargo::rustc-cfg=direct_coroutines");
    }
}
