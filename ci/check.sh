#!/usr/bin/env bash
# The one check: the same by hand and in CI. Stops at the first thing that is wrong.
set -euo pipefail
cd "$(dirname "$0")/.."

step() {
    printf '\n== %s\n' "$*"
    "$@"
}

# The drop-in is two crates in one: with its feature on, and without.
step cargo fmt --all --check
step cargo clippy --workspace --all-targets --locked -- -D warnings
step cargo clippy -p standstill-tokio --features full --locked -- -D warnings
step cargo test --workspace --locked --quiet
step cargo test -p standstill-tokio --features full --locked --quiet
RUSTDOCFLAGS="-D warnings" step cargo doc --workspace --no-deps --locked --quiet

# With its feature off, nothing of Standstill is in the tree.
echo "== the drop-in, switched off, is tokio alone"
if cargo tree -p standstill-tokio --features full --locked -e normal | grep -q standstill-core; then
    echo "standstill-core reaches a build that did not ask for it" >&2
    exit 1
fi

# The corpus, as a user replays it.
step cargo run --release --locked --quiet -- replay

echo
echo "all checks passed"
