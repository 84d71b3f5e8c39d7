#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: eve tortures her VMM and then goes wrong, in every way
# that she knows, from several seeds; bob, who has the same pool, storms, and
# then looks at what he keeps all the while. The audit is clean in the end, and
# the pool whole.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=24 # leases
tries=${LABYRINTH_TORTURE_TRIES:-10000}
seeds=${LABYRINTH_TORTURE_SEEDS:-3}
start_broker --pool default=$((total * 2))M

# eve SECONDS ARGUMENT...: her exit status; $work/eve.out and eve.err. Who
# does not end by herself is told to, and that is 124.
eve() {
    local seconds=$1 status=0
    shift
    timeout -k 10 "$seconds" "$labyrinth" run --name eve --cpus 2 \
        --limit 16M --kernel-timeout 1 "$demo_elf" torture "$@" \
        >"$work/eve.out" 2>"$work/eve.err" || status=$?
    return $status
}

# Both until they end. Bob's storm takes a while in any case.
"$labyrinth" run --name bob --cpus 2 --limit 16M "$demo_elf" storm 7 \
    >"$work/bob.tap" 2>"$work/bob.err" &
bob=$!
status=0
eve 3000 1 $((tries / 2)) || status=$?
tap_pass_on "eve" <"$work/eve.out"
tap_is "eve lives: exit status" "$status" 0
tap_is "eve lives: nothing on standard error" "$(<"$work/eve.err")" ""
status=0
wait $bob || status=$?
tap_pass_on "bob beside her" <"$work/bob.tap"
tap_is "bob beside her: exit status" "$status" 0
audit_clean "after torture"

# ends HOW SEED: by a status of her own, or stopped with a sentence.
declare -A ended=()
ends() {
    local status=0 how
    eve 20 "$2" 16 "$1" || status=$?
    case $status in
    126) how=stopped ;;
    124) how=hung ;;
    *) how=own ;;
    esac
    ended[$how]=$((${ended[$how]:-0} + 1))
    if ((status > 123 && status != 124 && status != 126)) ||
        { ((status == 126)) && ! grep -q 'was stopped: ' "$work/eve.err"; }; then
        tap_not_ok "$1, seed $2: ends as a guest may" "exit status $status" \
            "$(tail -20 "$work/eve.err")"
        return 1
    fi
}

# A line for each turn that found all as it was; at the first that did not, he
# ends.
"$labyrinth" run --name bob --limit 16M "$demo_elf" keep 1 \
    >"$work/bob.keep" 2>&1 &
bob=$!
turns() { grep -c . "$work/bob.keep" || true; }
until (($(turns) > 0)); do kill -0 $bob || break; done
for how in jump code triple registers msr; do
    right=yes
    for ((seed = 1; seed <= seeds; seed++)); do
        ends $how "$seed" || right=no
    done
    [[ $right == no ]] || tap_ok "$how: $seeds seeds end as a guest may"
done
for how in "${!ended[@]}"; do
    echo "# $how: ${ended[$how]}"
done
tap_is "some were stopped" "$((${ended[stopped]:-0} > 0))" 1
before=$(turns)
until (($(turns) > before + 1)); do kill -0 $bob || break; done
tap_is "bob has all that he keeps, turn for turn" \
    "$(kill -0 $bob && echo yes)" yes
audit_clean "after ruin"
{ kill -KILL $bob && wait $bob; } 2>/dev/null || true
if pool_whole $total; then
    tap_ok "the pool is whole"
else
    tap_not_ok "the pool is whole"
fi
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
