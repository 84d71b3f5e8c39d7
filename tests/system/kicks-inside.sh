#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: one guest kicks in a loop for nothing, another one storms
# beside it. The first one's VMM does not go round for each kick.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

# As vmm/hcall/kicks.h has it; and what it takes to start.
burst=64
period=10
start=200

# How often the process's threads went to sleep, all together.
sleeps() {
    awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum }' \
        "/proc/$1/task"/*/status
}

now() { date +%s%3N; }

start_broker --pool default=64M
mkfifo "$work/ada.fifo"
began=$(now)
"$labyrinth" run --name ada --limit 16M "$demo_elf" kicks 30000 \
    >"$work/ada.fifo" &
ada=$!
exec {console}<"$work/ada.fifo"
IFS= read -r line <&"$console"
tap_is "it kicks" "$line" kicking
status=0
"$labyrinth" run --name bob --limit 32M "$demo_elf" storm 1 1000 \
    >"$work/bob.out" || status=$?
tap_is "its neighbour's storm ends well" "$status" 0
IFS= read -r line <&"$console"
tap_is "it has kicked 30000 times" "$line" kicked
all=$(sleeps "$ada")
most=$((start + burst + 2 * ($(now) - began) / period))
printf '# its VMM slept %d times, of %d that it may\n' "$all" "$most"
tap_is "its VMM went round a bounded number of times" $((all <= most)) 1
kill -KILL "$ada"
tap_done
