#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed, by each transport: fail-nth; then two storms at once,
# under failures; the pool is whole after each.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=64
rounds=4000
start_broker --pool default=$((total * 2))M

whole() {
    if pool_whole "$total"; then
        tap_ok "$1: the pool is whole"
    else
        tap_not_ok "$1: the pool is whole"
    fi
}

# quiet NAME FILE: nothing was said on standard error.
quiet() {
    tap_is "$1: nothing on standard error" "$(<"$2")" ""
}

# fail_nth TRANSPORT: the guarantee is what atomic grants live on, whatever the
# broker asks back; the limit leaves no room for leases that the VMM forgets.
fail_nth() {
    local what="$1, fail-nth" status=0
    "$labyrinth" run --name ada --transport "$1" --guarantee 14M \
        --limit 24M "$demo_elf" fail-nth >"$work/ada.tap" 2>"$work/ada.err" || status=$?
    tap_pass_on "$what" <"$work/ada.tap"
    tap_is "$what: exit status" "$status" 0
    quiet "$what" "$work/ada.err"
    whole "$what"
}

# storms TRANSPORT: what fails differs by the guest's seed.
storms() {
    local guest seed=1 pids=() status what
    for guest in ada bob; do
        "$labyrinth" run --name "$guest" --transport "$1" --limit 40M \
            --fail hypercall:probability=10 --fail lease:probability=30 \
            --fail map:probability=30 --fail-seed "$seed" "$demo_elf" \
            storm "$seed" "$rounds" >"$work/$guest.tap" 2>"$work/$guest.err" &
        pids+=($!)
        seed=$((seed + 1))
    done
    for guest in ada bob; do
        status=0
        what="$1, storm under failures, $guest"
        wait "${pids[0]}" || status=$?
        pids=("${pids[@]:1}")
        tap_pass_on "$what" <"$work/$guest.tap"
        tap_is "$what: exit status" "$status" 0
        quiet "$what" "$work/$guest.err"
    done
    whole "$1, storms under failures"
}

# refusals OPTION...: how many grants of a storm were refused.
refusals() {
    "$labyrinth" run "$@" --limit 40M "$demo_elf" storm 1 "$rounds" 2>&1 |
        sed -n "s/^# $rounds rounds.*: .* grants, \([0-9]*\) refused;.*/\1/p"
}

for transport in port vmcall; do
    fail_nth "$transport"
    storms "$transport"
done

# A guest that holds all it may: what is refused follows from the seeds alone.
chance=(--guarantee 40M --fail hypercall:probability=50)
some=$(refusals "${chance[@]}" --fail-seed 5)
again=$(refusals "${chance[@]}" --fail-seed 5)
other=$(refusals "${chance[@]}" --fail-seed 6)
none=$(refusals)
printf '# of %d rounds seed 5 refused %s, seed 6 %s, none %s\n' \
    "$rounds" "$some" "$other" "$none"
tap_is "grant: the same seed, the same failures" "$again" "$some"
tap_is "grant: another seed, other failures" "$((other != some))" 1
tap_is "grant: more is refused than without" "$((some > none))" 1
for path in lease map; do
    all=$(refusals --guarantee 8M --fail "$path:probability=100")
    tap_is "$path: more is refused than without" "$((all > none))" 1
done
all=$("$labyrinth" run --fail hypercall:probability=100 "$demo_elf" hold 64 1 1)
tap_like "grant: all fail: the guest goes on without" "$all" \
    'holding +0 pages.*no more to be had.*all given back'

whole "at the end"
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
