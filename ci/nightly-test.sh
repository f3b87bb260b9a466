#!/usr/bin/env bash
# What the nightly's exit code says, by four nights of one scenario: 1 for a fingerprint that is
# new, 0 when it is known, 1 when an entry does not replay any more, 2 when an entry is broken. And
# each leaves its summary.
# usage: ci/nightly-test.sh
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ -z ${STANDSTILL:-} || -z ${SUMMARY:-} ]]; then
    cargo build --release --locked --quiet -p standstill-cli -p standstill-night
    release=${CARGO_TARGET_DIR:-$PWD/target}/release
    export STANDSTILL=$release/standstill SUMMARY=$release/standstill-night
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# night CODE FRAGMENT: how it must end, and what its summary must say.
night() {
    local code=0
    rm -rf "$scratch/out"
    bash ci/nightly.sh --budget 20s --seed 1 --corpus "$scratch/corpus" --out "$scratch/out" \
        --no-fuzz quota-worker >"$scratch/log" 2>&1 || code=$?
    if ((code != $1)) || ! grep -qF -- "$2" "$scratch/out/summary.md"; then
        echo "a night ended with $code and not $1, or its summary does not say: $2" >&2
        cat "$scratch/log" >&2
        exit 1
    fi
    [[ -s $scratch/out/summary.json && -s $scratch/out/junit.xml ]]
    echo "exit code $1: $(head -1 "$scratch/out/summary.md")"
}

# What another scenario has is not what this one shows.
mkdir "$scratch/corpus"
cp -r corpus/watch-mux "$scratch/corpus/"
night 1 '# The night: look at this: 1 new'
night 0 '# The night: all is well'

# An entry that says something else than its schedule shows: the bug as it was is lost.
entry=$(find "$scratch/corpus/quota-worker" -name '*.toml')
other=${entry%.toml}-other.toml
sed -E 's/^fingerprint = "([a-z-]+)-[0-9a-f]+"/fingerprint = "\1-0123456789ab"/' "$entry" >"$other"
night 1 '# The night: look at this: 1 lost'
echo 'format = 99' >"$other"
night 2 'in trouble'
echo "new and lost fingerprints end the nightly with 1, what it cannot use with 2"
