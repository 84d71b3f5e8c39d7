#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: two guests hold memory while virsh looks.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=64
start_broker --pool default=$((total * 2))M --pool other=8M
v() { virsh -q -c "$uri" "$@" 2>&1; }

declare -A pid cpus=([ada]=3 [bob]=1)
for guest in ada bob; do
    mkfifo "$work/$guest"
    "$labyrinth" run --name "$guest" --guarantee 8M --limit 48M \
        --cpus "${cpus[$guest]}" "$demo_elf" \
        spin >"$work/$guest" 2>"$work/$guest.err" &
    pid[$guest]=$!
    exec {fd}<"$work/$guest"
    IFS= read -r _ <&"$fd" # its first line: it runs
    cat <&"$fd" >/dev/null &
done

tap_like "list: both guests run" "$(v list)" 'ada +running.*bob +running'
tap_like "pool-list --details" "$(v pool-list --details)" \
    'default +running .*128.00 MiB'
tap_like "pool-list --details: the other pool" "$(v pool-list --details)" \
    'other +running .*8.00 MiB'
tap_like "pool-info" "$(v pool-info default)" 'Capacity: +128.00 MiB'
tap_like "vol-list --details: ada's share" "$(v vol-list default --details)" \
    'ada .*48.00 MiB'
tap_like "vol-list --details: bob's share" "$(v vol-list default --details)" \
    'bob .*48.00 MiB'
tap_is "vol-list: the other pool has no share" "$(v vol-list other)" ""
tap_like "nodeinfo" "$(v nodeinfo)" 'CPU model: +x86_64'
tap_is "hostname" "$(v hostname)" "$(hostname)"
tap_is "uri" "$(v uri)" "labyrinth:///system"
tap_like "version" "$(v version)" '[Ll]abyrinth'
tap_like "dumpxml: ada is a domain of ours" "$(v dumpxml ada)" '<name>ada</name>'
tap_is "vcpucount: as ada was started" \
    "$(v vcpucount ada --current --live)" 3
tap_is "vcpucount: as bob was started" \
    "$(v vcpucount bob --current --live)" 1
tap_like "an unknown procedure is not supported" "$(v domfsinfo ada || true)" \
    'not supported'
tap_like "the read-only socket" "$(virsh -r -q -c "$uri" list)" 'ada +running'

# What another test on a machine of its own would do at the same moment.
cat >"$work/second" <<'END'
. "$abs_top_srcdir/tests/system/broker.sh"
start_broker --pool default=8M
leases blank
END
mkdir "$work/tmp"
tap_is "a second script has a broker of its own" \
    "$(TMPDIR=$work/tmp env -u LABYRINTH_TESTBED -u LABYRINTH_OWN_RUN \
        timeout 60 bash "$work/second" 2>&1)" 4
tap_is "and leaves nothing behind" "$(ls -A "$work/tmp")" ""
tap_is "not even a process" "$(pgrep -c labyrinthd)" 1

before=$(leases leased)
if ((before >= 8)); then
    tap_ok "the guarantees of both are leased ($before leases)"
else
    tap_not_ok "the guarantees of both are leased ($before leases)"
fi

kill -KILL "${pid[ada]}"
wait "${pid[ada]}" 2>/dev/null || true
gone=
for _ in {1..50}; do
    [[ $(v list --name) != *ada* ]] && gone=yes && break
done
tap_is "a killed guest leaves the list" "$gone" yes
tap_like "its neighbour stays" "$(v list)" 'bob +running'
kill -KILL "${pid[bob]}"
wait "${pid[bob]}" 2>/dev/null || true
if pool_whole "$total"; then
    tap_ok "the pool is whole at the end"
else
    tap_not_ok "the pool is whole at the end"
fi
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
