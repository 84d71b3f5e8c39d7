#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: selftest, smp, storm, probe, pressure and exclusive, each by two
# guests at once on one pool, one with one processor and one with four, by each
# transport; then the pool is whole. Where the kernel keeps hypercalls to
# itself, vmcall must be refused with a sentence.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=64
start_broker --pool default=$((total * 2))M

declare -A cpus=([ada]=1 [bob]=4)

# lines_whole GUEST: are what its processors said at once so many lines, none
# of them torn?
lines_whole() {
    local said
    said=$(grep -c -E '^# processor [0-9]+ says: line [ 0-9]{2} of 20, whole and in one piece$' \
        "$work/$1.tap" || true)
    tap_is "$1: lines of ${cpus[$1]} processors, none torn" "$said" \
        $((cpus[$1] * 20))
}

# owner_named GUEST: is it told whose page bob touched, each of the three times
# at one address, and nobody else's?
owner_named() {
    local told
    told=$(grep -c -E '^# process bob touched guest page 0x1[0-9a-f]{8}, which is exclusive to ada at 0x600000600000$' \
        "$work/$1.tap" || true)
    tap_is "$1: touches of ada's page that are told" "$told" 3
}

# two_guests TRANSPORT EXERCISE: ada has no output file, bob has one.
two_guests() {
    local transport=$1 exercise=$2 guest pids=() status
    local -A options=([ada]='' [bob]=--output=$work/bob.file)
    for guest in ada bob; do
        # shellcheck disable=SC2086 # one word or none
        "$labyrinth" run --name "$guest" --transport "$transport" \
            --limit 40M --cpus "${cpus[$guest]}" ${options[$guest]} \
            "$demo_elf" "$exercise" \
            >"$work/$guest.tap" 2>"$work/$guest.err" &
        pids+=($!)
    done
    for guest in ada bob; do
        status=0
        wait "${pids[0]}" || status=$?
        pids=("${pids[@]:1}")
        tap_pass_on "$transport, $exercise, $guest" <"$work/$guest.tap"
        tap_is "$transport, $exercise, $guest: exit status" "$status" 0
        if [[ $exercise == selftest && $guest == bob ]]; then
            tap_is "$transport, $exercise: what it handed over" \
                "$(<"$work/bob.file")" "by selftest"
            tap_is "$transport, $exercise: told that there is no file" \
                "$(grep -c '^# no output file' "$work/ada.tap")" 1
        fi
        [[ $exercise != smp ]] || lines_whole "$guest"
        [[ $exercise != exclusive ]] || owner_named "$guest"
        [[ ! -s $work/$guest.err ]] || sed 's/^/# /' "$work/$guest.err"
    done
}

transports=(port)
if "$labyrinth" run --transport vmcall "$demo_elf" >/dev/null 2>"$work/err"; then
    tap_not_ok "the demo guest without an exercise exits with 2"
elif [[ $? == 2 ]]; then
    transports+=(vmcall)
else
    tap_like "vmcall is refused where the kernel does not hand it over" \
        "$(<"$work/err")" 'does not hand hypercalls to user space'
fi

for transport in "${transports[@]}"; do
    for exercise in selftest smp storm probe pressure exclusive; do
        two_guests "$transport" "$exercise"
    done
done

if pool_whole "$total"; then
    tap_ok "the pool is whole at the end"
else
    tap_not_ok "the pool is whole at the end"
fi
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
