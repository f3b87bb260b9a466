#!/usr/bin/env bash
# Does what the README tells a newcomer, word for word: a new crate, two lines, one attribute, one
# command; and the hang is found, with the report that the README shows.
# usage: ci/newcomer.sh    UPDATE_README=1 writes the report anew after a deliberate change.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"
# What a newcomer does not have set.
unset CI STANDSTILL_SCHEDULES STANDSTILL_SEED STANDSTILL_REPLAY STANDSTILL_CORPUS STANDSTILL_SAVE
unset RUST_BACKTRACE
export CARGO_TERM_COLOR=never CARGO_TERM_QUIET=false

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}
# The block of code behind `<!-- newcomer: NAME -->`.
block() {
    awk -v marker="<!-- newcomer: $1 -->" '
        $0 == marker { found = 1; next }
        found && /^```/ { if (inside) exit; inside = 1; next }
        inside' "$root/README.md"
}
same() {
    [[ $1 == "$2" ]] || fail "$3, not:" "$1" "but:" "$2"
}

cd "$scratch"
# In place of the registry, where the crates are not yet: this checkout. The README's lines stay.
mkdir .cargo
{
    echo '[patch.crates-io]'
    for crate in standstill:standstill standstill-rt:rt standstill-model:model \
        standstill-engine:engine standstill-shuttle:shuttle standstill-report:report \
        standstill-hunt:hunt standstill-macros:macros \
        standstill-std:std standstill-tokio:tokio standstill-tokio-util:tokio-util \
        standstill-tokio-stream:tokio-stream; do
        echo "${crate%:*} = { path = \"$root/harness/${crate#*:}\" }"
    done
} >.cargo/config.toml
# Everything is downloaded already: the versions that the workspace was tested with.
export CARGO_NET_OFFLINE=true

begin=$(block begin)
[[ $begin == "cargo new --lib transfers && cd transfers" ]] || fail "the README begins with: $begin"
eval "$begin" 2>"$scratch/new" || fail "cargo new fails:" "$(cat "$scratch/new")"
# `cargo new` leaves an empty [dependencies] at the end, which the README's lines fill.
[[ $(tail -n 1 Cargo.toml) == "[dependencies]" ]] || fail "what cargo new writes has changed:" "$(cat Cargo.toml)"
sed -i '$d' Cargo.toml
block Cargo.toml >>Cargo.toml
lines=$(block Cargo.toml | grep -v -e '^\[' -e '^$' | wc -l)
((lines == 2)) || fail "the README promises two lines and gives $lines"
block src/lib.rs >src/lib.rs
(($(grep -c '#\[standstill::' src/lib.rs) == 1)) || fail "the README promises one attribute"
cp "$root/Cargo.lock" .

command=$(block command)
same "$command" "cargo test" "the README's command is"
# Runs it; what it prints from the report on is in $report.
run() {
    local code=0
    "$@" >out 2>err || code=$?
    # cargo test: 101. cargo nextest: 100.
    ((code == expected)) || fail "$*: exit code $code, where $expected was due:" "$(cat out err)"
    report=$(cat out err | sed "s/^$indent//" | sed -n '/^hang: /,/^\(saved\|shown\) /p')
    [[ $report == "hang: transfer#1 waits to lock "* ]] ||
        fail "$*: the hang is not reported:" "$(cat out err)"
}
expected=101 indent=''
eval "run $command"
entry=$(find standstill-corpus -name '*.toml')
[[ $report == *"saved as $entry: "* ]] || fail "the entry is not the one that was saved:" "$entry" "$report"
if [[ $report != "$(block report)" ]]; then
    [[ -n ${UPDATE_README:-} ]] || fail "after a deliberate change: UPDATE_README=1 bash ci/newcomer.sh" \
        "the README quotes:" "$(block report)" "and cargo test prints:" "$report"
    REPORT=$report awk '
        { if (!skip || /^```/) print }
        $0 == "<!-- newcomer: report -->" { found = 1 }
        found && /^```/ { if (skip) { skip = found = 0 } else { skip = 1; print ENVIRON["REPORT"] } }
        ' "$root/README.md" >readme
    cp readme "$root/README.md"
fi

# The command that the report ends with makes that very run.
again=$(sed -n 's/^  replay: //p' <<<"$report")
code=0
eval "$again" >out 2>err || code=$?
((code == 101)) && grep -q '^hang: transfer#1 waits to lock .bob.' out err ||
    fail "$again: exit code $code:" "$(cat out err)"

# As the README says, tokio's own attribute sees nothing.
sed -i 's|#\[standstill::test\]|#[tokio::test]|' src/lib.rs
cargo test >out 2>&1 || fail "with #[tokio::test] it fails, too:" "$(cat out)"
sed -i 's|#\[tokio::test\]|#[standstill::test]|' src/lib.rs

# The second time it is the entry that shows it, without a schedule of the hunt's own.
STANDSTILL_SCHEDULES=0 run cargo test
[[ $report == *"shown by the entry $entry" ]] || fail "the entry is not replayed:" "$report"

if cargo nextest --version >/dev/null 2>&1; then
    # Which indents what a test prints.
    expected=100 indent='    '
    rm -r standstill-corpus
    run cargo nextest run
    [[ $report == *"saved as $entry: "* ]] || fail "under nextest nothing is saved:" "$report"
    STANDSTILL_SCHEDULES=0 run cargo nextest run
    [[ $report == *"shown by the entry $entry" ]] || fail "under nextest nothing is replayed:" "$report"
else
    echo "skipped: cargo-nextest is not installed (cargo install cargo-nextest --locked)"
fi

# Mended as the report suggests, in one order of locking, the test passes; so does its entry.
sed -i 's|transfer(bob.clone(), alice.clone(), 2)|transfer(alice.clone(), bob.clone(), -2)|' src/lib.rs
cargo test >out 2>&1 || fail "the mended crate fails:" "$(cat out)"
[[ -f $entry ]] || fail "the entry of the mended bug is gone"
cargo build --offline 2>err || fail "the production build fails:" "$(cat err)"

echo "from cargo new to a found hang: two lines, one attribute, one command"
