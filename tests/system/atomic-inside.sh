#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: trace the VMM while its guest makes atomic grants from
# what it holds, touches every page and releases them, and then takes all that
# is held. Between the guest's two marks its vCPU makes KVM_RUN, once for each
# call, and nothing that waits: no message, no lock that sleeps, no exit for a
# first touch, and a refusal within one exit. Where it crosses a mark it wakes
# the supplier, by a write to an eventfd that never blocks.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

start_broker --pool default=64M
status=0
strace -ff -qq -o "$work/trace" "$labyrinth" run --memory 4M --guarantee 12M \
    --limit 32M "$demo_elf" atomic >"$work/out" 2>"$work/err" || status=$?
tap_pass_on "the guest" <"$work/out"
tap_is "the guest's exit status" "$status" 0

calls=$(sed -n 's/^# end \([0-9]*\) calls$/\1/p' "$work/out")
# From the first mark's write to the second's, of the vCPU's own thread.
vcpu=$(grep -l 'write(1, "# begin' "$work"/trace.*)
between=$(sed -n '/write(1, "# begin/,/write(1, "# end/p' "$vcpu" | sed '1d;$d')
runs=$(grep -c 'KVM_RUN' <<<"$between" || true)
wake='^write([0-9]*, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) *= 8$'
wakes=$(grep -c "$wake" <<<"$between" || true)
others=$(grep -v -e 'KVM_RUN' -e "$wake" <<<"$between" || true)
if [[ -n $others ]]; then
    tap_not_ok "atomic grants make no system call but KVM_RUN" \
        "$(head -5 <<<"$others")"
else
    tap_ok "atomic grants make no system call but KVM_RUN"
fi
tap_is "but to wake the supplier at the marks ($wakes times)" \
    "$((wakes > 0 && wakes < 64))" 1
# The second mark is a call of its own.
tap_is "one exit for each call, none for a first touch" \
    "$runs" "$((calls + 1))"
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
