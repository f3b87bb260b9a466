#!/usr/bin/env bash
# What is generic or inlined in a drop-in is compiled in the crate of its user, with that crate's flags.
# Where those instrument atomics, each atomic there calls the engine as if it were the program's own. So
# the drop-ins have none of theirs in such code, and say when what they wrap is at work.
#
# A relapse is a function of `facade` or of a drop-in that has an atomic or a lock and can be inlined or
# is generic, an `Arc` in a type that users drop, or a real type that is used outside of `Inside`.
set -euo pipefail
cd "$(dirname "$0")/thin"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/../../target}"

instrumented=(-Cpasses=atomic-expand,tsan -Cllvm-args=-tsan-instrument-func-entry-exit=0)
# What the drop-ins may add, in percent of what the real types bring: their code is there more than once
# where a lock is taken both ways, in a run and outside of one.
most_added=15

# How many calls of the instrumentation there are in the probe's machine code.
calls() {
    local asm="$CARGO_TARGET_DIR/thin/$1.s"
    mkdir -p "${asm%/*}"
    # Cargo knows nothing of this file.
    [[ -e $asm ]] || touch probe/src/lib.rs
    cargo rustc --release --locked --quiet -p standstill-thin-probe --lib "${@:2}" -- \
        "${instrumented[@]}" -Ccodegen-units=1 "--emit=asm=$asm"
    grep -c '__tsan_' "$asm"
}

real=$(calls off)
ours=$(calls on --features standstill)
echo "instrumented atomics in the probe: $ours with the drop-ins on, $real with them off"
if ((ours * 100 > real * (100 + most_added))); then
    echo "the drop-ins bring atomics of their own into the crate of their user" >&2
    exit 1
fi

# The same in runs, where it shows which of them would be taken for the program's.
cargo rustc --release --locked --quiet -p standstill-thin -- "${instrumented[@]}"
timeout 300 "$CARGO_TARGET_DIR/release/standstill-thin"
