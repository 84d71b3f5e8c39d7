#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: trace the VMM while its guest makes atomic grants from
# what it holds, touches every page and releases them. Between the guest's two
# marks there is KVM_RUN, once for each call, and nothing else: no message, no
# lock that sleeps, no exit for a first touch, and a refusal within one exit.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

start_broker --pool default=64M
status=0
strace -f -qq -o "$work/trace" "$labyrinth" run --memory 4M --guarantee 12M \
    --limit 32M "$demo_elf" atomic >"$work/out" 2>"$work/err" || status=$?
tap_pass_on "the guest" <"$work/out"
tap_is "the guest's exit status" "$status" 0

calls=$(sed -n 's/^# end \([0-9]*\) calls$/\1/p' "$work/out")
# From the first mark's write to the second's, of whichever thread.
between=$(sed -n '/write(1, "# begin/,/write(1, "# end/p' "$work/trace" |
    sed '1d;$d' | sed 's/^[0-9]* *//')
runs=$(grep -c 'KVM_RUN' <<<"$between" || true)
others=$(grep -v 'KVM_RUN' <<<"$between" || true)
if [[ -n $others ]]; then
    tap_not_ok "atomic grants make no system call but KVM_RUN" \
        "$(head -5 <<<"$others")"
else
    tap_ok "atomic grants make no system call but KVM_RUN"
fi
# The second mark is a call of its own.
tap_is "one exit for each call, none for a first touch" \
    "$runs" "$((calls + 1))"
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
