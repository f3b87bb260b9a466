#!/usr/bin/env bash
# Kills the nightly 20 times, with all it has started: at ten random moments of a night, and at ten
# while it writes into the corpus. Whenever it dies, every entry of the corpus is whole and replays,
# and the next night goes on from there.
# usage: ci/nightly-kill.sh [SEED]
set -euo pipefail
cd "$(dirname "$0")/.."
seed=${1:-7}
RANDOM=$seed

if [[ -z ${STANDSTILL:-} || -z ${SUMMARY:-} ]]; then
    cargo build --release --locked --quiet -p standstill-cli -p standstill-night
    release=${CARGO_TARGET_DIR:-$PWD/target}/release
    export STANDSTILL=$release/standstill SUMMARY=$release/standstill-night
fi
# With the fuzzers if they are there, which take a second for each variant; building them is not
# what is tested.
what=(--no-fuzz quota-worker cancel-leak)
[[ -z ${FUZZERS:-} ]] || what=(quota-worker)
scratch=$(mktemp -d)
group=''
cleanup() {
    [[ -z $group ]] || kill -KILL -- "-$group" 2>/dev/null || true
    rm -rf "$scratch"
}
trap cleanup EXIT
now() { date +%s%3N; }
pause() {
    local seconds
    printf -v seconds '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
    sleep "$seconds"
}
# In a process group of its own, whose number is that of the process that this is called in.
night() {
    exec setsid bash ci/nightly.sh --budget 2s --seed "$1" --corpus "$scratch/corpus" \
        --out "$scratch/out" "${what[@]}" >"$scratch/log" 2>&1
}
entries() {
    mkdir -p "$scratch/corpus"
    find "$scratch/corpus" -name '*.toml' | wc -l
}
check() {
    # A directory without entries is as good as none.
    (($(entries) > 0)) || return 0
    "$STANDSTILL" replay --corpus "$scratch/corpus" >"$scratch/replay" 2>&1 || {
        echo "killed $1, the corpus is broken:" >&2
        cat "$scratch/replay" >&2
        exit 1
    }
}
# Waits until the night has come so far as to import, or is over.
importing() {
    while [[ ! -e $scratch/out/logs/import.json ]] && kill -0 "$group" 2>/dev/null; do
        sleep 0.002
    done
}

# How long a night takes on this machine now, and its import.
start=$(now)
night 0 &
group=$!
importing
before=$(now)
wait "$group" || true
[[ -e $scratch/out/summary.md ]] || { cat "$scratch/log" >&2 && exit 1; }
whole=$(($(now) - start)) import=$(($(now) - before))
(($(entries) > 0)) || { echo "a night writes no entry" >&2 && exit 1; }
echo "seed $seed: a night takes $whole ms, $import ms of it to import"

seen=0
for kill in {1..20}; do
    # There is always something to write.
    rm -rf "$scratch/corpus" "$scratch/out"
    night "$kill" &
    group=$!
    if ((kill % 2 == 0)); then
        when=$((RANDOM % whole)) since='it began'
    else
        importing
        when=$((RANDOM % import)) since='it began to import'
    fi
    pause "$when"
    kill -KILL -- "-$group" 2>/dev/null || true
    wait "$group" 2>/dev/null || true
    seen=$((seen + $(entries)))
    echo "killed $when ms after $since: $(entries) entries"
    check "$when ms after $since"
    # Every fifth night goes on from what a killed one left.
    if ((kill % 5 == 0)); then
        night "$kill" &
        group=$!
        wait "$group" || true
        [[ -e $scratch/out/summary.md ]] || { cat "$scratch/log" >&2 && exit 1; }
        check 'before the last'
    fi
done
group=''
((seen > 0)) || { echo "no night lived long enough to write an entry" >&2 && exit 1; }
echo "killed 20 times in $((SECONDS))s; $seen entries were there at those moments, all of them whole"
