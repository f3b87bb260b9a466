#!/usr/bin/env bash
# The quick check, for in between: formatting, lints, unit tests and the conformance suite. What has
# not changed since it was last built is not built again, so on a warm target directory it takes less
# than two minutes. Before a merge comes ci/check.sh.
#
# usage: ci/quick.sh [--base REV] [--all]
#   --base REV  what has changed is what differs from here, committed or not, and new files. The default
#               is where the branch has left main
#   --all       tests every crate, changed or not
#   --help      prints this
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/steps.sh

usage() {
    sed -n '/^# usage: /,/^[^#]/s/^# \{0,1\}//p' "$0"
}
base='' all=no
while (($# > 0)); do
    case $1 in
        --help | -h) sed -n '2,/^set /s/^# \{0,1\}//p' "$0" | sed '$d' && exit ;;
        --all) all=yes && shift ;;
        --base)
            (($# > 1)) || { usage >&2 && exit 2; }
            base=$2 && shift 2
            ;;
        *) usage >&2 && exit 2 ;;
    esac
done
