#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: start a guest that grants and releases for ever, kill
# its VMM after a random number of its lines, and see every lease come back.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=32
seed=${LABYRINTH_TEST_SEED:-$RANDOM}
RANDOM=$seed
printf '# seed %d (set LABYRINTH_TEST_SEED to repeat)\n' "$seed"
start_broker --pool default=$((total * 2))M

# kill_one ROUND: the moment is drawn in lines of the guest's console and then
# in microseconds, so that it falls anywhere, start-up included.
kill_one() {
    local lines=$((RANDOM % 4)) microseconds=$((RANDOM * 6)) fifo=$work/fifo
    local what="kill $1, after $lines lines and $microseconds us: all back"
    mkfifo "$fifo"
    "$labyrinth" run --name "victim-$1" --memory 4M --limit 48M "$demo_elf" \
        spin >"$fifo" 2>"$work/err" &
    local pid=$!
    exec {console}<"$fifo"
    while ((lines-- > 0)); do
        IFS= read -r _ <&"$console" || break
    done
    # Not a wait for anything: it spreads the moment of death.
    read -r -t "0.$(printf '%06d' "$microseconds")" _ <&"$console" || true
    kill -KILL "$pid"
    local status=0
    wait "$pid" 2>/dev/null || status=$?
    exec {console}<&-
    rm "$fifo"
    if [[ $status == 137 ]] && pool_whole "$total"; then
        tap_ok "$what"
    else
        tap_not_ok "$what" \
            "status $status" "$(<"$work/err")" "$(tail -5 "$work/broker.log")"
    fi
}

for ((round = 1; round <= ${LABYRINTH_TEST_KILLS:-20}; round++)); do
    kill_one "$round"
done
tap_is "no guest is listed any more" "$(virsh -c "$uri" list --name | tr -d '\n')" ""
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
