//! Says whether AddressSanitizer is to be told of the stacks of coroutines: see `src/raw`.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(address_sanitizer)");
    let sanitizers = env::var("CARGO_CFG_SANITIZE").unwrap_or_default();
    if sanitizers.split(',').any(|one| one == "address") {
        println!("cargo::rustc-cfg=address_sanitizer");
    }
}
