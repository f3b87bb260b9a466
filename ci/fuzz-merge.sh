#!/usr/bin/env bash
# Merges the inputs of several nights into fuzz/corpus: those that no other makes superfluous.
# usage: ci/fuzz-merge.sh DIR...   each with a directory for each target
set -euo pipefail
cd "$(dirname "$0")/.."
fuzzers=$(ci/fuzz-build.sh)
for target in $(basename -s .rs fuzz/fuzz_targets/*.rs); do
    from=()
    for directory in fuzz/corpus "$@"; do
        [[ ! -d $directory/$target ]] || from+=("$directory/$target")
    done
    ((${#from[@]} > 0)) || continue
    merged=$(mktemp -d)
    "$fuzzers/$target" -merge=1 "$merged" "${from[@]}" >"$merged.log" 2>&1 || {
        cat "$merged.log" >&2
        exit 1
    }
    mkdir -p fuzz/corpus
    rm -rf "fuzz/corpus/$target"
    mv "$merged" "fuzz/corpus/$target"
    rm -f "$merged.log"
    echo "$target: $(find "fuzz/corpus/$target" -type f | wc -l) inputs"
done
