#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: the renderer draws one picture on one and on four
# processors, each with its share; the pictures are the same, and whole.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=64
start_broker --pool default=$((total * 2))M
render=$abs_top_builddir/guest/render.elf
for cpus in 1 4; do
    status=0
    "$labyrinth" run --cpus "$cpus" --output "$work/$cpus.ppm" "$render" \
        >"$work/out" 2>&1 || status=$?
    tap_is "render on $cpus: exit status" "$status" 0
    tap_is "render on $cpus: a line for each processor" \
        "$(grep -c '^processor [0-9]* drew' "$work/out")" "$cpus"
    tap_is "render on $cpus: every tile is drawn once" \
        "$(awk '/ drew / { n += $4 } END { print n }' "$work/out")" 256
    tap_is "render on $cpus: a PPM of its size" \
        "$(head -c 15 "$work/$cpus.ppm" | tr '\n' ' ') $(stat -c %s "$work/$cpus.ppm")" \
        "P6 512 512 255  $((15 + 512 * 512 * 3))"
done
tap_is "the pictures are the same" \
    "$(sha256sum <"$work/1.ppm")" "$(sha256sum <"$work/4.ppm")"

# tests: LAB_HC_OUTPUT LAB_EIO
status=0
said=$("$labyrinth" run --output /dev/full "$render" 2>&1) || status=$?
tap_is "a full disk: exit status" "$status" 1
tap_like "a full disk: the guest is told" "$said" 'not taken .errno 5'

if pool_whole "$total"; then
    tap_ok "the pool is whole at the end"
else
    tap_not_ok "the pool is whole at the end"
fi
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
