#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: broker and VMM killed at each probe of docs/probes.md, and
# at random instructions after random ones. After each kill the broker is
# started again if need be, and then: the audit is clean, each lease is in one
# state, what the dead guest had is back, and the guests that live find in their
# memory what they wrote.
#
#   LABYRINTH_CRASH_VICTIMS  whom to kill at a probe: self (who comes by it),
#                            other, both (self)
#   LABYRINTH_CRASH_POINTS   how many random points (32)
#   LABYRINTH_CRASH_ONLY     a pattern of probes to try, and no random points
#   LABYRINTH_TEST_SEED      to draw the same points again
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"
. "$abs_top_srcdir/tests/system/crash-world.sh"

victims=${LABYRINTH_CRASH_VICTIMS:-self}
points=${LABYRINTH_CRASH_POINTS:-32}
only=${LABYRINTH_CRASH_ONLY:-*}
seed=${LABYRINTH_TEST_SEED:-$RANDOM}

# How each probe is come by, with a guest bob. A probe that is not here, or that
# nobody comes by, is a failure.
declare -A broker_steps=(
    [session_hello]=start [registry_noted]=start [session_welcome]=start
    [session_refused]=scarce
    [session_asked]=churn [pool_lent]=churn [pool_noted]=churn
    [session_leased]=churn
    [session_revoking]=revoke [session_gave]=notice [session_spared]=notice
    [session_due]=revoke
    [session_return]=churn [session_taking]=revoke [pool_revoking]=churn
    [pool_cut]=churn [pool_dirty]=churn [pool_unlent]=churn
    [pool_fresh]=churn [pool_scrubbed]=churn
    [session_reclaim]=scarce [session_pressure]=scarce
    [session_gone]=end [registry_ending]=end [registry_emptied]=end
    [registry_dismissed]=end
    [journal_opened]=restart [registry_restored]=restart
    [pool_restored]=restart [pool_proven]=restart [adopt_restored]=restart
    [pool_filled]=restart [broker_listening]=restart
    [adopt_claimed]=restart [adopt_returned]=restart
)
declare -A vmm_steps=(
    [client_hello]=start [client_welcome]=start
    [client_asked]=churn [client_refused]=scarce [client_leased]=churn
    [memory_mapped]=churn [transfer_added]=churn
    [grant_taken]=churn [grant_released]=churn
    [transfer_removed]=churn [memory_unmapped]=churn [client_return]=churn
    [heard_reclaim]=scarce [heard_pressure]=scarce
    [heard_revoking]=revoke [notice_given]=notice
    [heard_revoked]=revoke [memory_taken]=revoke
    [supply_alone]=restart [supply_found]=restart
)

# come_by WHO HOW: trace, and have happen what that program's probes tell of.
come_by() {
    local who=$1 how=$2
    case $who/$how in
    broker/start)
        need_no_bob
        hold_bob keep
        trace_running "$broker_pid" "$bob_pid"
        release
        ;;
    broker/churn)
        need_bob keep
        trace_running "$broker_pid" "$bob_pid"
        ;;
    broker/revoke)
        need_bob hog
        trace_running "$broker_pid" "$bob_pid"
        administer
        ;;
    broker/notice)
        need_bob keep
        trace_running "$broker_pid" "$bob_pid"
        administer --grace 60000
        ;;
    broker/scarce)
        need_bob keep
        trace_running "$broker_pid" "$bob_pid"
        start_eve
        ;;
    broker/end)
        need_bob keep
        trace_running "$broker_pid" ''
        kill_bob
        ;;
    broker/restart)
        need_bob keep
        kill_broker
        trace_broker "$bob_pid"
        ;;
    vmm/start)
        need_no_bob
        trace_bob keep "$broker_pid"
        ;;
    vmm/churn)
        need_bob keep
        trace_running "$bob_pid" "$broker_pid"
        ;;
    vmm/revoke)
        need_bob hog
        trace_running "$bob_pid" "$broker_pid"
        administer
        ;;
    vmm/notice)
        need_bob keep
        trace_running "$bob_pid" "$broker_pid"
        administer --grace 60000
        ;;
    vmm/scarce)
        need_bob keep
        trace_running "$bob_pid" "$broker_pid"
        start_eve
        ;;
    vmm/restart)
        need_bob keep
        local old=$broker_pid
        hold_broker
        trace_running "$bob_pid" "$broker_pid"
        kill -KILL "$old"
        wait "$old" 2>/dev/null || true
        release
        ;;
    esac
}

# case_at WHO PROBE HOW VICTIM
case_at() {
    local who=$1 probe=$2 how=$3 victim=$4
    local -n addresses=${who}_addresses
    aim "$victim" 1 0 "${addresses[$probe]}"
    come_by "$who" "$how"
    conclude "$who" "$victim" "$who at $probe, killed: $victim"
}

# The probes of a program are those that we know to come by.
all_known() {
    local who=$1
    local -n steps=${who}_steps addresses=${who}_addresses
    tap_is "$who: its probes are those tried here" \
        "$(printf '%s\n' "${!addresses[@]}" | sort)" \
        "$(printf '%s\n' "${!steps[@]}" | sort)"
}

at_each_probe() {
    local who=$1 victim=$2 probe
    local -n steps=${who}_steps
    for probe in $(printf '%s\n' "${!steps[@]}" | sort); do
        # shellcheck disable=SC2053 # it is a pattern
        [[ $probe == $only ]] || continue
        # The VMM is dead by then.
        [[ ${steps[$probe]} != end || $victim == self ]] || continue
        case_at "$who" "$probe" "${steps[$probe]}" "$victim"
    done
}

# events_of WHO: all of its probes; but grants would be most of what happens.
events_of() {
    local -n all=${1}_addresses
    local probe
    for probe in "${!all[@]}"; do
        [[ $probe == grant_* ]] || events[$probe]=${all[$probe]}
    done
}

# A random point: in which program, how it is come to, after how many events of
# it, and how many instructions after that one. Half of the time a few only:
# what must be in order is close together.
random_point() {
    local who how victim hit steps
    local -a whos=(broker broker vmm) hows=(churn churn churn notice restart start)
    local -a whom=(self self self both other)
    who=${whos[RANDOM % 3]} how=${hows[RANDOM % ${#hows[@]}]}
    victim=${whom[RANDOM % 5]}
    hit=$((1 + RANDOM % 40)) steps=$((RANDOM % 2 ? RANDOM % 40 : RANDOM % 3000))
    [[ $how != start || $who != vmm ]] || hit=$((1 + RANDOM % 12))
    local -A events
    events_of "$who"
    aim "$victim" "$hit" "$steps" "${events[@]}"
    come_by "$who" "$how"
    conclude "$who" "$victim" \
        "point $1: $who ($how), event $hit @ and $steps instructions, killed: $victim"
}

printf '# seed %d (set LABYRINTH_TEST_SEED to repeat)\n' "$seed"
RANDOM=$seed
begin_world
all_known broker
all_known vmm
for victim in $victims; do
    at_each_probe broker "$victim"
    at_each_probe vmm "$victim"
done
[[ $only == '*' ]] || points=0
for ((point = 1; point <= points; point++)); do
    random_point "$point"
done
end_world
tap_done
