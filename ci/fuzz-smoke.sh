#!/usr/bin/env bash
# Ten seconds for every fuzz target: each buggy variant crashes, its crash becomes an entry of a
# corpus, and the entry replays; no fixed variant crashes.
# usage: ci/fuzz-smoke.sh [--seconds N] [--sanitizer none|address]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=10
sanitizer=none
while (($# > 0)); do
    case $1 in
        --seconds) seconds=$2 && shift 2 ;;
        --sanitizer) sanitizer=$2 && shift 2 ;;
        *) echo "usage: ci/fuzz-smoke.sh [--seconds N] [--sanitizer none|address]" >&2 && exit 2 ;;
    esac
done
if [[ -z ${FUZZERS:-} ]] && ! cargo fuzz --version >/dev/null 2>&1; then
    echo "skipped: cargo-fuzz is not installed (cargo install cargo-fuzz --locked)"
    exit 0
fi

cargo build --release --locked --quiet -p standstill-cli
standstill="${CARGO_TARGET_DIR:-$PWD/target}/release/standstill"
fuzzers=$(ci/fuzz-build.sh "$sanitizer")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export scratch fuzzers seconds
"$standstill" corpus export --to "$scratch/seeds"

# An empty corpus: whoever starts from nothing finds them, too.
buggy() {
    local target=$1 code=0
    mkdir -p "$scratch/artifacts/$target"
    STANDSTILL_VARIANT=buggy timeout 90 "$fuzzers/$target" -max_total_time=60 -seed=1 \
        -artifact_prefix="$scratch/artifacts/$target/" -print_final_stats=1 \
        >"$scratch/$target.buggy" 2>&1 || code=$?
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/$target.buggy")
    if ((code != 77)); then
        echo "$target: no crash of the buggy variant in 60 s (exit code $code, $executions executions)"
        tail -5 "$scratch/$target.buggy"
        return 1
    fi
    echo "$target (buggy): crashed after $executions executions"
}
fixed() {
    local target=$1 code=0
    mkdir -p "$scratch/corpus/$target" "$scratch/seeds/$target" "$scratch/fixed/$target"
    timeout $((seconds + 60)) "$fuzzers/$target" "$scratch/corpus/$target" "$scratch/seeds/$target" \
        -max_total_time="$seconds" -timeout=30 -seed=1 \
        -artifact_prefix="$scratch/fixed/$target/" -print_final_stats=1 \
        >"$scratch/$target.fixed" 2>&1 || code=$?
    if ((code != 0)); then
        echo "$target (fixed): exit code $code"
        cat "$scratch/$target.fixed"
        return 1
    fi
    sed -n "s/^Done \(.*\)/$target (fixed): clean, \1/p" "$scratch/$target.fixed"
}
export -f buggy fixed

targets=$(basename -s .rs fuzz/fuzz_targets/*.rs)
for variant in buggy fixed; do
    xargs -n 1 -P "$(nproc)" bash -euo pipefail -c "$variant "'"$0"' <<<"$targets"
done

"$standstill" corpus import "$scratch/artifacts" --corpus "$scratch/kept"
"$standstill" corpus import "$scratch/artifacts" --corpus "$scratch/kept" >"$scratch/again"
if grep -q '^new' "$scratch/again"; then
    echo "the same bugs make new entries when they are imported again:" >&2
    cat "$scratch/again" >&2
    exit 1
fi
"$standstill" replay --corpus "$scratch/kept"
echo "every buggy variant crashes, and what crashed replays; no fixed one does"
