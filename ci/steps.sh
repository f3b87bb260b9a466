# Steps of a check with their times. To be sourced.
#
# step COMMAND...   prints the command, runs it, and notes how long it took and how much time of the
#                   processors it and its children used: on a busy machine only that can be compared
# steps_end WHAT    prints the table of the steps

steps=()

# Processor time in hundredths of a second that this shell's children have used. 0 where the platform
# does not tell.
used() {
    local stat=()
    [[ ! -r /proc/$$/stat ]] || read -r -a stat <"/proc/$$/stat"
    echo $((${stat[15]:-0} + ${stat[16]:-0}))
}

step() {
    local began=$SECONDS before
    before=$(used)
    printf '\n== [%dm%02ds] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"
    "$@"
    steps+=("$(printf '%6ds %8ds  %.90s' $((SECONDS - began)) $((($(used) - before) / 100)) "$*")")
}

steps_end() {
    printf '\n%7s %9s\n' elapsed processor
    printf '%s\n' "${steps[@]}"
    printf '\n%s in %dm%02ds\n' "$*" $((SECONDS / 60)) $((SECONDS % 60))
}
