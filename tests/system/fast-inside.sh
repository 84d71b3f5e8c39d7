#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: a guest grants itself pages by the table that it shares
# with its VMM. By KVM's statistics that makes no exit; virsh sees what each of
# its processors did; what is free is taken back while none of them runs; and one
# that writes nonsense over its table is nobody's trouble but its own.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=32 # leases

# whole WHAT
whole() {
    if pool_whole "$total"; then
        tap_ok "$1: the pool is whole"
    else
        tap_not_ok "$1: the pool is whole"
    fi
}

# no_exits CPUS: the exercise, of so many processors.
no_exits() {
    local status=0
    "$labyrinth" run --cpus "$1" --guarantee 28M --limit 28M "$demo_elf" fast \
        >"$work/out" 2>"$work/err" || status=$?
    tap_pass_on "$1 processors" <"$work/out"
    tap_is "$1 processors: exit status" "$status" 0
    tap_is "$1 processors: nothing on standard error" "$(<"$work/err")" ""
}

# The same exercise sees the exits of a guest that makes a call for each.
by_calls() {
    local status=0
    "$labyrinth" run --grants hypercall --guarantee 28M --limit 28M \
        "$demo_elf" fast >"$work/out" 2>"$work/err" || status=$?
    tap_is "by calls: exit status" "$status" 1
    tap_like "by calls: the exits are seen" "$(<"$work/out")" \
        'not ok 1 - fast: pairs of order 0 make no exit'
    tap_like "by calls: all else is the same" "$(<"$work/out")" \
        'ok 3 - .*ok 4 - fast: bulks'
}

# start_ada: she makes known numbers of grants, halts, and keeps a lease free
# that is not guaranteed.
start_ada() {
    mkfifo "$work/ada"
    "$labyrinth" run --name ada --cpus 2 --limit 64M "$demo_elf" fast stay \
        >"$work/ada" 2>"$work/ada.err" &
    ada=$!
    exec {console}<"$work/ada"
    while [[ ${line-} != '# stays' ]] && IFS= read -r line <&"$console"; do
        printf '%s\n' "$line" >>"$work/ada.out"
    done
}

# stat NAME: a number of ada's.
stat() {
    virsh -q -c "$uri" domstats --vcpu --vm ada |
        sed -n "s/^ *$1=\([0-9]*\)$/\1/p"
}

# sum NAME: of a count of her two processors.
sum() { echo $(($(stat "vcpu.0.labyrinth.$1") + $(stat "vcpu.1.labyrinth.$1"))); }

counted() {
    local cpu seen
    for cpu in 0 1; do
        seen=$(printf '# processor %d: %d fast, %d slow, %d failed' "$cpu" \
            "$(stat "vcpu.$cpu.labyrinth.fast")" \
            "$(stat "vcpu.$cpu.labyrinth.slow")" \
            "$(stat "vcpu.$cpu.labyrinth.failed")")
        tap_is "virsh and the guest agree on processor $cpu" "$seen" \
            "$(grep "^# processor $cpu:" "$work/ada.out")"
    done
    tap_is "what its processors had refilled is all that was" \
        "$(sum refilled)" "$(stat labyrinth.refills)"
    tap_like "and a kick had one more refilled" "$(<"$work/ada.out")" \
        '# refilled ([0-9]+), then '
    read -r _ _ before _ after <<<"$(grep '^# refilled' "$work/ada.out")"
    tap_is "by the low mark ($before $after)" "$((after > ${before%,}))" 1
    tap_like "kicks alone have leases come and go" "$(<"$work/ada.out")" \
        '# a kick brought a lease: yes, one took it: yes'
    tap_is "nothing is granted" "$(stat labyrinth.pages.granted)" 0
}

# Her threads that are in KVM_RUN; a thread of the kernel's looks like one.
processors() {
    local task
    for task in /proc/"$ada"/task/*; do
        [[ ! $(<"$task/comm") =~ ^(labyrinth|vcpu) ||
            $(<"$task/syscall") != *' 0xae80 '* ]] || echo "${task##*/}"
    done
}

# runs: how often each of her processors' threads was given a processor.
runs() {
    local thread
    for thread in $threads; do
        cut -d' ' -f3 "/proc/$ada/task/$thread/schedstat"
    done
}

# Her processors are held; bob wants more than the pool has without her.
taken_while_stopped() {
    local gone ran status=0
    until threads=$(processors) && (($(wc -w <<<"$threads") == 2)); do
        kill -0 "$ada" || break
    done
    # shellcheck disable=SC2086 # words
    coproc holder { exec "$abs_top_builddir/tests/system/hold" $threads; }
    IFS= read -r line <&"${holder[0]}"
    tap_is "her processors are held" "$line" held
    gone=$(sum reclaimed) ran=$(runs)
    "$labyrinth" run --name bob --limit 60M --kernel-timeout 60000 \
        "$demo_elf" hold 14080 1 1 >"$work/bob.out" 2>&1 || status=$?
    tap_is "bob: exit status" "$status" 0
    tap_like "bob has what ada kept free" "$(<"$work/bob.out")" \
        'holding +14080 pages'
    gone=$(($(sum reclaimed) - gone))
    tap_is "a lease of hers went ($gone)" "$((gone > 0))" 1
    tap_is "and no processor of hers ran" "$(runs)" "$ran"
    tap_is "nothing was taken by force" "$(grep -c took "$work/ada.err" || true)" 0
    # Whoever traces a thread has to go before its process can be waited for.
    kill "$holder_PID" && wait "$holder_PID" || true
}

# Two storms beside one that scribbles.
scribbler() {
    local guest status pids=()
    for guest in ada bob; do
        "$labyrinth" run --name "$guest" --cpus 2 --limit 16M "$demo_elf" \
            storm 7 3000 >"$work/$guest.tap" 2>"$work/$guest.err" &
        pids+=($!)
    done
    for seed in 1 2 3; do
        status=0
        timeout 300 "$labyrinth" run --name eve --cpus 2 --limit 16M \
            --kernel-timeout 10 "$demo_elf" scribble "$seed" \
            >"$work/eve.out" 2>"$work/eve.err" || status=$?
        tap_like "scribble $seed: it began" "$(<"$work/eve.out")" '^scribbling'
        # Its own end is as good, if it is told.
        if ((status == 0)); then
            tap_like "scribble $seed: it was answered" \
                "$(<"$work/eve.out")" 'scribbled'
        elif ((status == 126)); then
            tap_like "scribble $seed: it was stopped, with a report" \
                "$(<"$work/eve.err")" 'was stopped: '
        else
            tap_is "scribble $seed: exit status ($(tail -2 "$work/eve.err"))" \
                "$status" "0 or 126"
        fi
    done
    audit_clean "scribble"
    for guest in ada bob; do
        status=0
        wait "${pids[0]}" || status=$?
        pids=("${pids[@]:1}")
        tap_pass_on "beside it, $guest" <"$work/$guest.tap"
        tap_is "beside it, $guest: exit status" "$status" 0
        tap_is "beside it, $guest: nothing on standard error" \
            "$(<"$work/$guest.err")" ""
    done
}

start_broker --pool default=$((total * 2))M --take-after 0
no_exits 1
no_exits 2
by_calls
whole "no exits"
start_ada
counted
taken_while_stopped
kill -KILL "$ada"
wait "$ada" 2>/dev/null || true
whole "ada killed"
rm "$work/ada"* "$work/bob"*
scribbler
whole "scribble"
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
