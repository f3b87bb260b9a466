#!/usr/bin/env bash
# The nightly: replays the corpus, hunts every scenario on every engine there is, fuzzes every
# target, soaks `stress`, imports what was found into the corpus, and writes one summary. Exits
# with 1 if a fingerprint is new or lost, with 2 if something could not be used.
#
# usage: ci/nightly.sh [--budget 2h] [--shard K/N] [--seed S] [--corpus DIR] [--out DIR] [--no-fuzz] [SCENARIO...]
#
# The budget is shared out among the parts, so that each runs even if it is small; what is built
# before does not count. Shards try other seeds, and what they find merges by file copy. Scenarios
# that are named narrow the hunts and the fuzz targets to them.
# STANDSTILL, SUMMARY and FUZZERS name binaries (FUZZERS their directory) that are there already.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    [[ -z ${1:-} ]] || echo "error: $1" >&2
    exit 2
}
budget=2h shard=1/1 seed=$(date -u +%Y%m%d) corpus=corpus out='' fuzz=yes scenarios=()
while (($# > 0)); do
    case $1 in
        --no-fuzz) fuzz=no && shift && continue ;;
        --budget | --shard | --seed | --corpus | --out) ;;
        -*) usage "there is no option $1" ;;
        *) scenarios+=("$1") && shift && continue ;;
    esac
    (($# > 1)) || usage "$1 needs a value"
    printf -v "${1#--}" %s "$2"
    shift 2
done
[[ $budget =~ ^([0-9]+)([smh]?)$ ]] || usage "--budget $budget: give a time like 90s, 5m or 2h"
seconds=${BASH_REMATCH[1]}
case ${BASH_REMATCH[2]} in m) seconds=$((seconds * 60)) ;; h) seconds=$((seconds * 3600)) ;; esac
[[ $shard =~ ^([1-9][0-9]*)/([1-9][0-9]*)$ ]] && ((BASH_REMATCH[1] <= BASH_REMATCH[2])) ||
    usage "--shard $shard: give K/N with K from 1 to N"
[[ $seed =~ ^[0-9]+$ ]] || usage "--seed $seed: give a whole number"
number=${shard%/*} shards=${shard#*/}
# No two shards of a night, and no two nights, have the same.
seed=$((seed * shards + number - 1))
out=${out:-target/nightly/shard-$number}
jobs=$(nproc)

release=${CARGO_TARGET_DIR:-$PWD/target}/release
if [[ -z ${STANDSTILL:-} ]]; then
    cargo build --release --locked --quiet -p standstill-cli
    STANDSTILL=$release/standstill
fi
if [[ -z ${SUMMARY:-} ]]; then
    cargo build --release --locked --quiet -p standstill-night
    SUMMARY=$release/standstill-night
fi
fuzzers='' targets=''
if [[ $fuzz == yes ]]; then
    fuzzers=$(ci/fuzz-build.sh)
    targets=$(basename -s .rs fuzz/fuzz_targets/*.rs)
    if ((${#scenarios[@]} > 0)); then
        targets=$(grep -Fx -f <(printf '%s\n' "${scenarios[@]}") <<<"$targets") ||
            usage "no fuzz target is named after ${scenarios[*]}"
    fi
fi
engines=$("$STANDSTILL" list --format json |
    sed -n '/"engines"/,/]/s/^ *"\([a-z-]*\)",\{0,1\}$/\1/p')
[[ -n $engines ]] || usage "$STANDSTILL names no engine"

# A fresh place; what an older night left is in the corpus already.
rm -rf "$out"
mkdir -p "$out"/{asked,logs,found,reports,artifacts,inputs}
# The summary shows what was left out.
"$STANDSTILL" list --format json >"$out/asked/list.json"
printf '%s\n' "${scenarios[@]}" >"$out/asked/scenarios"
echo "$targets" >"$out/asked/targets"
count() { wc -w <<<"$1"; }
say() { printf '[%3dm%02ds] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"; }
# A part's milliseconds: so many percent of the budget, shared by so many.
share() { echo $((seconds * 1000 * $1 / 100 / $2)); }
# Its exit code tells what a command came to; the night goes on.
note() {
    local name=$1 code=0
    shift
    "$@" >"$out/logs/$name" 2>"$out/logs/$name.err" || code=$?
    echo "$code" >"$out/logs/$name.code"
}
SECONDS=0

say "replaying $corpus"
note replay.json "$STANDSTILL" replay --corpus "$corpus" --format json

# 40 % for the hunts, and 10 % more where real threads are to be soaked.
for engine in $engines; do
    each=$(share 40 "$(count "$engines")")
    [[ $engine != stress ]] || each=$((each + $(share 10 1)))
    say "hunting with $engine for $each ms"
    # To make finds small takes time as well: a short night leaves them larger.
    runs=$((each < 20000 ? each : 20000))
    # Whoever does not keep to its time is told to end, and then ended.
    note "hunt-$engine.json" timeout --foreground -k 10 $((each / 1000 + 30)) "$STANDSTILL" hunt "${scenarios[@]}" \
        --engine "$engine" --time "${each}ms" --seed "$seed" --minimise "$runs" \
        --keep-going --quiet --corpus "$out/found" --report "$out/reports" --format json
done

# 40 % for the targets: most of it on the fixed variants, and enough to see the buggy ones crash.
fuzz() {
    local variant=$1 each=$2 target=$3 code=0 name="fuzz-$3-$1"
    mkdir -p "$out/artifacts/$target" "$out/inputs/$target"
    # The inputs of earlier nights and the corpus are where it begins.
    local from=("$out/inputs/$target")
    for directory in "fuzz/corpus/$target" "$out/seeds/$target"; do
        [[ ! -d $directory || $variant == buggy ]] || from+=("$directory")
    done
    [[ $variant == fixed ]] || from=()
    STANDSTILL_VARIANT=$variant timeout --foreground -s KILL $((each + 45)) "$fuzzers/$target" "${from[@]}" \
        -max_total_time="$each" -timeout=30 -seed=$((seed % 4294967295 + 1)) \
        -artifact_prefix="$out/artifacts/$target/" -print_final_stats=1 \
        >"$out/logs/$name" 2>&1 || code=$?
    echo "$code" >"$out/logs/$name.code"
}
if [[ $fuzz == yes ]]; then
    note export "$STANDSTILL" corpus export --corpus "$corpus" --to "$out/seeds"
    export -f fuzz
    export out fuzzers seed
    rounds=$((($(count "$targets") + jobs - 1) / jobs))
    for part in buggy:8 fixed:32; do
        # libFuzzer counts in seconds.
        variant=${part%:*} each=$(($(share "${part#*:}" "$rounds") / 1000))
        each=$((each > 1 ? each : 1))
        say "fuzzing $(count "$targets") $variant targets for ${each}s each, $jobs at a time"
        xargs -n 1 -P "$jobs" bash -euo pipefail -c "fuzz $variant $each"' "$0"' <<<"$targets"
    done
fi

say "importing what was found into $corpus"
note import.json "$STANDSTILL" corpus import "$out/found" "$out/artifacts" --corpus "$corpus" \
    --format json

say "writing $out/summary.md"
code=0
clock() { printf '%dm%02ds' $(($1 / 60)) $(($1 % 60)); }
"$SUMMARY" "$out" \
    "Shard $shard, seed $seed. It took $(clock "$SECONDS"), with a budget of $(clock "$seconds")." || code=$?
cat "$out/summary.md"
exit "$code"
