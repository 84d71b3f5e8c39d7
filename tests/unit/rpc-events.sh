#!/bin/bash
# SPDX-License-Identifier: MIT
# Events by stock virsh, while things happen to rpc-stub.c's broker.

. "$abs_top_srcdir/tests/unit/rpc-stub.sh"

# hears N TITLE HAPPENS PATTERN ARGUMENT...: virsh with these arguments
# registers for N events, and prints one when that happens, and nothing more.
# It may lose what happens before its own books have the registration, which the
# daemon cannot see: so it happens again until virsh has ended.
hears()
{
    local count=$1 title=$2 happens=$3 pattern=$4
    shift 4
    timeout 60 virsh -c "$uri?socket=$work/run/$ro" "$@" \
        >"$work/got" 2>/dev/null 3>&- 4<&- &
    local virsh=$!
    wishes "$count"
    while kill -0 $virsh 2>/dev/null; do
        happen "$happens"
        timeout 0.2 tail -f /dev/null --pid=$virsh
    done
    [ "$(sed -n '2p' "$work/got")" = "events received: 1" ] &&
        sed -n '1p' "$work/got" | grep -Eqx "$pattern"
    local good=$?
    say $good "$title"
    [ $good = 0 ] || sed 's/^/# /' "$work/got"
    wishes 0
}

lifecycle="event 'lifecycle' for domain 'gamma':"
balloon="event 'balloon-change' for domain 'alpha':"

start_stub

hears 1 "a guest starts" s "$lifecycle Started Booted" \
    event --event lifecycle
hears 1 "a guest ends" g "$lifecycle Stopped Shutdown" \
    event --event lifecycle
hears 1 "a guest breaks the protocol" f "$lifecycle Stopped Failed" \
    event --event lifecycle
hears 1 "a guest is ended" d "$lifecycle Stopped Destroyed" \
    event --event lifecycle
hears 1 "a domain is defined" n "$lifecycle Defined Added" \
    event --event lifecycle
hears 1 "a domain is changed" c "$lifecycle Defined Updated" \
    event --event lifecycle
hears 1 "a domain is defined no more" u "$lifecycle Undefined Removed" \
    event --event lifecycle
hears 1 "a guest has a lease more" b "$balloon [0-9]+KiB" \
    event --event balloon-change
hears 1 "of one guest alone" sb "$balloon [0-9]+KiB" \
    event --event balloon-change --domain alpha
hears 27 "of all kinds" s "$lifecycle Started Booted" event --all
hears 1 "a pool is refreshed" r \
    "event 'refresh' for storage pool default" pool-event --event refresh

for event in N:Defined U:Undefined S:Started T:Stopped; do
    hears 1 "a pool is ${event#*:}" "${event%:*}" \
        "event 'lifecycle' for storage pool gamma: ${event#*:}" \
        pool-event --event lifecycle
done

refused "no guest with|failed to get domain" $rw event --event lifecycle \
    --domain nope

stop_stub
say $? "the daemon ends clean"
finish
