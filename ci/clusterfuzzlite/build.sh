#!/usr/bin/env bash
# Builds the fuzzers and their seeds in the layout that ClusterFuzzLite and OSS-Fuzz expect: in $OUT
# a binary for each target, TARGET_seed_corpus.zip with the inputs that the corpus stands for, and
# TARGET.options. By hand, without Docker:
#
#   OUT=/some/directory SANITIZER=none ci/clusterfuzzlite/build.sh
set -euo pipefail
: "${OUT:?names the directory to put the fuzzers into}"
# In the image this file is a copy beside the checkout, where the work directory is.
root=$(dirname "${BASH_SOURCE[0]}")/../..
[[ -f $root/fuzz/Cargo.toml ]] || root=$PWD
cd "$root"
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)

fuzzers=$(ci/fuzz-build.sh "${SANITIZER:-address}")
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
if [[ -z ${STANDSTILL:-} ]]; then
    # For this machine and without the fuzzers' flags, which the image sets for everything.
    env -u RUSTFLAGS cargo build --release --locked --quiet -p standstill-cli
    STANDSTILL=${CARGO_TARGET_DIR:-$PWD/target}/release/standstill
fi
"$STANDSTILL" corpus export --to "$seeds"
for target in $(basename -s .rs fuzz/fuzz_targets/*.rs); do
    cp "$fuzzers/$target" "$OUT/$target"
    rm -f "$OUT/${target}_seed_corpus.zip"
    if [[ -d $seeds/$target ]]; then
        (cd "$seeds/$target" && zip -q "$OUT/${target}_seed_corpus.zip" -- *)
    fi
    # A schedule is a few hundred choices; a run takes microseconds.
    printf '[libfuzzer]\nmax_len = 512\ntimeout = 30\n' >"$OUT/$target.options"
done
ls "$OUT"
