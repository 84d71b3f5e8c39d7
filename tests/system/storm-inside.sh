#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: two guests with four processors each storm for a minute
# on a pool that is less than they may hold together, with failures on every
# path; then every count is back where it began. And storms that ebb, after
# which most of what was leased is with the broker again.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=12 # leases
sea=128
seconds=${LABYRINTH_TEST_STORM:-60}
failures=()
for path in hypercall local lease map refill; do
    failures+=(--fail "$path:probability=10")
done
start_broker --pool default=$((total * 2))M --pool sea=$((sea * 2))M
declare -A pid

# start GUEST OPTION...: what it says is in $work/GUEST.tap and GUEST.err.
start() {
    local guest=$1
    shift
    "$labyrinth" run --name "$guest" "$@" \
        >"$work/$guest.tap" 2>"$work/$guest.err" &
    pid[$guest]=$!
}

# passes GUEST WHAT: it ends well, and without a word of its VMM.
passes() {
    local status=0
    wait "${pid[$1]}" || status=$?
    tap_pass_on "$2, $1" <"$work/$1.tap"
    tap_is "$2, $1: exit status" "$status" 0
    tap_is "$2, $1: nothing on standard error" "$(<"$work/$1.err")" ""
}

# whole WHAT TOTAL POOL
whole() {
    if pool_whole "$2" "$3"; then
        tap_ok "$1: the pool is whole"
    else
        tap_not_ok "$1: the pool is whole"
    fi
}

# A grant that waits for the other guest does not wait for long.
storms() {
    local guest seed=1
    for guest in ada bob; do
        start "$guest" --cpus 4 --limit 16M --kernel-timeout 200 \
            "${failures[@]}" --fail-seed "$seed" \
            "$demo_elf" storm "$seed" 0 "$seconds"
        seed=$((seed + 1))
    done
    for guest in ada bob; do
        passes "$guest" "storm under failures"
        # What it says at its end: some grants were refused, not all.
        tap_like "storm under failures, $guest: did fail" \
            "$(<"$work/$guest.tap")" \
            "# [0-9]+ s, [0-9]+ rounds each: [0-9]{3,} grants, [0-9]{2,} refused"
    done
    whole "storm under failures" "$total" default
}

ebbs() {
    start ada --pool sea --limit 128M --cpus 1 "$demo_elf" ebb 1
    start bob --pool sea --limit 128M --cpus 4 "$demo_elf" ebb 2
    passes ada "ebb"
    passes bob "ebb"
    whole "ebb" "$sea" sea
}

# One that stays at its lowest: of the 62 leases of its window, 80 % are back,
# and its RAM has 2.
ebb_seen() {
    local line='' held end
    mkfifo "$work/fifo"
    "$labyrinth" run --name carol --pool sea --limit 128M --cpus 2 "$demo_elf" \
        ebb 3 stay >"$work/fifo" 2>"$work/carol.err" &
    pid[carol]=$!
    exec {console}<"$work/fifo"
    while [[ $line != '# stays' ]] && IFS= read -r line <&"$console"; do
        printf '%s\n' "$line" >>"$work/carol.tap"
    done
    tap_is "ebb, carol: stays at her lowest" "$line" '# stays'
    tap_like "ebb, carol: held most of 62 leases" "$(<"$work/carol.tap")" \
        '# height: [0-9]+ of 31744 pages in 6[0-4] leases'
    # The broker may still be reading what she sent.
    end=$((SECONDS + 60))
    until held=$(leases leased sea) && ((held <= 62 / 5 + 2 || SECONDS >= end)); do
        :
    done
    printf '# ebb, carol: %d leases are still hers\n' "$held"
    tap_is "ebb, carol: the broker has most of them again" \
        "$((held <= 62 / 5 + 2))" 1
    kill -KILL "${pid[carol]}"
    wait "${pid[carol]}" 2>/dev/null || true
    whole "ebb, carol killed" "$sea" sea
}

storms
ebbs
ebb_seen
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
