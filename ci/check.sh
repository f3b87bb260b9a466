#!/usr/bin/env bash
# The one check: the same by hand and in CI. Stops at the first thing that is wrong.
# CHECK_TESTED=1 says that `cargo test --workspace` has just been run on this very tree.
set -euo pipefail
cd "$(dirname "$0")/.."

# One target directory and one profile for all workspaces in here: what they share is built once.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
export CARGO_PROFILE_DEV_DEBUG=limited

step() {
    local began=$SECONDS
    printf '\n== [%dm%02ds] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"
    "$@"
    printf '== %ds\n' $((SECONDS - began))
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

# Each drop-in is two crates in one. In the workspace most of them are on; here all of them are on,
# with all that they have, and all of them off, where they are what they stand in for.
dropins=(-p standstill-tokio -p standstill-std -p standstill-tokio-util -p standstill-tokio-stream)
off=(--features "standstill-tokio/full standstill-tokio-util/full standstill-tokio-stream/full")
on=("${off[@]}" --features "standstill-tokio/shuttle standstill-std/shuttle standstill-std/parking_lot"
    --features "standstill-tokio-util/standstill standstill-tokio-stream/standstill")
step cargo clippy --workspace --all-targets --locked -- -D warnings
step cargo clippy "${dropins[@]}" "${on[@]}" --all-targets --locked -- -D warnings
step cargo clippy "${dropins[@]}" "${off[@]}" --all-targets --locked -- -D warnings

# The pages of reports are opened in a browser, if there is one.
command -v chromium chromium-browser google-chrome >/dev/null ||
    echo 'SKIPPED: no Chromium here, so the pages of reports are not opened in a browser'

# With doctests, the README's among them.
if [[ ${CHECK_TESTED:-} == 1 ]]; then
    printf '\n== not again: cargo test --workspace (CHECK_TESTED=1: it was run just before)\n'
else
    step cargo test --workspace --locked --quiet
fi
# The contract that the facades keep, under every engine, and by what they stand in for.
step cargo test "${dropins[@]}" "${on[@]}" --locked --quiet
step cargo test "${dropins[@]}" "${off[@]}" --locked --quiet
RUSTDOCFLAGS="-D warnings" step cargo doc --workspace --no-deps --locked --quiet

# What the README tells a newcomer to run.
step cargo run --release --locked --quiet -- --quiet
step cargo run --release --locked --quiet -- replay

# Production builds of whoever adopts it.
step bash ci/adoption.sh
# What is not modelled is refused in builds without names, too.
step bash ci/refusals.sh

# The benchmarks still build. Measuring is for a quiet machine.
step cargo clippy "${bench[@]}" --locked --quiet -- -D warnings
step cargo clippy "${drop_in[@]}" --locked --quiet -- -D warnings

# The fuzz targets: each buggy variant crashes, what crashed replays, no fixed one does.
# Lints link nothing: with this, libFuzzer counts as compiled already, which takes half a minute.
CUSTOM_LIBFUZZER_PATH=none/libfuzzer.a step cargo clippy "${fuzz[@]}" --locked --quiet -- -D warnings
CUSTOM_LIBFUZZER_PATH=none/libfuzzer.a step cargo clippy "${ablation[@]}" --locked --quiet -- -D warnings
step bash ci/fuzz-smoke.sh --seconds 4

# The night: what its summary and its exit code say of a find, a loss and a wrecked file, and that
# what it keeps survives a kill at any moment.
step cargo build --release --locked --quiet -p standstill-cli -p standstill-night
step bash ci/nightly-test.sh
step bash ci/nightly-kill.sh

printf '\nall checks passed in %dm%02ds\n' $((SECONDS / 60)) $((SECONDS % 60))
