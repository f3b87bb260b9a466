#!/usr/bin/env bash
# The one check: the same by hand and in CI. Stops at the first thing that is wrong.
# CHECK_TESTED=1 says that `cargo test --workspace` has just been run on this very tree.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/steps.sh

# One target directory and one profile for all workspaces in here: what they share is built once.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
export CARGO_PROFILE_DEV_DEBUG=limited

bench=(--manifest-path harness/bench/Cargo.toml)
drop_in=(--manifest-path harness/bench/drop-in/Cargo.toml)
fuzz=(--manifest-path fuzz/Cargo.toml)
ablation=(--manifest-path fuzz/ablation/Cargo.toml)
thin=(--manifest-path ci/thin/Cargo.toml)

step cargo fmt --all --check
step cargo fmt "${bench[@]}" --check
step cargo fmt "${drop_in[@]}" --check
step cargo fmt "${fuzz[@]}" --check
step cargo fmt "${ablation[@]}" --check
step cargo fmt "${thin[@]}" --all --check

# Each drop-in is two crates in one. In the workspace all of them are on, with all that they have. Here
# they are on as a newcomer has them, and off, where they are what they stand in for.
#
# `--features full` is right, `--features standstill-tokio/full` is not: tokio-util's and tokio-stream's
# drop-ins have an optional dependency of that name, which this would turn on, and the facade with it.
dropins=(-p standstill-tokio -p standstill-std -p standstill-tokio-util -p standstill-tokio-stream)
off=("${dropins[@]}" --features full)
step cargo clippy --workspace --all-targets --locked -- -D warnings
step cargo clippy "${dropins[@]}" --features standstill --lib --locked -- -D warnings
step cargo clippy "${off[@]}" --all-targets --locked -- -D warnings
if facade_is_on=$(cargo tree "${off[@]}" --locked -e features -i standstill-tokio | grep 'feature "standstill"'); then
    echo "the drop-ins are not off where they are to be tested off: $facade_is_on" >&2
    exit 1
fi

# The oldest Rust that is promised, if it is there.
oldest=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
if rustup toolchain list 2>/dev/null | grep -q "^$oldest[.-]"; then
    step cargo "+$oldest" check --workspace --locked --quiet
else
    echo "SKIPPED: no Rust $oldest here (rustup toolchain install $oldest --profile minimal)"
fi

# The pages of reports are opened in a browser, if there is one.
command -v chromium chromium-browser google-chrome >/dev/null ||
    echo 'SKIPPED: no Chromium here, so the pages of reports are not opened in a browser'

# With doctests, the README's among them.
if [[ ${CHECK_TESTED:-} == 1 ]]; then
    printf '\n== not again: cargo test --workspace (CHECK_TESTED=1: it was run just before)\n'
else
    step cargo test --workspace --locked --quiet
fi
# The contract once more, kept by what the facades stand in for. No run is made, so the engine, which the
# tests depend on, need not be fast.
slow=(--config profile.dev.package.standstill-engine.opt-level=0
    --config profile.dev.package.standstill-rt.opt-level=0)
step cargo test "${off[@]}" "${slow[@]}" --locked --quiet
# The engines on the coroutines of other platforms: the same verdicts, and as sound.
step cargo test -p standstill --features shuttle,__portable --test engine --locked --quiet -- conformance soundness
# No crate under the facades changes what is inferred in a user's code.
step bash ci/floor.sh
RUSTDOCFLAGS="-D warnings" step cargo doc --workspace --no-deps --locked --quiet

# What the README tells a newcomer to run.
step cargo run --release --locked --quiet -- --quiet
step cargo run --release --locked --quiet -- replay

# Production builds of whoever adopts it.
step bash ci/adoption.sh
# What is not modelled is refused in builds without names, too.
step bash ci/refusals.sh
# The drop-ins bring no atomics of their own into the crate of their user.
step cargo clippy "${thin[@]}" --locked --quiet -- -D warnings
step bash ci/thin.sh

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

steps_end 'all checks passed'
