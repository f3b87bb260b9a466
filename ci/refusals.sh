#!/usr/bin/env bash
# What a controlled run does not model is refused however the program was built: in a debug build, in
# a release build with line tables, and in one without any names. How exactly it is named may differ.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Shared with the workspace: most of what it needs is built there already.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"

mkdir "$scratch/src"
cat >"$scratch/Cargo.toml" <<TOML
[package]
name = "refusals"
version = "0.1.0"
edition = "2024"

[workspace]

[dependencies]
standstill = { path = "$root/harness/standstill" }
tokio = { package = "standstill-tokio", path = "$root/harness/tokio", features = ["full"] }
# What other crates call.
real_tokio = { package = "tokio", version = "1.54", features = ["full"] }

[profile.dev]
debug = "limited"

[profile.release]
debug = "line-tables-only"
TOML
cat >"$scratch/src/main.rs" <<'RUST'
use standstill::{Hunt, Undecided, Verdict};
use tokio::sync::Notify;

fn verdict<F, R>(body: F) -> Verdict
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    Hunt::new("refusals").schedules(3).run(body).verdict
}

/// `named` is how the part is called where there are lines to tell, `part` how it is called anywhere.
fn refused<F, R>(named: &str, part: &str, body: F)
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let Verdict::Undecided(Undecided::Unmodelled { what, instead }) = verdict(body) else {
        panic!("{named} is not refused");
    };
    println!("{what}");
    let stripped = std::env::args().nth(1).as_deref() == Some("stripped");
    assert!(what.contains(if stripped { part } else { named }), "{named}: {what}");
    assert!(instead.contains("stress engine"), "{instead}");
}

fn main() {
    // Once read, it would be clean; and once written, a hang.
    refused("tokio::fs::read_to_string", "tokio::fs", || async {
        drop(tokio::fs::read_to_string("Cargo.toml").await);
    });
    refused("tokio::fs::write", "tokio::fs", || async {
        drop(tokio::fs::write("/proc/self/standstill/none", b"").await);
        Notify::new().notified().await;
    });
    refused("tokio::fs::File", "tokio::fs", || async {
        drop(real_tokio::fs::File::open("Cargo.toml").await);
    });
    // Nobody looks at what became of it.
    refused("tokio::fs::metadata", "tokio::fs", || async {
        drop(tokio::spawn(async { tokio::fs::metadata("Cargo.toml").await }).await);
    });
    // Asked for after a thread that may go on has been there.
    refused("tokio::fs::read", "tokio::fs", || async {
        drop(real_tokio::task::spawn_blocking(|| 1).await);
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        drop(tokio::fs::read("Cargo.toml").await);
    });
    refused("tokio::net::TcpStream", "tokio::net::TcpStream", || async {
        drop(tokio::net::TcpStream::connect("127.0.0.1:9").await);
        Notify::new().notified().await;
    });
    refused("tokio::process::Command", "tokio::process::Command", || async {
        drop(tokio::process::Command::new("true").spawn());
    });
    refused("tokio::signal::ctrl_c", "tokio::signal", || async {
        drop(tokio::signal::ctrl_c().await);
    });
    // Its panic is said to be the caller's.
    refused("tokio::signal", "tokio::signal", || async {
        drop(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()));
    });

    let raw = || async {
        assert_eq!(real_tokio::task::spawn_blocking(|| 1 + 1).await.unwrap(), 2);
        let handle = real_tokio::runtime::Handle::current();
        assert_eq!(handle.spawn_blocking(|| 1 + 1).await.unwrap(), 2);
    };
    if std::env::args().nth(1).as_deref() == Some("stripped") {
        refused("", "blocking pool", raw);
    } else {
        assert_eq!(verdict(raw), Verdict::Clean);
    }
}
RUST
cp Cargo.lock "$scratch/Cargo.lock"
cd "$scratch"

run() {
    echo "-- $*"
    "$@"
}
run cargo run --offline --quiet
run cargo run --offline --quiet --release
# The same crates below, and only this one linked anew.
cargo rustc --offline --quiet --release -- -C debuginfo=0 -C strip=symbols
run "$CARGO_TARGET_DIR/release/refusals" stripped

echo "what is not modelled is refused in every build"
