#!/usr/bin/env bash
# Builds every fuzz target and prints the directory that they are in.
# usage: ci/fuzz-build.sh [none|address]
# FUZZERS names a directory where they are already; nothing is built then.
set -euo pipefail
cd "$(dirname "$0")/.."
sanitizer=${1:-none}
if [[ -n ${FUZZERS:-} ]]; then
    echo "$FUZZERS"
    exit
fi

cargo fuzz --version >/dev/null 2>&1 || {
    echo "cargo-fuzz is not installed: cargo install cargo-fuzz --locked" >&2
    exit 2
}
# A sanitizer takes a nightly compiler; without one the workspace's own does.
toolchain=()
[[ $sanitizer == none ]] || toolchain=(+nightly)

# Apart from the workspace's own target directory: the flags are others.
into="${CARGO_TARGET_DIR:-$PWD/target}/fuzz-$sanitizer"
CARGO_INCREMENTAL=0 cargo "${toolchain[@]}" fuzz build --fuzz-dir fuzz --sanitizer "$sanitizer" \
    --target-dir "$into" >&2
host=$(rustc -vV | sed -n 's/^host: //p')
echo "$into/$host/release"
