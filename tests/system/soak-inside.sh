#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: guests that storm, that end by themselves, that are killed
# and that virsh starts and destroys, one after another for
# LABYRINTH_SOAK_SECONDS; at each end virsh does something, a resize among them.
# Each minute the audit is clean, with guests and without, and when all have
# ended the broker has every lease, and no more descriptors and memory than at
# the first look. What is done is drawn from a seed; when, the guests say.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=32            # leases; resizes go down to what is guaranteed, and up
together=3          # guests at a time
memory_more=64      # KiB that the broker may have more than at the first look
seconds=${LABYRINTH_SOAK_SECONDS:-120}
seed=${LABYRINTH_TEST_SEED:-$RANDOM}
RANDOM=$seed
printf '# seed %d (set LABYRINTH_TEST_SEED to repeat)\n' "$seed"

declare -A wanted=() # by guest: the exit status that it must have
declare -A did=()    # how often
drawn=0
made=

v() { virsh -q -c "$uri" "$@" 2>&1; }
count() { did[$1]=$((${did[$1]:-0} + 1)); }

# begin_guest: another one, in the background.
begin_guest() {
    local run=("$labyrinth" run --name "guest-$((++drawn))" --limit 16M
        --kernel-timeout 200) kind status=0
    case $((RANDOM % 5)) in
    0) kind=killed status=137
        run=(timeout -s KILL "0.$((RANDOM % 8))$((RANDOM % 10))1" "${run[@]}"
            "$demo_elf" spin) ;;
    1) kind=failing
        run+=(--fail lease:probability=10 --fail map:probability=10
            --fail-seed "$RANDOM" "$demo_elf" storm "$RANDOM" 300) ;;
    2) kind=holding
        run+=("$demo_elf" hold 2048 2 1) ;;
    *) kind=storming
        run+=(--cpus $((1 + RANDOM % 2)) "$demo_elf" storm "$RANDOM" 300) ;;
    esac
    count "$kind"
    {
        "${run[@]}" >"$work/guest-$drawn.out" 2>&1 && echo "$drawn 0" ||
            echo "$drawn $?"
    } 2>/dev/null >&"$ends" &
    wanted[$drawn]=$status
}

# end_guest: the next to end, as it should.
end_guest() {
    local guest status
    read -r guest status <&"$ends"
    if [[ $status != "${wanted[$guest]}" ]]; then
        tap_not_ok "a guest ends with ${wanted[$guest]}" "it was $status" \
            "$(tail -n 20 "$work/guest-$guest.out")"
    fi
    unset "wanted[$guest]"
    rm "$work/guest-$guest.out"
}

# make_or_break: a guest of the daemon's own comes, or goes.
make_or_break() {
    if [[ $made ]]; then
        v destroy "$made" >/dev/null
        made=
        return
    fi
    made=made-$((++drawn))
    count "virsh create"
    cat >"$work/made.xml" <<END
<domain type='kvm'>
  <name>$made</name>
  <memory unit='MiB'>8</memory>
  <currentMemory unit='MiB'>4</currentMemory>
  <os><type arch='x86_64'>hvm</type><kernel>$demo_elf</kernel>
    <cmdline>spin</cmdline></os>
</domain>
END
    v create "$work/made.xml" >/dev/null
}

# act: what virsh does next.
act() {
    case $((RANDOM % 4)) in
    0) count resize
        v allocpages 2M $((total - 8 + RANDOM % 24)) >/dev/null ;;
    1) count domstats
        v domstats >/dev/null ;;
    2) count vol-list
        v vol-list default >/dev/null
        v pool-dumpxml default >/dev/null ;;
    3) make_or_break ;;
    esac
}

descriptors() { find "/proc/$broker_pid/fd" -mindepth 1 -printf '%l\n' | sed 's/[0-9]\+/N/g'; }
memory() { sed -n 's/^Anonymous: *\([0-9]*\) kB/\1/p' "/proc/$broker_pid/smaps_rollup"; }

# leaks SECONDS: what the broker has that it had not at the first look, when no
# guest is there; nothing, if in so many seconds it has let go of all. It hears
# of those that went in the background, so ask until it is true.
leaks() {
    local end=$((SECONDS + $1)) left now
    while :; do
        left=()
        now=$(leases blank)
        [[ $now == "$total" ]] || left+=("$now of $total leases are blank")
        now=$(descriptors | wc -l)
        ((now == descriptors_first)) ||
            left+=("$now descriptors, not $descriptors_first")
        now=$(memory)
        ((now <= memory_first + memory_more)) ||
            left+=("$now KiB, not $memory_first and $memory_more more")
        ((${#left[@]} > 0 && SECONDS < end)) || break
    done
    printf '%s\n' ${left[@]+"${left[@]}"}
}

# look WHEN: with guests first, and then without.
look() {
    local left
    audit_clean "$1, with guests"
    while ((${#wanted[@]} > 0)); do
        end_guest
    done
    [[ ! $made ]] || make_or_break
    v allocpages 2M "$total" >/dev/null
    audit_clean "$1, without"
    if [[ ! ${memory_first:-} ]]; then
        pool_whole "$total" || tap_not_ok "$1: the pool is whole"
        descriptors_first=$(descriptors | wc -l)
        memory_first=$(memory)
    fi
    left=$(leaks 60)
    tap_is "$1, without: all is back" "$left" ""
    printf '# %s: %d guests so far, %d KiB\n' "$1" "$drawn" "$(memory)"
}

# planted WHAT SENTENCE: the looks would see a leak.
planted() {
    tap_like "planted, $1: it is seen" "$(leaks 3)" "$2"
}

plant_leaks() {
    local stays
    "$labyrinth" run --name stays --limit 16M "$demo_elf" spin >/dev/null &
    stays=$!
    until [[ $(v list --name) == stays ]]; do kill -0 $stays || break; done
    planted "a guest that stays" 'of 32 leases are blank'
    { kill -KILL $stays && wait $stays; } 2>/dev/null || true
    tap_is "planted, gone: all is back" "$(leaks 60)" ""
    # The broker's next close() is none.
    start strace bash -c 'exec 2>&1 strace -f -o /dev/null -e trace=close \
        -e inject=close:retval=0:when=1 -p '"$broker_pid"
    v list >/dev/null
    finish
    planted "a descriptor" "descriptors, not $descriptors_first"
}

mkfifo "$work/ends"
exec {ends}<>"$work/ends"
start_broker --pool default=$((total * 2))M
stdbuf -oL virsh -c "$uri" event --all --loop >"$work/events" 2>&1 &
watcher=$!
until grep -q . "$work/events"; do # it watches, when it has seen one
    make_or_break
done
end=$((SECONDS + seconds))
next=$((SECONDS + 15))
minute=0
while ((SECONDS < end)); do
    while ((${#wanted[@]} < together)); do
        begin_guest
    done
    end_guest
    act
    if ((SECONDS >= next)); then
        look "minute $minute"
        minute=$((minute + 1))
        next=$((end - seconds + minute * 60))
    fi
done
look "the end"
for what in "${!did[@]}"; do
    printf '# %s: %d times\n' "$what" "${did[$what]}"
done
tap_is "virsh has watched all along" "$(kill -0 $watcher && echo yes)" yes
tap_is "and seen guests come" \
    "$(($(grep -c Started "$work/events") >= drawn / 2))" 1
plant_leaks
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
