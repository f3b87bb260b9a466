#!/usr/bin/env bash
# Kills the nightly at 20 random moments, with all it has started. Whenever it dies, every entry of
# the corpus is whole and replays; and the next night goes on from there.
# usage: ci/nightly-kill.sh [SEED]
set -euo pipefail
cd "$(dirname "$0")/.."
RANDOM=${1:-7}

if [[ -z ${STANDSTILL:-} ]]; then
    cargo build --release --locked --quiet -p standstill-cli
    cargo build --release --locked --quiet -p standstill-cli --example nightly-summary
    release=${CARGO_TARGET_DIR:-$PWD/target}/release
    export STANDSTILL=$release/standstill SUMMARY=$release/examples/nightly-summary
fi
# With the fuzzers if they are there; building them is not what is tested.
fuzz=(--no-fuzz)
[[ -z ${FUZZERS:-} ]] || fuzz=()
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# In a process group of its own, whose number is that of the process that this is called in.
night() {
    exec setsid bash ci/nightly.sh --budget 2s --seed "$1" --corpus "$scratch/corpus" \
        --out "$scratch/out" "${fuzz[@]}" >"$scratch/log" 2>&1
}
check() {
    [[ -d $scratch/corpus ]] || return 0
    # A directory without entries is as good as none.
    [[ -n $(find "$scratch/corpus" -name '*.toml') ]] || return 0
    "$STANDSTILL" replay --corpus "$scratch/corpus" >"$scratch/replay" 2>&1 || {
        echo "killed after $1 s, the corpus is broken:" >&2
        cat "$scratch/replay" >&2
        exit 1
    }
}

entries=0
for kill in {1..20}; do
    # What a night finds is new each time, so that there is always something to write.
    ((kill % 4 != 0)) || rm -rf "$scratch/corpus"
    night "$kill" &
    group=$!
    printf -v after '%d.%03d' $((RANDOM % 3)) $((RANDOM % 1000))
    sleep "$after"
    kill -KILL -- "-$group" 2>/dev/null || true
    wait "$group" 2>/dev/null || true
    check "$after"
    [[ ! -d $scratch/corpus ]] || entries=$((entries + $(find "$scratch/corpus" -name '*.toml' | wc -l)))
done
((entries > 0)) || { echo "no night lived long enough to write an entry" >&2 && exit 1; }

# And one that is let live: all that it finds is new or known, and nothing is in its way.
code=0
(night 1) || code=$?
((code <= 1)) || { cat "$scratch/log" >&2 && exit 1; }
check end
echo "killed 20 times; $entries entries were there at those moments, all of them whole"
