#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: brokers come and go, by SIGKILL at drawn moments and by
# SIGTERM, while one guest spins and another storms.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=48
broker=(--pool default=$((total * 2))M --adopt-timeout 120000)
seed=${LABYRINTH_TEST_SEED:-$RANDOM}
RANDOM=$seed
printf '# seed %d (set LABYRINTH_TEST_SEED to repeat)\n' "$seed"

# until_true COMMAND...: ask until it is so, for two minutes at most.
until_true() {
    local end=$((SECONDS + 120))
    while ((SECONDS < end)); do
        ! "$@" || return 0
    done
    printf '# not in two minutes: %s\n' "$*"
    return 1
}

# moment: not a wait for anything; it spreads the moment of death.
moment() {
    read -r -t "0.$(printf '%06d' $((RANDOM * 6)))" _ <"$work/never" || true
}
mkfifo "$work/never"
exec {never}<>"$work/never"

# end_broker SIGNAL
end_broker() {
    kill "-$1" "$broker_pid"
    wait "$broker_pid" 2>/dev/null || true
}

lines() { wc -l <"$1"; }
more_lines() { (($(lines "$1") > $2)); }
lives() { kill -0 "$1" 2>/dev/null; }
said() { grep -q "$2" "$work/$1"; }
is_back() { said broker.log "guest $1 is back" || ! lives "$2"; }
# Its only processor waits in the VMM, not in the guest; or it has ended.
sleeps() {
    [[ $(cat "/proc/$1/syscall" 2>/dev/null || true) == '202 '* ]] || ! lives "$1"
}
share() {
    virsh -q -c "$uri" vol-list default --details | awk -v n="$1" '$1 == n'
    virsh -q -c "$uri" domid "$1"
    virsh -q -c "$uri" domuuid "$1"
}
sum() {
    local state all=0
    for state in blank leased revoking dirty withdrawn; do
        all=$((all + $(leases $state)))
    done
    echo "$all"
}

# run_guest NAME OPTION...: its console in $work/NAME, its errors in NAME.err;
# returns when it has said something.
run_guest() {
    local name=$1
    shift
    "$labyrinth" run --name "$name" "$@" >"$work/$name" 2>"$work/$name.err" &
    guest_pid=$!
    until_true more_lines "$work/$name" 0
}

start_broker "${broker[@]}"
run_guest ada --guarantee 12M --limit 12M "$demo_elf" spin
ada=$guest_pid
run_guest bob --limit 32M --kernel-timeout 120000 "$demo_elf" storm "$seed" \
    "${LABYRINTH_TEST_ROUNDS:-6000}"
bob=$guest_pid
before=$(share ada)

# restart ROUND: the broker ends; the guests go on; the next one has them.
restart() {
    local signal=KILL on
    (($1 % 3 != 0)) || signal=TERM
    moment
    end_broker "$signal"
    if (($1 % 3 == 1)); then
        # One that is killed while it comes up, or just afterwards.
        "$labyrinthd" "${broker[@]}" 2>>"$work/short.log" &
        broker_pid=$!
        moment
        end_broker KILL
    fi
    # Two, since one may have been on its way.
    on=$(lines "$work/ada")
    until_true more_lines "$work/ada" $((on + 1))
    tap_ok "round $1, SIG$signal: a guest goes on without a broker"
    start_broker "${broker[@]}"
    until_true is_back ada "$ada"
    until_true is_back bob "$bob"
    tap_is "round $1: its share, number and UUID are as before" \
        "$(share ada)" "$before"
    tap_is "round $1: each lease is in one state" "$(sum)" "$total"
}

rounds=0
while lives "$bob" && ((rounds < 20)) || ((rounds < 6)); do
    rounds=$((rounds + 1))
    restart "$rounds"
done
status=0
wait "$bob" || status=$?
tap_is "a storm through $rounds restarts ends well" "$status" 0
tap_pass_on "the storm" <"$work/bob"
tap_is "no guest ever held what a broker did not know" \
    "$(cat "$work"/*.err | grep -c -e 'which holds' -e 'without a broker')" 0

# Killed while there is no broker
end_broker KILL
kill -KILL "$ada"
wait "$ada" 2>/dev/null || true
start_broker "${broker[@]}"
if pool_whole "$total"; then
    tap_ok "a VMM killed without a broker: all is back after the restart"
else
    tap_not_ok "a VMM killed without a broker" "$(<"$work/broker.log")"
fi
tap_is "no guest is listed any more" \
    "$(virsh -c "$uri" list --name | tr -d '\n')" ""

# A guest that needs more than it holds when there is no broker
# needs NAME OPTION...
needs() {
    run_guest "$1" --memory 4M --limit 48M "${@:2}" "$demo_elf" hold 8192 1
    kill -STOP "$guest_pid"
    end_broker KILL
    kill -CONT "$guest_pid"
    until_true said "$1.err" 'the broker is gone'
}

needs carol --kernel-timeout 120000
until_true sleeps "$guest_pid"
on=$(lines "$work/carol")
start_broker "${broker[@]}"
status=0
wait "$guest_pid" || status=$?
tap_is "a guest that waits through a restart ends well" "$status" 0
tap_like "it got what it waited for (after line $on)" "$(<"$work/carol")" \
    'holding +8192 pages.*all given back'
tap_is "and was refused nothing" "$(grep -c 'no more' "$work/carol")" 0

needs dave --kernel-timeout 50
status=0
wait "$guest_pid" || status=$?
tap_is "one that waits for nothing ends well, too" "$status" 0
tap_like "it was refused by its deadline, and went on" "$(<"$work/dave")" \
    'no more to be had.*all given back'

start_broker "${broker[@]}"
if pool_whole "$total"; then
    tap_ok "the pool is whole at the end"
else
    tap_not_ok "the pool is whole at the end" "$(<"$work/broker.log")"
fi
stop_broker
tap_is "the broker ends when asked" $? 0
tap_is "and leaves no journal, when it has no guest" \
    "$(find /run/labyrinth -name '*.ledger')" ""
tap_done
