#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed, on one and on four processors: the renderer draws one
# picture, each processor its share; the exchange accounts for every event; the
# tracker loses no comet, also beside a guest that holds most of the pool.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=64
start_broker --pool default=$((total * 2))M --pool tight=48M
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

# exchange WHAT OPTION...: what it says is in $said. It ends well only if what
# was raised was handled or dropped, and every page is back.
exchange() {
    local what="exchange, $1" status=0
    shift
    said=$("$labyrinth" run "$@" "$abs_top_builddir/guest/exchange.elf" 2>&1) ||
        status=$?
    tap_is "$what: exit status" "$status" 0
    tap_like "$what: says that all is well" "$said" 'every event accounted for'
}
# number PATTERN: the one in $said that the pattern's group matches.
number() {
    sed -n "s/.*$1.*/\1/p" <<<"$said"
}
lines=4 calls=50
for cpus in 1 4; do
    count=$((cpus * lines * calls))
    exchange "on $cpus" --cpus "$cpus"
    tap_is "exchange on $cpus: events" "$(grep ^events <<<"$said")" \
        "events: $((count * 3)) raised, $((count * 3)) handled, 0 dropped, 0 astray"
    tap_is "exchange on $cpus: a record for each call" \
        "$(grep ^records <<<"$said")" "records: $count billed, 0 wrong"

    exchange "on $cpus, failing" --cpus "$cpus" --fail hypercall:probability=20
    dropped=$(number ', \([0-9]*\) dropped')
    billed=$(number ' \([0-9]*\) billed')
    tap_like "exchange on $cpus, failing: some are dropped" "$dropped" '^[1-9]'
    tap_like "exchange on $cpus, failing: some are not" "$billed" '^[1-9]'
    tap_is "exchange on $cpus, failing: a call is either" \
        $((billed + dropped)) "$count"
    tap_is "exchange on $cpus, failing: and an event" \
        $(($(number ' \([0-9]*\) handled') + dropped)) \
        "$(number ' \([0-9]*\) raised')"
done
# No page but those of its RAM.
exchange "no page at all" --cpus 4 --limit 4M
tap_is "exchange, no page at all: every call is dropped" \
    "$(number ', \([0-9]*\) dropped')" "$count"

# track WHAT OPTION...: what it says is in $said, its picture in $work/track.ppm.
track() {
    local what="track, $1" status=0
    shift
    said=$("$labyrinth" run --output "$work/track.ppm" "$@" \
        "$abs_top_builddir/guest/track.elf" 2>&1) || status=$?
    tap_is "$what: exit status" "$status" 0
    tap_like "$what: every comet is there" "$said" 'comets: 256 of 256 after'
    tap_is "$what: a PPM of its size" \
        "$(head -c 15 "$work/track.ppm" | tr '\n' ' ') $(stat -c %s "$work/track.ppm")" \
        "P6 512 512 255  $((15 + 512 * 512 * 3))"
}
# same WHAT: memory has no say in where the comets are.
same() {
    tap_is "track, $1: they are where they were" \
        "$(grep ^comets <<<"$said")" "$comets"
}
# With so much promised to it, it need not wait for a lease, nor drop a page.
pictures=() comets=
for cpus in 1 4; do
    track "on $cpus" --cpus "$cpus" --guarantee 24M
    tap_is "track, on $cpus: nobody tells of pressure" \
        "$(grep ^pressure <<<"$said")" "pressure: low 0 times, critical 0 times"
    tap_is "track, on $cpus: all of the history is left" \
        "$(grep ^history <<<"$said")" \
        "history: 4384 pages written, 0 dropped, 4384 left"
    comets=${comets:-$(grep ^comets <<<"$said")}
    same "on $cpus"
    pictures+=("$(sha256sum <"$work/track.ppm")")
done
tap_is "track: the pictures are the same" "${pictures[1]}" "${pictures[0]}"

track "failing" --cpus 4 --fail hypercall:probability=20
same "failing"
tap_like "track, failing: the oldest history makes room" \
    "$(number ', \([0-9]*\) dropped')" '^[1-9]'

# It has 14 of the 24 leases for sure and wants up to 18, again and again. Nine
# are too few for all of the history: so somebody will say so.
"$labyrinth" run --pool tight --name greedy --guarantee 28M --limit 40M \
    "$demo_elf" hold 8192 1000000 1 >"$work/greedy" 2>&1 &
greedy=$!
until grep -q holding "$work/greedy"; do
    kill -0 "$greedy" || break
done
for cpus in 1 4; do
    what="under pressure, on $cpus"
    track "$what" --pool tight --limit 40M --cpus "$cpus"
    same "$what"
    told=$(($(number 'low \([0-9]*\)') + $(number 'critical \([0-9]*\)')))
    tap_like "track, $what: it is told" "$told" '^[1-9]'
    tap_like "track, $what: history is dropped" \
        "$(number ', \([0-9]*\) dropped')" '^[1-9]'
    tap_is "track, $what: trails are thinner" \
        $(($(number 'history: \([0-9]*\)') < 4000)) 1
done
status=0
{ kill -KILL "$greedy" && wait "$greedy"; } 2>/dev/null || status=$?
tap_is "track: its greedy neighbour was there to the end" "$status" 137

if pool_whole "$total"; then
    tap_ok "the pool is whole at the end"
else
    tap_not_ok "the pool is whole at the end"
fi
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
