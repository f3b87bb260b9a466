#!/usr/bin/env bash
# A crate that adopts Standstill as the README says. In its production build the drop-in is tokio
# and nothing else; in its tests it is the facade. Both with the feature resolvers 2 and 3.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Shared with the workspace: most of what it needs is built there already.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"

fail() {
    echo "$*" >&2
    exit 1
}

mkdir "$scratch/src"
cat >"$scratch/src/main.rs" <<'RUST'
use std::any::type_name;

#[tokio::main]
async fn main() {
    println!("{}", type_name::<tokio::sync::Mutex<()>>());
}

#[cfg(test)]
mod tests {
    use std::any::type_name;
    use std::sync::Arc;
    use tokio::sync::Mutex;

    #[standstill::test]
    async fn the_facade_is_on() {
        assert!(type_name::<Mutex<()>>().starts_with("standstill_tokio::"));
        let counter = Arc::new(Mutex::new(0));
        let other = Arc::clone(&counter);
        let task = tokio::spawn(async move { *other.lock().await += 1 });
        *counter.lock().await += 1;
        task.await.unwrap();
        assert_eq!(*counter.lock().await, 2);
    }

    #[test]
    fn a_deadlock_is_found() {
        let outcome = standstill::Hunt::new("two locks").seed(7).run(|| async {
            let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
            let other = {
                let (a, b) = (Arc::clone(&a), Arc::clone(&b));
                tokio::spawn(async move {
                    let _b = b.lock().await;
                    let _a = a.lock().await;
                })
            };
            {
                let _a = a.lock().await;
                let _b = b.lock().await;
            }
            other.await.unwrap();
        });
        assert_eq!(outcome.verdict.name(), "hang");
    }
}
RUST

for edition in 2021 2024; do # resolver 2, resolver 3
    cat >"$scratch/Cargo.toml" <<TOML
[package]
name = "adopter"
version = "0.1.0"
edition = "$edition"

[workspace]

[dependencies]
tokio = { package = "standstill-tokio", path = "$root/harness/tokio", features = ["full"] }

[dev-dependencies]
standstill = { path = "$root/harness/standstill" }

[profile.release]
debug = "line-tables-only"
TOML
    # The versions that the workspace was tested with, all of them downloaded already.
    cp Cargo.lock "$scratch/Cargo.lock"
    cd "$scratch"

    # What the README tells the reader to run, and the same for tests.
    tree=$(cargo tree --offline -e features,no-dev -i standstill-tokio)
    grep -q 'standstill-tokio feature "full"' <<<"$tree" || fail "not what cargo tree should print: $tree"
    if grep -q 'standstill-tokio feature "standstill"' <<<"$tree"; then
        fail "edition $edition: the facade reaches production: $tree"
    fi
    tree=$(cargo tree --offline -e features -i standstill-tokio)
    grep -q 'standstill-tokio feature "standstill"' <<<"$tree" || fail "the facade is off in tests: $tree"

    production=$(cargo run --offline --quiet --release)
    [[ $production == tokio::* ]] || fail "edition $edition: a production build uses $production"
    cargo test --offline --quiet
    cd "$root"
done

echo "production builds use tokio itself, tests use the facade"
