#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: a guest is defined, started, watched and ended by virsh
# alone; it outlives the daemon, and its definition outlives both.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=64
begin() { start_broker --pool default=$((total * 2))M --state-dir "$work/state"; }
columns() { awk '{ $1 = $1; print }'; }
v() { virsh -q -c "$uri" "$@" 2>&1; }
# state GUEST STATE: wait until virsh says so, for a minute at most.
state() {
    local end=$((SECONDS + 60))
    while ((SECONDS < end)); do
        [[ $(v domstate "$1") != "$2" ]] || return 0
    done
    return 1
}

begin
mkfifo "$work/in"
cat >"$work/ada.xml" <<END
<domain type='kvm'>
  <name>ada</name>
  <description>the first</description>
  <metadata><n:note xmlns:n='urn:note'>mine</n:note></metadata>
  <memory unit='MiB'>64</memory>
  <currentMemory unit='MiB'>32</currentMemory>
  <memtune><min_guarantee unit='MiB'>8</min_guarantee></memtune>
  <vcpu>1</vcpu>
  <os><type arch='x86_64'>hvm</type><kernel>$demo_elf</kernel>
    <cmdline>spin</cmdline></os>
</domain>
END

# Defined
v define "$work/ada.xml" >/dev/null
tap_like "list --all: it is defined" "$(v list --all)" 'ada +shut off'
tap_is "list: it does not run" "$(v list --name)" ""
tap_like "dumpxml has what was defined" "$(v dumpxml ada)" \
    "<currentMemory unit='KiB'>32768</currentMemory>"
tap_like "dominfo" "$(v dominfo ada)" 'Persistent: +yes'
sed 's/<vcpu>/<sysinfo\/><vcpu>/' "$work/ada.xml" >"$work/bad.xml"
tap_like "what is not there is refused by name" \
    "$(v define "$work/bad.xml" || true)" '/domain/sysinfo'
tap_like "nobody may define who may only look" \
    "$(virsh -r -q -c "$uri" define "$work/ada.xml" 2>&1 || true)" \
    'read only access'

stats='balloon.current=32768 balloon.maximum=65536 vcpu.current=1 vcpu.maximum=1'
stats="Domain: 'ada' state.state=5 state.reason=0 $stats block.count=0"
tap_is "domstats: of all, though they are off" "$(v domstats | xargs -d '\n' | tr -s ' ')" \
    "$stats"
tap_is "domstats ada" "$(v domstats ada | xargs -d '\n' | tr -s ' ')" "$stats"
tap_is "domstats --list-active: but for a filter" "$(v domstats --list-active)" ""

# What is asked of it is of what was defined, or of one that runs.
tap_is "memtune" "$(v memtune ada | columns)" "hard_limit : 32768
min_guarantee : 8192"
tap_is "vcpuinfo" "$(v vcpuinfo ada | columns | head -n 3)" "VCPU: 0
CPU: N/A
State: N/A"
tap_is "desc" "$(v desc ada)" "the first"
tap_is "desc --title: none" "$(v desc --title ada)" ""
tap_like "metadata: our own" \
    "$(v metadata ada --uri urn:labyrinth:libvirt:1)" '<labyrinth:pool>default<'
tap_like "metadata: its owner's" "$(v metadata ada --uri urn:note)" '>mine</'
for question in dommemstat domcontrol domdisplay shutdown destroy console; do
    tap_like "$question: it is off" "$(v $question ada || true)" \
        '[Dd]omain is not running|[Dd]omain is not active'
done
# As often as it takes until who waits has heard of it.
v event --domain ada --event lifecycle --timeout 120 >"$work/event" &
listens=$!
while kill -0 "$listens" 2>/dev/null; do
    v define "$work/ada.xml" >/dev/null
done
tap_like "event --domain" "$(<"$work/event")" \
    "^event 'lifecycle' for domain '?ada'?: Defined Updated"

# Whoever the socket's mode lets in: it is who he is that counts.
cp /etc/group "$work/group"
grep -q '^libvirt:' "$work/group" || echo 'libvirt:x:64055:' >>"$work/group"
mount --bind "$work/group" /etc/group
chmod 666 /run/libvirt/virtlabyrinthd-sock
as() { setpriv --reuid 65534 --regid "$@" virsh -q -c "$uri" list --all 2>&1; }
tap_like "a stranger may not act, whatever the socket's mode" \
    "$(as 65534 --clear-groups || true)" 'user 65534 is neither root nor'
tap_like "which is in the log" "$(<"$work/broker.log")" \
    'process [0-9]+ of user 65534, group 65534, may only look'
tap_like "but he may look" \
    "$(setpriv --reuid 65534 --regid 65534 --clear-groups \
        virsh -r -q -c "$uri" list --all 2>&1)" 'ada +shut off'
libvirt=$(getent group libvirt | cut -d: -f3)
tap_like "who has group libvirt may act" "$(as "$libvirt" --clear-groups)" \
    'ada +shut off'
tap_like "and beside others, too" "$(as 65534 --groups "$libvirt")" \
    'ada +shut off'
tap_like "who acts is in the log" "$(<"$work/broker.log")" \
    'process [0-9]+ of user 0, group 0, acts'

tap_is "snapshot-list: what does not run has none" "$(v snapshot-list ada)" ""

# Started
v start ada >/dev/null
tap_like "start: it runs" "$(v list)" 'ada +running'
tap_is "desc: as it was defined" "$(v desc ada)" "the first"
tap_like "dumpxml: likewise" "$(v dumpxml ada)" '<description>the first<'
tap_like "its VMM is in a session of its own" \
    "$(ps -o sid=,comm= -C labyrinth)" "^ *$(pgrep -x labyrinth) labyrinth"
# The files of leases that its VMM has open: each for a moment, while it comes.
descriptors() {
    find "/proc/$(pgrep -x labyrinth)/fd" -lname '/memfd:*' \
        ! -lname '*tally*' -printf '%l\n' | sort
}
descriptors >"$work/early"
tap_like "a second start is refused" "$(v start ada || true)" \
    'already (active|running)'
if (($(leases leased) >= 4)); then
    tap_ok "its guarantee is leased"
else
    tap_not_ok "its guarantee is leased"
fi

# Watched. virsh wants a terminal for that, and goes when the guest does.
heard() {
    local end=$((SECONDS + 60))
    while ((SECONDS < end)); do
        grep -q "$1" "$work/console" && return 0
    done
    return 1
}
script -qfec "virsh -c $uri console ada" /dev/null <"$work/in" >"$work/console" &
console=$!
exec {input}>"$work/in"
if heard 'turn [0-9]*: holding'; then
    tap_ok "console: its lines come"
else
    tap_not_ok "console: its lines come"
    sed 's/^/# /' "$work/console"
fi
tap_is "its VMM keeps no lease's descriptor, and has none of the daemon's" \
    "$(descriptors | comm -12 "$work/early" -)" ""
printf '\035' >&"$input" # ^], which is virsh's
wait "$console" || true
exec {input}>&-
tap_is "and it runs on when nobody listens" "$(v domstate ada)" running

# More memory, and less
tap_like "dumpxml: its limit" "$(v dumpxml ada)" \
    "<hard_limit unit='KiB'>32768</hard_limit>"
v setmem ada 48M >/dev/null
tap_like "setmem: its limit is another" "$(v dumpxml ada)" \
    "<hard_limit unit='KiB'>49152</hard_limit>"
tap_like "setmem: not above its maximum" "$(v setmem ada 66M || true)" \
    'from its guarantee of 8M to its maximum of 64M'
v setmem ada 16M --config >/dev/null
tap_like "setmem --config: what is defined is another" \
    "$(v dumpxml --inactive ada)" "<currentMemory unit='KiB'>16384<"

# The daemon is killed, and comes back.
process=$(pgrep -x labyrinth)
kill -KILL "$broker_pid"
wait "$broker_pid" 2>/dev/null || true
begin
state ada running || true
tap_like "its guest outlives the daemon" "$(v list)" 'ada +running'
tap_is "in the same process" "$(pgrep -x labyrinth)" "$process"
tap_like "with the limit that it had then" "$(v dumpxml ada)" \
    "<hard_limit unit='KiB'>49152</hard_limit>"
tap_like "it is still defined" "$(v dominfo ada)" 'Persistent: +yes'

# Ended
v shutdown ada >/dev/null
if state ada "shut off"; then
    tap_ok "shutdown: it is off"
else
    tap_not_ok "shutdown: it is off"
fi
v start ada >/dev/null
v destroy ada >/dev/null
tap_is "destroy: it is off when that returns" "$(v domstate ada)" "shut off"
v start ada >/dev/null
tap_is "and can be started at once" "$(v domstate ada)" running
v undefine ada >/dev/null
tap_like "undefine: it runs on" "$(v dominfo ada)" 'Persistent: +no'
v destroy ada >/dev/null
tap_is "and is forgotten when it ends" "$(v list --all --name)" ""

# As others write it
v create "$work/ada.xml" >/dev/null
v dumpxml ada >"$work/running.xml"
v define "$work/running.xml" >/dev/null
tap_like "what is said of a guest that runs can be defined" "$(v dominfo ada)" \
    'Persistent: +yes'
v destroy ada >/dev/null
tap_like "and says the same of what does not" "$(v dumpxml ada)" \
    "<memory unit='KiB'>65536<.*<min_guarantee unit='KiB'>8192<.*$demo_elf<"
v undefine ada >/dev/null
virt-install --connect "$uri" --name eve --memory 32 --vcpus 2 --import \
    --disk none --network none --graphics none --osinfo detect=off,require=off \
    --boot kernel="$demo_elf",kernel_args=spin --noautoconsole \
    >"$work/eve" 2>&1 || true
tap_like "virt-install: it is defined, and runs" "$(v list --persistent)" \
    'eve +running'
v destroy eve >/dev/null || cat "$work/eve"
virt-xml --connect "$uri" eve --edit --vcpus 3 >/dev/null
tap_is "virt-xml changes what is defined" "$(v vcpucount eve --maximum --config)" 3
v undefine eve >/dev/null

# Not kept
v create "$work/ada.xml" >/dev/null
tap_like "create: it runs" "$(v list --transient)" 'ada +running'
v destroy ada >/dev/null
tap_is "and is forgotten when it ends" "$(v list --all --name)" ""
sed 's/labyrinth-demo.elf/none.elf/' "$work/ada.xml" >"$work/bad.xml"
tap_like "create says what its VMM said" \
    "$(v create "$work/bad.xml" || true)" 'cannot open the kernel .*none.elf'

# A guest that was started by hand is ended all the same.
"$labyrinth" run --name bob "$demo_elf" spin >/dev/null 2>&1 &
bob=$!
end=$((SECONDS + 60))
while [[ $(v list --name) != *bob* ]] && ((SECONDS < end)); do :; done
v destroy bob >/dev/null
status=0
wait "$bob" 2>/dev/null || status=$?
tap_is "a guest that was started by hand is ended" "$status" 137
if pool_whole "$total"; then
    tap_ok "the pool is whole at the end"
else
    tap_not_ok "the pool is whole at the end"
fi
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
