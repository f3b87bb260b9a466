#!/usr/bin/env bash
# The one check: the same by hand and in CI. Stops at the first thing that is wrong.
set -euo pipefail
cd "$(dirname "$0")/.."

step() {
    printf '\n== [%dm%02ds] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"
    "$@"
}
bench=(--manifest-path harness/bench/Cargo.toml)

step cargo fmt --all --check
step cargo fmt "${bench[@]}" --check

# The drop-in is two crates in one: with its feature on, as in the workspace, and off.
step cargo clippy --workspace --all-targets --locked -- -D warnings
step cargo clippy -p standstill-tokio --all-targets --features full --locked -- -D warnings

# The pages of reports are opened in a browser, if there is one.
command -v chromium chromium-browser google-chrome >/dev/null ||
    echo 'SKIPPED: no Chromium here, so the pages of reports are not opened in a browser'

# With doctests, the README's among them.
step cargo test --workspace --locked --quiet
# The contract that the facade keeps, by tokio itself.
step cargo test -p standstill-tokio --features full --locked --quiet
RUSTDOCFLAGS="-D warnings" step cargo doc --workspace --no-deps --locked --quiet

# What the README tells a newcomer to run.
step cargo run --release --locked --quiet -- --quiet
step cargo run --release --locked --quiet -- replay

# Production builds of whoever adopts it.
step bash ci/adoption.sh

# The benchmark still builds. Measuring is for a quiet machine.
step cargo clippy "${bench[@]}" --locked --quiet -- -D warnings

printf '\nall checks passed in %dm%02ds\n' $((SECONDS / 60)) $((SECONDS % 60))
