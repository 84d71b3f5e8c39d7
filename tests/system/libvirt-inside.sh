#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: a guest that holds what it holds, for clients to count.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

start_broker --pool default=128M --pool other=8M
mkfifo "$work/ada"
"$labyrinth" run --name ada --guarantee 8M --limit 24M --cpus 3 "$demo_elf" \
    hang halted >"$work/ada" 2>"$work/ada.err" &
ada=$!
exec {said}<"$work/ada"
IFS= read -r line <&"$said" # "holding N blocks, and hanging"
blocks=${line//[!0-9]/}

status=0
/usr/bin/python3 "$abs_top_srcdir/tests/system/libvirt-client.py" "$blocks" \
    "$work" || status=$?
kill -KILL "$ada"
wait "$ada" 2>/dev/null || true
stop_broker
exit $status
