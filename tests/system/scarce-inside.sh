#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: a host that has too few descriptors, too little memory, no
# room in /run, a clock that jumps, and processes that stand still. Ada lives
# through it all, and looks at her memory.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"
. "$abs_top_srcdir/tests/system/scarce-world.sh"

# Descriptors

swept "VMM, descriptors" n vmm_with {4..11} 32
swept "VMM with a broker of its own, descriptors" n alone_with {4..11} 4096
status=0
said=$(ulimit -n 64 && setpriv --bounding-set -sys_resource \
    "$labyrinthd" --run-dir "$work/few" 2>&1) || status=$?
tap_like "a broker with too few descriptors" "$status: $said" \
    '^1: .*files must be open at once.*but the limit is 64: raise it'

# Memory, by address space

most=$(most_of "$ada_pid")
# shellcheck disable=SC2046 # words
swept "VMM, memory" v vmm_with 2500 4000 $(shares_of "$most")
most=$(most_of "$broker_pid")
# shellcheck disable=SC2046
swept "broker, memory" v first_with $(shares_of "$most")

# The living broker may have no more than it has: whoever comes is served or
# told why, and afterwards nothing is missing.
prlimit --pid "$broker_pid" --as="$(($(size_of "$broker_pid") * 1024)):"
for ((round = 0; round < 3; round++)); do
    comes_and_goes "a broker out of memory, round $round"
done
prlimit --pid "$broker_pid" --as=unlimited:
nothing_lost "after a broker was out of memory"

# A broker whose control group is out of memory
if group=$(make_group); then
    echo "$broker_pid" >"$group/cgroup.procs"
    echo 24M >"$group/memory.max"
    v allocpages 2M $((total + 32)) >/dev/null || true
    if until_true ended_or_short; then
        tap_ok "a group without memory: the broker is killed, or says so"
    else
        tap_not_ok "a group without memory" "$(<"$work/broker.log")"
    fi
    comes_and_goes "a group without memory"
    echo max >"$group/memory.max"
    v allocpages 2M "$total" >/dev/null
    nothing_lost "after a group was out of memory"
    stop_broker
    rmdir "$group"
    need_broker
else
    tap_not_ok "there is a control group for memory"
fi

# Room

for size in 4k 8k 16k 24k 32k; do
    room "$size" "nr_inodes=64"
done
for inodes in 2 3 4 5 6; do
    room 1m "nr_inodes=$inodes"
done
fill "/var/lib/labyrinth"
said=$(v define "$work/eve.xml" || true)
tap_like "no room for a definition: virsh is told" "$said" \
    'write .*eve.xml: No space left on device'
tap_is "and nothing of it is left" "$(v list --all --name | xargs)" ada
unfill "/var/lib/labyrinth"
fill /run/labyrinth
comes_and_goes "no room in /run"
unfill /run/labyrinth
nothing_lost "after /run was full"

# Time

[[ ${LABYRINTH_TESTBED:-} == emulated ]] || exit 1 # not the clock of a real one
jumps "+1 year" "-2 years" "+40 years" "1971-01-01"
nothing_lost "after the clock jumped"

# Who stands still

kill -STOP "$broker_pid"
turns "ada goes on while the broker is stopped"
status=0
said=$("$labyrinth" audit 2>&1) || status=$?
tap_is "an audit of a stopped broker: its status" "$status" 2
tap_like "and says so" "$said" 'the broker has not answered for 10 seconds'
status=0
said=$("${bob[@]}" 2>&1) || status=$?
tap_is "a guest of a stopped broker: its status" "$status" 125
tap_like "and says so" "$said" 'the broker has not answered for 10 seconds'
kill -CONT "$broker_pid"
nothing_lost "after the broker was stopped"

kill -STOP "$ada_pid"
comes_and_goes "a VMM that is stopped" '' served
kill -CONT "$ada_pid"
nothing_lost "after a VMM was stopped"
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
