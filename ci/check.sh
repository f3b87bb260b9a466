#!/usr/bin/env bash
# The one check: the same by hand and in CI. Stops at the first thing that is wrong.
set -euo pipefail
cd "$(dirname "$0")/.."

step() {
    printf '\n== [%dm%02ds] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"
    "$@"
}
bench=(--manifest-path harness/bench/Cargo.toml)
drop_in=(--manifest-path harness/bench/drop-in/Cargo.toml)
fuzz=(--manifest-path fuzz/Cargo.toml)
ablation=(--manifest-path fuzz/ablation/Cargo.toml)

step cargo fmt --all --check
step cargo fmt "${bench[@]}" --check
step cargo fmt "${drop_in[@]}" --check
step cargo fmt "${fuzz[@]}" --check
step cargo fmt "${ablation[@]}" --check

# The drop-in is two crates in one: with its feature on, as in the workspace, and off.
step cargo clippy --workspace --all-targets --locked -- -D warnings
step cargo clippy -p standstill-tokio --all-targets --features full --locked -- -D warnings
step cargo clippy -p standstill-std --all-targets --locked -- -D warnings
step cargo clippy -p standstill-std --all-targets --features standstill,parking_lot --locked -- -D warnings

# The pages of reports are opened in a browser, if there is one.
command -v chromium chromium-browser google-chrome >/dev/null ||
    echo 'SKIPPED: no Chromium here, so the pages of reports are not opened in a browser'

# With doctests, the README's among them.
step cargo test --workspace --locked --quiet
# The contract that the facade keeps, by tokio itself.
step cargo test -p standstill-tokio --features full --locked --quiet
step cargo test -p standstill-std --locked --quiet
step cargo test -p standstill-std --features shuttle,parking_lot --locked --quiet
step cargo test -p standstill-tokio --features full,shuttle --test parity --locked --quiet shuttle
# The drop-ins that are off in the workspace: on, and off.
streams=(-p standstill-tokio-util -p standstill-tokio-stream)
full=standstill-tokio-util/full,standstill-tokio-stream/full
on=$full,standstill-tokio-util/standstill,standstill-tokio-stream/standstill
step cargo clippy "${streams[@]}" --all-targets --features "$on" --locked -- -D warnings
step cargo test "${streams[@]}" --features "$on" --locked --quiet
step cargo test "${streams[@]}" --features "$full" --locked --quiet
RUSTDOCFLAGS="-D warnings" step cargo doc --workspace --no-deps --locked --quiet

# What the README tells a newcomer to run.
step cargo run --release --locked --quiet -- --quiet
step cargo run --release --locked --quiet -- replay

# Production builds of whoever adopts it.
step bash ci/adoption.sh

# The benchmarks still build. Measuring is for a quiet machine.
step cargo clippy "${bench[@]}" --locked --quiet -- -D warnings
step cargo clippy "${drop_in[@]}" --locked --quiet -- -D warnings

# The fuzz targets: each buggy variant crashes, what crashed replays, no fixed one does.
step cargo clippy "${fuzz[@]}" --locked --quiet -- -D warnings
step cargo clippy "${ablation[@]}" --locked --quiet -- -D warnings
step bash ci/fuzz-smoke.sh

printf '\nall checks passed in %dm%02ds\n' $((SECONDS / 60)) $((SECONDS % 60))
