#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: a guest holds more than its guarantee and works on all of
# it, for ever. Another waits for a page. The broker takes what the first was
# not promised; the second gets it; and the first, when it touches what is gone,
# is stopped with a report that names page, lease and reason.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=16

# start_hog EXERCISE...: in the background, its first line awaited; it never
# gives back what lies idle. What it says after that is in $work/hog.out, whole
# when $reader has ended.
start_hog() {
    mkfifo "$work/hog"
    "$labyrinth" run --name hog --guarantee 4M --limit 28M "$demo_elf" \
        "$@" >"$work/hog" 2>"$work/hog.err" &
    hog=$!
    exec {hog_out}<"$work/hog"
    rm "$work/hog"
    IFS= read -r line <&"$hog_out"
    cat <&"$hog_out" >"$work/hog.out" &
    reader=$!
}

# wants TIMEOUT: a guest that wants 2 MiB above its guarantee; its status.
wants() {
    local status=0
    "$labyrinth" run --name ada --memory 2M --guarantee 2M --limit 8M \
        --kernel-timeout "$1" "$demo_elf" hold 512 1 1 \
        >"$work/ada.out" 2>&1 || status=$?
    return "$status"
}

start_broker --pool default=$((total * 2))M --take-after 300
start_hog hog
tap_like "the hog holds all that it may" "$line" 'holding .* of 14 leases'
wants 60000 || true
tap_like "who waits gets what it wants" "$(<"$work/ada.out")" \
    'holding +512 pages'
tap_like "and goes on to its end" "$(<"$work/ada.out")" 'all given back'
status=0
timeout 60 tail --pid="$hog" -f /dev/null || kill -KILL "$hog"
wait "$hog" || status=$?
tap_is "the hog is stopped" "$status" 126
tap_like "the report names page, lease and reason" "$(<"$work/hog.err")" \
    'it touched guest page 0x1[0-9a-f]+, whose lease 0x[0-9a-f]+ is revoked: it holds more than its guarantee, and gave back nothing that other guests wait for'
tap_like "the VMM was told" "$(<"$work/hog.err")" \
    'the broker took a lease with grants in it'
tap_like "the broker says what it did" "$(<"$work/broker.log")" \
    'guest hog: lease [0-9]+ was taken'
if pool_whole "$total"; then
    tap_ok "the pool is whole"
else
    tap_not_ok "the pool is whole"
fi
stop_broker

# One that hears of it before moves its data out of the way, and loses nothing.
start_broker --pool default=$((total * 2))M --take-after 2000
start_hog notice 1
wants 60000 || true
tap_like "a notice: who waits gets what it wants" "$(<"$work/ada.out")" \
    'holding +512 pages'
status=0
wait "$hog" || status=$?
wait "$reader" || true
tap_is "a notice: who has it ends well" "$status" 0
tap_like "a notice: it moved, and kept its data" "$(<"$work/hog.out")" \
    '[1-9] notices, .*: all is as it was'
tap_like "a notice: the broker says so" "$(<"$work/broker.log")" \
    'guest hog: gave lease [0-9]+ up in time'
stop_broker

# Told not to, the broker takes nothing: who waits is refused, the hog lives.
start_broker --pool default=$((total * 2))M --take-after 0
start_hog hog
wants 100 || true
tap_like "--take-after 0: who waits is refused" "$(<"$work/ada.out")" \
    'no more to be had'
tap_is "--take-after 0: the hog lives" \
    "$(kill -0 "$hog" 2>/dev/null && echo yes)" yes
kill -KILL "$hog"
wait "$hog" 2>/dev/null || true
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
