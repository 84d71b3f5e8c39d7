#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: a pool is defined, started, leased from, and stopped by
# virsh alone; it outlives the daemon, and its definition outlives both.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

begin() { start_broker --pool default=16M --state-dir "$work/state"; }
v() { virsh -q -c "$uri" "$@" 2>&1; }
names() { v pool-list --name "$@" | xargs; }

begin
backing=${LABYRINTH_TEST_BACKING:-shmem}
cat >"$work/side.xml" <<END
<pool type='labyrinth' xmlns:labyrinth='urn:labyrinth:libvirt:1'>
  <name>side</name>
  <capacity unit='MiB'>32</capacity>
  <labyrinth:pool>
    <labyrinth:backing>$backing</labyrinth:backing>
  </labyrinth:pool>
</pool>
END
cat >"$work/ada.xml" <<END
<domain type='kvm'>
  <name>ada</name>
  <metadata><l:guest xmlns:l='urn:labyrinth:libvirt:1'><l:pool>side</l:pool>
  </l:guest></metadata>
  <memory unit='MiB'>16</memory>
  <memtune><min_guarantee unit='MiB'>8</min_guarantee></memtune>
  <os><type arch='x86_64'>hvm</type><kernel>$demo_elf</kernel>
    <cmdline>spin</cmdline></os>
</domain>
END
stdbuf -oL virsh -c "$uri" pool-event --event lifecycle --loop \
    >"$work/events" 2>&1 &

# Defined, as often as it takes until who listens has heard of it
end=$((SECONDS + 60))
until grep -q 'side: Defined' "$work/events" || ((SECONDS > end)); do
    v pool-define "$work/side.xml" >/dev/null
done
tap_like "pool-list --all: it is defined" "$(v pool-list --all)" \
    'side +inactive +no'
tap_is "pool-list: it is not active" "$(names)" default
tap_like "pool-info: inactive, persistent" "$(v pool-info side)" \
    'State: +inactive.*Persistent: +yes'
tap_like "pool-dumpxml has what was defined" "$(v pool-dumpxml side)" \
    "<capacity unit='bytes'>33554432<.*<labyrinth:backing>$backing<"
tap_like "it has no volumes to list" "$(v vol-list side || true)" 'not active'
sed 's/<name>/<features\/><name>/' "$work/side.xml" >"$work/bad.xml"
tap_like "what is not there is refused by name" \
    "$(v pool-define "$work/bad.xml" || true)" '/pool/features'
tap_like "nobody may define who may only look" \
    "$(virsh -r -q -c "$uri" pool-define "$work/side.xml" 2>&1 || true)" \
    'read only access'

# Started
v pool-start side >/dev/null
tap_like "pool-start: it has its leases when that returns" \
    "$(v pool-info side --bytes)" \
    'State: +running.*Capacity: +33554432.*Available: +33554432'
tap_like "a second start is refused" "$(v pool-start side || true)" \
    'already active'
tap_like "undefine is refused meanwhile" "$(v pool-undefine side || true)" \
    'still active'
v pool-autostart side >/dev/null
tap_like "pool-autostart" "$(v pool-list --autostart)" 'side +active +yes'

sed 's/32/40/' "$work/side.xml" >"$work/more.xml"
v pool-define "$work/more.xml" >/dev/null
tap_like "another capacity counts at once" "$(v pool-info side --bytes)" \
    'Capacity: +41943040'

# Leased from
v create "$work/ada.xml" >/dev/null
tap_like "a guest leases from it" "$(v vol-list side)" 'ada +side/ada'
tap_like "vol-dumpxml: by single leases" "$(v vol-dumpxml ada --pool side)" \
    "<labyrinth:held [^>]*>.*<labyrinth:lease extent='[0-9]+'.* generation='1'/>"
tap_like "pool-destroy is refused meanwhile" "$(v pool-destroy side || true)" \
    'guest ada leases from it'

# The daemon is killed, and comes back.
kill -KILL "$broker_pid"
wait "$broker_pid" 2>/dev/null || true
begin
tap_like "it is active after that" "$(v pool-list --all)" 'side +active +yes'
end=$((SECONDS + 60))
while [[ $(v domstate ada) != running ]] && ((SECONDS < end)); do :; done
tap_like "with the guest in it" "$(v vol-list side)" 'ada +side/ada'

# Stopped
v destroy ada >/dev/null
v pool-destroy side >/dev/null
tap_like "pool-destroy: it is not active" "$(v pool-list --all)" \
    'side +inactive +yes'
tap_is "and has no page left" "$(find /run/labyrinth -name 'side*' | wc -l)" 0
v pool-undefine side >/dev/null
tap_is "pool-undefine: it is gone" "$(names --all)" default
sed 's/side/once/' "$work/side.xml" >"$work/once.xml"
v pool-create "$work/once.xml" >/dev/null
tap_like "pool-create: active, and not kept" "$(v pool-info once)" \
    'State: +running.*Persistent: +no'
v pool-destroy once >/dev/null
tap_is "and gone when it is destroyed" "$(names --all)" default
tap_like "what the options made is theirs" "$(v pool-undefine default || true)" \
    "of labyrinthd's --pool"
for event in Defined Started; do
    tap_like "pool-event: $event" "$(<"$work/events")" \
        "storage pool side: $event"
done
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
