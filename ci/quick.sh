#!/usr/bin/env bash
# The quick check, for in between: formatting, lints, unit tests, and the conformance suite with the
# other tests of controlled runs. Cargo builds and lints again only what has changed since the last time
# and what depends on that: on a warm target directory it is meant to take less than two minutes. The
# features are those of `cargo test --workspace`, so neither makes the other build anything twice. Before a
# merge comes ci/check.sh.
#
# usage: ci/quick.sh [--base REV] [--all]
#   --base REV  what has changed is what differs from here, committed or not, and new files. The default
#               is where the branch has left main
#   --all       lints and tests although nothing has changed
#   --help      prints this
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/steps.sh

base='' all=no
while (($# > 0)); do
    case $1 in
        --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0" && exit ;;
        --all) all=yes && shift ;;
        --base)
            (($# > 1)) || { echo 'error: --base needs a revision' >&2 && exit 2; }
            base=$2 && shift 2
            ;;
        *) echo "error: there is no option $1: see ci/quick.sh --help" >&2 && exit 2 ;;
    esac
done
if [[ -z $base ]]; then
    base=HEAD
    for main in origin/main main; do
        git rev-parse --quiet --verify "$main^{commit}" >/dev/null || continue
        base=$(git merge-base HEAD "$main" || echo HEAD)
        break
    done
fi
git rev-parse --quiet --verify "$base^{commit}" >/dev/null ||
    { echo "error: there is no revision $base" >&2 && exit 2; }

# The directory of the crate that a file is part of; `.` for what concerns all of them.
crate_of() {
    local directory
    directory=$(dirname "$1")
    while [[ $directory != . && ! -f $directory/Cargo.toml ]]; do
        directory=$(dirname "$directory")
    done
    echo "$directory"
}

files=$({ git diff --name-only "$base" && git ls-files --others --exclude-standard; } | sort -u)
crates=$(while read -r file; do [[ -z $file ]] || crate_of "$file"; done <<<"$files" | sort -u)
# Workspaces of their own are not looked at here.
apart=$(sed -n 's/^exclude = \[\(.*\)\]$/\1/p' Cargo.toml | tr -d ' "' | tr ',' '\n')
# What all crates share.
shared=$(grep -E '^(Cargo\.(toml|lock)|(scenarios/)?clippy\.toml|\.cargo/.*)$' <<<"$files" || true)

here=() elsewhere=()
for crate in $crates; do
    if grep -qxF "$crate" <<<"$apart" || [[ $crate == fuzz/* ]]; then
        elsewhere+=("$crate")
    elif [[ $crate != . ]]; then
        here+=("$crate")
    fi
done
echo "changed since $(git rev-parse --short "$base"): ${here[*]:-no crate of the workspace}${shared:+, and what they share}"
[[ ${#elsewhere[@]} == 0 ]] || echo "not checked here, but by ci/check.sh: ${elsewhere[*]}"

step cargo fmt --all --check
if [[ $all == yes || ${#here[@]} -gt 0 || -n $shared ]]; then
    step cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
    step cargo test --workspace --lib --test engine --locked --quiet
fi
steps_end 'the quick check passed'
