#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: what a guest is guaranteed is its own, however greedy a
# neighbour is; what is above that is asked back for who needs it, and refused
# where nobody can give.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=32 # leases
start_broker --pool default=$((total * 2))M
declare -A pid reader

# start GUEST OPTION...: returns when it has said its first line. What it says
# is in $work/GUEST.out, what its VMM says in GUEST.err.
start() {
    local guest=$1 line=''
    shift
    mkfifo "$work/$guest"
    "$labyrinth" run --name "$guest" "$@" \
        >"$work/$guest" 2>"$work/$guest.err" &
    pid[$guest]=$!
    exec {console}<"$work/$guest"
    rm "$work/$guest"
    IFS= read -r line <&"$console" || true
    printf '%s\n' "$line" >"$work/$guest.out"
    cat <&"$console" >>"$work/$guest.out" &
    reader[$guest]=$!
    exec {console}<&-
}

# passes GUEST WHAT: its TAP is this test's own, and it ends well.
passes() {
    local status=0
    wait "${pid[$1]}" || status=$?
    wait "${reader[$1]}"
    tap_pass_on "$2" <"$work/$1.out"
    tap_is "$2: exit status" "$status" 0
}

# quiet GUEST WHAT: its VMM had nothing to say.
quiet() {
    tap_is "$2: nothing on standard error" "$(<"$work/$1.err")" ""
}

# dismiss GUEST WHAT: it ran till now; end it.
dismiss() {
    local status=0
    kill -KILL "${pid[$1]}"
    wait "${pid[$1]}" 2>/dev/null || status=$?
    tap_is "$2: $1 was there all the time" "$status" 137
    quiet "$1" "$2, $1"
    if pool_whole "$total"; then
        tap_ok "$2: the pool is whole"
    else
        tap_not_ok "$2: the pool is whole"
    fi
}

# needy KIND WHAT OPTION...: dave, whose guarantee is all that ada's leaves.
needy() {
    local kind=$1 what=$2
    shift 2
    start dave --cpus 2 --guarantee 12M --limit 24M "$@" "$demo_elf" needy "$kind"
    passes dave "$what"
}

# Nobody can give: ada holds her guarantee, and there is nothing beside.
nobody_gives() {
    start ada --guarantee 52M --limit 52M "$demo_elf" greedy 1
    needy refused "nobody can give" --kernel-timeout 500
    quiet dave "nobody can give"
    # An hour: nothing but the sibling's release ends it before this test ends.
    needy served "a sibling can" --kernel-timeout 3600000
    quiet dave "a sibling can"
    needy beside "one waits and one does not" --kernel-timeout 8000
    quiet dave "one waits and one does not"
    needy aloud "failures" --kernel-timeout 0
    failures_counted
    dismiss ada "nobody can give"
}

# failures_counted: of those that are to be logged each has a line, or is among
# the `more` of one.
failures_counted() {
    local lines more
    lines=$(grep -c 'page allocation failure: 1 of order 9, mode 0x1 (GFP_ATOMIC): ' \
        "$work/dave.err") || true
    # shellcheck disable=SC2016 # the backquotes are the log's
    more=$(sed -n 's/.*guest `dave`: \([0-9]*\) failures more$/\1/p' \
        "$work/dave.err" | paste -s -d+)
    printf '# %s lines, and %s more\n' "$lines" "$more"
    tap_is "failures: aloud as often as dave says" \
        "# $((lines + ${more:-0})) failures aloud" \
        "$(grep '^# .*failures aloud' "$work/dave.out")"
    tap_is "failures: and nothing else" \
        "$(grep -c -v -E 'page allocation failure|failures more' \
            "$work/dave.err")" 0
}

# A neighbour has all, and a lease of it idle, with which it parts when asked.
neighbour_gives() {
    start dave --guarantee 12M --limit 24M --kernel-timeout 60000 \
        "$demo_elf" needy given
    start carol --limit $((total * 2))M "$demo_elf" greedy 1
    passes dave "a neighbour can"
    quiet dave "a neighbour can"
    dismiss carol "a neighbour can"
}

# Two with guarantees, and a third in a storm for all that there is.
three_guests() {
    local guest
    for guest in ada bob; do
        start "$guest" --guarantee 12M --limit 24M "$demo_elf" modest
    done
    start carol --limit $((total * 2))M --cpus 2 "$demo_elf" greedy
    for guest in ada bob; do
        passes "$guest" "three guests, $guest"
        quiet "$guest" "three guests, $guest"
    done
    dismiss carol "three guests"
    tap_like "three guests: carol had all the rest" "$(<"$work/carol.out")" \
        '# turn [0-9]+: [0-9]+ pages in (1[6-9]|20) leases'
}

nobody_gives
neighbour_gives
three_guests
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
