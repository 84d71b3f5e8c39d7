#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed, without any broker but the private one of `labyrinth
# run`: how guests end, and what is said of it.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

# ends NAME STATUS PATTERN ARG...: the guest's exit status, and what its
# console and standard error say.
ends() {
    local name=$1 wanted=$2 pattern=$3 status=0 said
    shift 3
    said=$("$labyrinth" run "$@" 2>&1) || status=$?
    tap_is "$name: exit status" "$status" "$wanted"
    tap_like "$name: says why" "$said" "$pattern"
}

ends "a private broker serves a first run" 0 'ok 1 - ' "$demo_elf" selftest
ends "hello" 0 '[Hh]ello' "$abs_top_builddir/guest/hello.elf"
ends "an unknown exercise" 2 'usage' "$demo_elf" no-such-exercise
ends "an exception is reported by the guest" 123 '[Pp]age fault' \
    "$demo_elf" crash
ends "an exception is reported by the processor that has it" 123 \
    '[Pp]age fault.* on processor 2' --cpus 3 "$demo_elf" crash 2
ends "a grant that may wait, under a lock" 123 \
    'might_sleep: called with interrupts on, depth 1, at RIP 0x[0-9a-f]+' \
    "$demo_elf" nap
ends "exclusive pages in so wide a window that their record has a level more" 0 \
    'ok 30 - ' --limit 600M "$demo_elf" exclusive
ends "an exclusive page given back while it is mapped" 123 \
    'panic: guest page 0x1[0-9a-f]+ is given back while it is mapped: it is exclusive to ada at 0x6[0-9a-f]+' \
    "$demo_elf" exclusive free
ends "touching no lease without machine checks" 126 \
    'was stopped: it touched guest page 0x1[0-9a-f]+, which has no lease' \
    "$demo_elf" touch-hole
ends "touching no lease with the machine checks' bank off" 126 \
    'was stopped: it touched guest page 0x1[0-9a-f]+, which has no lease' \
    "$demo_elf" touch-hole msr
ends "page tables where no lease is" 126 'was stopped: ' \
    "$demo_elf" touch-hole cr3
ends "page tables where no lease is, beside other processors" 126 \
    'was stopped: ' --cpus 3 "$demo_elf" touch-hole cr3
ends "a stopped guest's registers are shown" 126 'rip [0-9a-f]{16}' \
    "$demo_elf" touch-hole
ends "a named broker that is not there" 125 'cannot start guest' \
    --broker /nowhere/broker.sock "$demo_elf" selftest

# Where nobody reads, nothing changes but that nobody reads it.
mkfifo "$work/unread"
exec {both}<>"$work/unread" {unread}>"$work/unread" {both}<&-
run_hello() { "$labyrinth" run "$abs_top_builddir/guest/hello.elf"; }
for where in '/dev/full' '&-' "&$unread"; do
    status=0
    eval "run_hello >$where 2>$where" || status=$?
    tap_is "output to ${where/$unread/an unread pipe}: exit status" "$status" 0
done
"$labyrinthd" --pool default=4M --run-dir "$work/run" --libvirt-dir none \
    2>&"$unread" &
until [[ -S $work/run/broker.sock ]]; do
    kill -0 $! || break
done
kill -TERM $! || true
status=0
wait $! || status=$?
tap_is "a broker whose log nobody reads: exit status" "$status" 0
tap_done
