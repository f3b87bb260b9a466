#!/usr/bin/env bash
# A crate that adopts Standstill as the README says. In its production build the drop-in is tokio
# and nothing else; in its tests it is the facade. Both with the feature resolvers 2 and 3. The same
# for tokio-util and tokio-stream. Then the worked example, and a newcomer's first ten minutes.
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
    println!("{}", type_name::<tokio_util::sync::CancellationToken>());
    println!("{}", type_name::<tokio_stream::wrappers::ReceiverStream<()>>());
}

#[cfg(test)]
mod tests {
    use std::any::type_name;
    use std::sync::Arc;
    use tokio::sync::Mutex;

    #[standstill::test]
    async fn the_facade_is_on() {
        assert!(type_name::<Mutex<()>>().starts_with("standstill_tokio::"));
        let token = type_name::<tokio_util::sync::CancellationToken>();
        assert!(token.starts_with("standstill_tokio_util::"));
        let stream = type_name::<tokio_stream::wrappers::ReceiverStream<()>>();
        assert!(stream.starts_with("standstill_tokio_stream::"));
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
tokio-util = { package = "standstill-tokio-util", path = "$root/harness/tokio-util", features = ["rt"] }
tokio-stream = { package = "standstill-tokio-stream", path = "$root/harness/tokio-stream", features = ["sync"] }

[dev-dependencies]
standstill = { path = "$root/harness/standstill", features = ["tokio-util", "tokio-stream"] }

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
    # Of Standstill there are the three re-exports, and nothing behind them.
    ours=$(cargo tree --offline -e normal --prefix none | grep -E '^(standstill|corosensei)' | cut -d' ' -f1 | sort -u | tr '\n' ' ')
    [[ $ours == "standstill-tokio standstill-tokio-stream standstill-tokio-util " ]] ||
        fail "edition $edition: the production tree has $ours"
    for crate in standstill-tokio-util standstill-tokio-stream; do
        tree=$(cargo tree --offline -e features,no-dev -i "$crate")
        if grep -q "$crate feature \"standstill\"" <<<"$tree"; then
            fail "edition $edition: the facade of $crate reaches production: $tree"
        fi
    done
    tree=$(cargo tree --offline -e features -i standstill-tokio)
    grep -q 'standstill-tokio feature "standstill"' <<<"$tree" || fail "the facade is off in tests: $tree"

    production=$(cargo run --offline --quiet --release)
    if grep -v -E '^(tokio|tokio_util|tokio_stream)::' <<<"$production"; then
        fail "edition $edition: a production build uses $production"
    fi
    cargo test --offline --quiet
    cd "$root"
done

# The worked example: a workspace of its own, built against this checkout.
example=harness/tokio/examples/adopt
cp Cargo.lock "$example/Cargo.lock"
cd "$example"
production=$(cargo run --offline --quiet --release)
[[ $production == *tokio::sync::semaphore::Semaphore ]] || fail "the example uses $production"
cargo test --offline --quiet
cargo fmt --check
cd "$root"

bash ci/newcomer.sh

echo "production builds use tokio itself, tests use the facade"
