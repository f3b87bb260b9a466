#!/usr/bin/env bash
# What each guide of the fuzzer is worth: executions until the first finding, the median of so many
# seeds, as a Markdown table. All begin with one input of 200 bytes, which the seed decides.
# usage: fuzz/ablation.sh [SEEDS] [EXECUTIONS]
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${1:-20}
most=${2:-50000}
base="${CARGO_TARGET_DIR:-$PWD/target}/fuzz-ablation"
targets="watch-mux cancel-leak two-stages three-stages"
guides="blind edges counters mutator both"
host=$(rustc -vV | sed -n 's/^host: //p')
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for guide in $guides; do
    case $guide in
        edges) features='' ;;
        both) features=counters,mutator ;;
        *) features=$guide ;;
    esac
    [[ -n ${REUSE:-} && -d $base/$guide ]] || {
        cargo fuzz build --fuzz-dir fuzz/ablation --sanitizer none --target-dir "$base/build" \
            --no-default-features --features "$features" >&2
        mkdir -p "$base/$guide"
        for target in $targets; do
            cp "$base/build/$host/release/$target" "$base/$guide/"
        done
    }
done

# The executions until the first finding, or one more than all of them.
one() {
    local guide=$1 target=$2 seed=$3 directory="$scratch/$1-$2-$3"
    mkdir -p "$directory/inputs"
    # The same bytes for every guide, and on every machine.
    awk -v seed="$seed" 'BEGIN { srand(seed); for (i = 0; i < 200; i++) printf "%03o\n", rand() * 256 }' |
        while read -r byte; do printf "\\$byte"; done >"$directory/first"
    STANDSTILL_VARIANT=buggy "$base/$guide/$target" "$directory/inputs" "$directory/first" \
        -seed="$seed" -runs="$most" -max_len=512 -len_control=0 -print_final_stats=1 \
        -artifact_prefix="$directory/" >"$directory/log" 2>&1 && code=0 || code=$?
    case $code in
        77) sed -n 's/^stat::number_of_executed_units: *//p' "$directory/log" ;;
        0) echo $((most + 1)) ;;
        *) cat "$directory/log" >&2 && exit 1 ;;
    esac
    rm -rf "$directory"
}
export -f one
export scratch base most

echo "| target | random bytes | edges | + counters | + mutator | + both |"
echo "| --- | ---: | ---: | ---: | ---: | ---: |"
for target in $targets; do
    printf '| %s |' "$target"
    for guide in $guides; do
        seq 1 "$seeds" |
            xargs -P "$(nproc)" -I '{}' bash -euo pipefail -c "one $guide $target {}" | sort -n |
            awk -v most="$most" '{ value[NR] = $1; found += $1 <= most }
                END {
                    half = (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2
                    printf " %s (%d of %d) |", half > most ? "> " most : half, found, NR
                }'
    done
    echo
done
