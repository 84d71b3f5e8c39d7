#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: each thing that a hostile VMM can do, while one honest
# guest runs and others come, storm and go. docs/hostile-vmm.md is the list.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

socket=/run/labyrinth/broker.sock
hostile=$abs_top_builddir/tests/system/hostile
total=32

# storm: honest guests, one after the other, until told to end; each checks every
# page that it has. The status is that of the one that did not end well.
storm() {
    local status=0 rounds=0
    while ((status == 0)) && [[ ! -e $work/enough ]]; do
        nice "$labyrinth" run --name bob --guarantee 8M --limit 8M "$demo_elf" \
            storm $((++rounds)) 1000 >"$work/bob" 2>&1 || status=$?
    done
    return "$status"
}

descriptors() { find "/proc/$broker_pid/fd" -mindepth 1 2>/dev/null | wc -l; }
anonymous() { awk '/^RssAnon/ { print $2 }' "/proc/$broker_pid/status"; }
lines() { wc -l <"$1"; }
is_guest() { grep -q '^mallory ' "$work/audit"; }

# Nothing of it is left: no guest, no lease, no descriptor; and all is clean.
all_is_well() {
    local status=0
    "$labyrinth" audit >"$work/audit" 2>&1 || status=$?
    ((status == 0)) && ! is_guest && (($(descriptors) <= open)) &&
        grep -Eq "^default +shmem +$total +[0-9]+ +[0-9]+ +0 +0 +0 " "$work/audit"
}

# within_a_minute COMMAND...: each question is a round trip to the broker.
within_a_minute() {
    local end=$((SECONDS + 60))
    until "$@"; do
        ((SECONDS < end)) || return 1
    done
}

nobody_noticed() {
    if within_a_minute all_is_well; then
        tap_ok "$1: and nobody noticed"
    else
        tap_not_ok "$1: and nobody noticed" "$(<"$work/audit")" \
            "descriptors: $(descriptors) of $open"
    fi
}

not_a_guest() { "$labyrinth" audit >"$work/audit" 2>&1 || true; ! is_guest; }

# hostile ACT OUTCOME: this becomes of it; and all is well when it has gone. Who
# was dropped has nothing any more, though its process lives.
hostile() {
    start "$1" "$hostile" "$socket" "$1"
    tap_is "$1" "$said" "$2"
    # Linux 6.16 keeps descriptors out, so that nobody is dropped for one.
    if [[ $2 == dropped && $1 != linger || $2 == E* ]]; then
        within_a_minute not_a_guest || tap_not_ok "$1: it is a guest no more"
    fi
    finish
    nobody_noticed "$1"
}

# robbed ACT: it is deaf; an administrator takes all that it has.
robbed() {
    start "$1" "$hostile" "$socket" "$1"
    tap_is "$1" "$said" lives
    tap_like "$1: its leases are taken" \
        "$("$labyrinth" revoke --leases 4 mallory 2>&1)" '4 leases'
    finish
}

: >"$work/ada"
start_broker --pool default=$((total * 2))M,backing=shmem
"$labyrinth" run --name ada --guarantee 8M --limit 8M "$demo_elf" spin \
    >"$work/ada" 2>"$work/ada.err" &
ada=$!
storm &
bob=$!
runs() { (($(lines "$work/ada") > ${1:-0})); }
holds_eight() { grep -Eq '^bob +[0-9]+ +default +4 ' "$work/audit"; }
storms() { "$labyrinth" audit >"$work/audit" 2>&1; holds_eight; }
within_a_minute runs
within_a_minute storms
open=$(descriptors)
rss=$(anonymous)

# What it says
hostile half dropped
hostile empty dropped
hostile oversized dropped
hostile magic dropped
hostile version EPROTONOSUPPORT
hostile backwards dropped
hostile types dropped
hostile unannounced dropped
hostile urgent kept-out
hostile descriptors dropped
hostile linger dropped

# What it asks for
hostile another-name EEXIST
hostile adopt-another EEXIST
hostile adopt-nobody ESTALE
hostile absurd EINVAL
hostile everything ENOMEM
hostile flags EINVAL
hostile stranger kept-out
hostile audit EPERM
hostile revoke EPERM

# Leases that are not its own
hostile replay dropped
hostile older dropped
hostile anothers dropped
hostile beyond dropped
hostile two-questions dropped

# Their files
hostile grow kept-out
hostile shrink lives
hostile punch lives
hostile fence lives
hostile hold-up lives
hostile keep gone
hostile pass-on gone

# Its end of the socket
hostile never-read dropped
hostile stop-reading dropped
hostile stop-writing dropped
hostile tiny-buffers lives
hostile silence lives
hostile die lives

# Floods: beside them a new guest comes in, and the administrator.
for flood in lease-flood hello-flood; do
    "$hostile" "$socket" $flood >"$work/flood" </dev/null &
    flooder=$!
    status=0
    "$labyrinth" run --name eve --limit 8M "$abs_top_builddir/guest/hello.elf" >"$work/eve" 2>&1 || status=$?
    tap_is "$flood: a new guest runs beside it" "$status" 0
    wait "$flooder" || true
    tap_is "$flood" "$(<"$work/flood")" lives
    nobody_noticed "$flood"
done
start silent-flood "$hostile" "$socket" silent-flood
tap_is silent-flood "$said" dropped
status=0
"$labyrinth" run --name eve --limit 8M "$abs_top_builddir/guest/hello.elf" >"$work/eve" 2>&1 || status=$?
tap_is "silent-flood: a new guest comes in" "$status" 0
tap_is "silent-flood: so few have a descriptor" \
    "$(($(descriptors) <= open + 70))" 1
finish
nobody_noticed silent-flood
before=$(lines "$work/broker.log") begin=$SECONDS
hostile garbage-flood dropped
said_lines=$(($(lines "$work/broker.log") - before))
tap_is "garbage-flood: the log is not flooded ($said_lines lines)" \
    "$((said_lines <= 64 + 3 * (SECONDS - begin) + 10))" 1

# Deaf and dumb
robbed deaf
nobody_noticed deaf
robbed stopped
nobody_noticed stopped
robbed heir
pkill -KILL -f "^$hostile $socket heir" || true
nobody_noticed heir

# Those who were there all the time
on=$(lines "$work/ada")
if within_a_minute runs "$on"; then
    tap_ok "the first guest has run on"
else
    tap_not_ok "the first guest has run on" "$(tail -5 "$work/ada.err")"
fi
tap_is "and was told of nothing" \
    "$(grep -c -e broker -e revoked "$work/ada.err" || true)" 0
touch "$work/enough"
status=0
wait "$bob" || status=$?
tap_is "each storm ended well" "$status" 0
tap_is "the broker has no more memory than before ($rss, $(anonymous) KiB)" \
    "$(($(anonymous) <= rss + 512))" 1
{ kill -KILL "$ada" && wait "$ada"; } 2>/dev/null || true
if pool_whole "$total"; then
    tap_ok "the pool is whole"
else
    tap_not_ok "the pool is whole"
fi
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
