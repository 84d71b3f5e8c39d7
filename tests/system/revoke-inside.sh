#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: `labyrinth revoke` takes leases from a guest that works on
# them, one that hangs in a loop, one whose processor is halted, and one whose
# VMM is stopped. The pages are back in stock each time, whatever those do; and
# a guest that touches one of them is stopped with a report. One that hears of it
# before moves its data out of the way in time, and loses nothing.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=16
start_broker --pool default=$((total * 2))M

# start EXERCISE...: a guest named ada of 14 leases, its first line awaited; what
# it says after that is in $work/out, whole when $reader has ended.
start() {
    mkfifo "$work/fifo"
    "$labyrinth" run --name ada --guarantee 4M --limit $((total * 2 - 4))M "$demo_elf" "$@" \
        >"$work/fifo" 2>"$work/err" &
    pid=$!
    exec {fd}<"$work/fifo"
    rm "$work/fifo"
    IFS= read -r _ <&"$fd" || true
    cat <&"$fd" >"$work/out" &
    reader=$!
}

# stock WHAT WANTED: wait until so many leases are blank, a minute at most.
stock() {
    local end=$((SECONDS + 60)) blank=
    while ((SECONDS < end)); do
        blank=$(leases blank)
        [[ $blank != "$2" ]] || break
    done
    tap_is "$1: leases in stock" "$blank" "$2"
}

# mapped PID: MiB that a VMM has resident of its leases.
mapped() {
    awk '/^[0-9a-f]+-[0-9a-f]+ / { lease = /memfd:labyrinth:|kvm-gmem/ }
        lease && /^Rss:/ { kib += $2 } END { print kib / 1024 }' \
        "/proc/$1/smaps"
}

# until_told COUNT: wait until the guest has said so often that it was told, a
# minute at most.
until_told() {
    local end=$((SECONDS + 60)) told=
    while ((SECONDS < end)); do
        told=$(grep -c '^told: ' "$work/out" || true)
        ((told < $1)) || break
    done
    echo "$told"
}

# gone: the guest is not there any more, and the pool whole.
gone() {
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    if pool_whole "$total"; then
        tap_ok "$1: the pool is whole"
    else
        tap_not_ok "$1: the pool is whole"
    fi
}

# reported WHAT: it is stopped, with page, lease and reason.
reported() {
    local status=0
    timeout 60 tail --pid="$pid" -f /dev/null || kill -KILL "$pid"
    wait "$pid" || status=$?
    tap_is "$1: stopped" "$status" 126
    tap_like "$1: page, lease and reason" "$(<"$work/err")" \
        'it touched guest page 0x1[0-9a-f]+, whose lease 0x[0-9a-f]+ is revoked: an administrator took it'
}

what="a guest at work"
start hog
tap_is "$what: taken" "$("$labyrinth" revoke ada)" "12 leases taken from ada"
reported "$what"
gone "$what"

what="a guest that moves in time"
start notice 4
tap_is "$what: given up" "$("$labyrinth" revoke --leases 4 --grace 60000 ada)" \
    "0 leases taken from ada, 4 given up in time"
status=0
wait "$pid" || status=$?
wait "$reader" || true
tap_is "$what: ends well" "$status" 0
tap_like "$what: moved, and kept its data" "$(<"$work/out")" \
    '4 notices, [1-9][0-9]* blocks moved, [0-9]+ dropped: all is as it was'
tap_is "$what: nothing was lost" \
    "$(grep -c 'the broker took' "$work/err" || true)" 0
tap_is "$what: the broker says so" \
    "$(grep -c 'guest ada: gave lease [0-9]* up in time' "$work/broker.log")" 4
tap_is "$what: the broker took nothing" \
    "$(grep -c 'guest ada: .* was taken' "$work/broker.log")" 12
gone "$what"

what="a guest that does not care"
start notice 0
tap_is "$what: taken" "$("$labyrinth" revoke --leases 4 ada)" \
    "4 leases taken from ada"
reported "$what"
wait "$reader" || true
tap_like "$what: it was told" "$(<"$work/out")" 'told: 0x1[0-9a-f]+ goes in'
gone "$what"

# The next broker knows of no notice; neither may the guest, or it would keep what
# it holds closed for ever, and not hear of the next one.
what="a broker killed while its notices stand"
start notice 0
"$labyrinth" revoke --leases 4 --grace 60000 ada >"$work/asked" 2>&1 &
asker=$!
tap_is "$what: the guest is told" "$(until_told 4)" 4
kill -KILL "$broker_pid"
wait "$broker_pid" 2>/dev/null || true
status=0
wait "$asker" || status=$?
tap_is "$what: who asked is told that it failed" "$status" 1
begin_broker "$labyrinthd" --pool default=$((total * 2))M --adopt-timeout 120000
broker_says 'guest ada is back, and has 14 of its 14' || true
cat <&"$broker_log" >>"$work/broker.log" &
tap_is "$what: all is as it was" "$(leases leased) $(leases blank)" "14 2"
audit_clean "$what"
"$labyrinth" revoke --leases 4 --grace 60000 ada >"$work/asked" 2>&1 &
tap_is "$what: it is told again by the next" "$(until_told 8)" 8
tap_is "$what: the guest is whole" "$(kill -0 "$pid" && echo yes)" yes
tap_is "$what: nothing was taken" \
    "$(grep -c 'the broker took' "$work/err" || true)" 0
gone "$what"

what="a guest that hangs in a loop"
start hang
tap_is "$what: taken" "$("$labyrinth" revoke ada)" "12 leases taken from ada"
stock "$what" 14
tap_is "$what: MiB still mapped" "$(mapped "$pid")" 4
tap_is "$what: its VMM goes on" "$(kill -0 "$pid" && echo yes)" yes
gone "$what"

what="a guest whose processor is halted"
start hang halted
tap_is "$what: taken" "$("$labyrinth" revoke ada)" "12 leases taken from ada"
stock "$what" 14
tap_is "$what: MiB still mapped" "$(mapped "$pid")" 4
tap_is "$what: its VMM goes on" "$(kill -0 "$pid" && echo yes)" yes
gone "$what"

what="a VMM that is stopped"
start hog
kill -STOP "$pid"
tap_is "$what: taken" "$("$labyrinth" revoke ada)" "12 leases taken from ada"
if [[ ${LABYRINTH_TEST_BACKING:-} == guest_memfd ]]; then
    # A touch would bring its pages back, so it has to let go of them.
    stock "$what: all, for it did not let go of them" "$total"
    status=0
    wait "$pid" || status=$?
    tap_is "$what: killed" "$status" 137
    tap_like "$what: the broker says why" "$(<"$work/broker.log")" \
        'client ada .* dropped: it does not answer that leases were taken'
else
    stock "$what" 14
    tap_is "$what: MiB still mapped" "$(mapped "$pid")" 4
    kill -CONT "$pid"
    reported "$what"
fi
gone "$what"

what="all that a guest has, its RAM too"
start hang
tap_is "$what: taken" "$("$labyrinth" revoke --leases 1000 ada)" \
    "14 leases taken from ada"
stock "$what" 16
timeout 60 tail --pid="$pid" -f /dev/null || true
tap_like "$what: the report" "$(<"$work/err")" \
    'stopped: .*(a lease of its RAM was revoked|lease that the VMM was reading)'
gone "$what"

# More than a VMM can be told of: its connection ends, and all is taken.
stop_broker
total=80
start_broker --pool default=$((total * 2))M
what="a VMM that is stopped and told too often"
start hog
kill -STOP "$pid"
tap_is "$what: taken" "$("$labyrinth" revoke --leases 65 ada)" \
    "65 leases taken from ada"
stock "$what" "$total"
kill -CONT "$pid" || true
timeout 60 tail --pid="$pid" -f /dev/null || kill -KILL "$pid"
status=0
wait "$pid" || status=$?
if [[ ${LABYRINTH_TEST_BACKING:-} == guest_memfd ]]; then
    tap_is "$what: killed" "$status" 137
else
    tap_is "$what: stopped" "$status" 126
    tap_like "$what: the report" "$(<"$work/err")" \
        'stopped: .*(the broker let go of this guest|an administrator took it|a lease of its RAM was revoked|lease that the VMM was reading)'
fi
gone "$what"

# Who may not, and what is not there.
tap_like "no such guest" "$("$labyrinth" revoke nobody 2>&1 || true)" \
    'there is no guest named nobody'
status=0
setpriv --reuid 65534 --clear-groups "$labyrinth" revoke ada \
    >"$work/out" 2>&1 || status=$?
tap_is "another user: exit status" "$status" 1
tap_like "another user: refused" "$(<"$work/out")" 'nothing was taken'
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
