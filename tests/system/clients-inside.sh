#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: two guests that are still, and what clients of other
# suites say of them, against the ledger.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

v() { client "$LABYRINTH_NEW_VIRSH" virsh -q -r -c "$uri" "$@" 2>&1; }
# It has a guest's memory from its second look on.
top() {
    TERM=dumb client "$LABYRINTH_NEW_TOP" virt-top -c "$uri" --no-init-file \
        -n 2 -d 1 "$@" 2>&1
}

start_broker --pool default=128M --pool other=8M
declare -A cpus=([ada]=3 [bob]=2) most=([ada]=24M [bob]=16M)
for guest in ada bob; do
    mkfifo "$work/$guest"
    "$labyrinth" run --name "$guest" --guarantee 8M --limit "${most[$guest]}" \
        --cpus "${cpus[$guest]}" "$demo_elf" \
        hang halted >"$work/$guest" 2>"$work/$guest.err" &
    exec {said}<"$work/$guest"
    IFS= read -r _ <&"$said" # "holding N blocks, and hanging"
done

# Defined as often as it takes until who waits for one event has heard of it.
cat >"$work/eve.xml" <<END
<domain type='kvm'>
  <name>eve</name>
  <memory unit='MiB'>8</memory>
  <os><type arch='x86_64'>hvm</type><kernel>$demo_elf</kernel></os>
</domain>
END
v event --event lifecycle --timeout 120 >"$work/event" &
listens=$!
while kill -0 "$listens" 2>/dev/null; do
    virsh -q -c "$uri" define "$work/eve.xml" >/dev/null
done
tap_like "virsh event: once" "$(<"$work/event")" \
    "^event 'lifecycle' for domain '?eve'?: Defined (Added|Updated)"

# The ledger, in KiB
"$labyrinth" audit --json >"$work/ledger"
declare -A id held limit leases leased blank
while read -r what name rest; do
    case $what in
    guest) read -r "id[$name]" "held[$name]" "limit[$name]" <<<"$rest" ;;
    pool) read -r "leases[$name]" "leased[$name]" "blank[$name]" <<<"$rest" ;;
    esac
done < <(python3 -S -c 'import json, sys
found = json.load(sys.stdin)
for guest in found["guests"]:
    print("guest", guest["name"], guest["id"], guest["held"] * 2048,
          guest["limit"] * 2048)
for pool in found["pools"]:
    print("pool", pool["name"],
          *(pool[key] * 2048 for key in ("leases", "leased", "blank")))
' <"$work/ledger")
mib() { printf '%d.00 MiB' $(($1 / 1024)); }
tap_is "the ledger has the guests and the pools" "${#id[*]} ${#leases[*]}" "2 2"

tap_is "virsh is that of the suite" "$(v --version)" \
    "$(sed -nE 's/^libvirt-clients\t([0-9.]+)-.*/\1/p' "$LABYRINTH_NEW_VIRSH/versions")"
tap_is "which is newer than the machine's" \
    "$(printf '%s\n' "$(v --version)" "$(virsh --version)" | sort -V | tail -n 1)" \
    "$(v --version)"
columns() { awk '{ $1 = $1; print }'; }
tap_is "virsh list" "$(v list --all | columns)" "${id[ada]} ada running
${id[bob]} bob running
- eve shut off"
tap_is "virsh pool-list --details: default" \
    "$(v pool-list --details | columns | grep ^default)" \
    "default running yes yes $(mib "${leases[default]}") $(mib "${leased[default]}") $(mib "${blank[default]}")"
tap_is "virsh pool-list --details: other" \
    "$(v pool-list --details | columns | grep ^other)" \
    "other running yes yes $(mib "${leases[other]}") 0.00 B $(mib "${blank[other]}")"
tap_is "virsh vol-list --details" \
    "$(v vol-list default --details | columns)" \
    "$(for name in ada bob; do
        echo "$name default/$name file $(mib "${limit[$name]}") $(mib "${held[$name]}")"
    done)"
tap_is "virsh domstats: who runs" \
    "$(v domstats --list-running | sed -n "s/^Domain: //p" | xargs)" "ada bob"
tap_is "virsh domstats: all" \
    "$(v domstats --state | sed -n "s/^Domain: //p" | xargs)" "ada bob eve"
for name in ada bob; do
    v domstats "$name" >"$work/stats"
    for stat in state.state=1 "balloon.current=${held[$name]}" \
        "balloon.maximum=${limit[$name]}" "vcpu.current=${cpus[$name]}" \
        "labyrinth.leases=$((held[$name] / 2048))" \
        "labyrinth.leases.limit=$((limit[$name] / 2048))"; do
        tap_is "virsh domstats $name: ${stat%=*}" \
            "$(grep -F "  ${stat%=*}=" "$work/stats")" "  $stat"
    done
done

# Where each of ada's processors last ran: the kernel's word. The first has the
# process's own thread.
process=$(pgrep -f 'labyrinth run --name ada')
ran_on() { sed 's/.*) //' "/proc/$process/task/$1/stat" | cut -d ' ' -f 37; }
tap_is "virsh vcpuinfo: a CPU for each" \
    "$(v vcpuinfo ada | columns | grep -E '^(VCPU|CPU|State):' | xargs)" \
    "$(for thread in $(grep -l '^vcpu ' "/proc/$process"/task/*/comm | cut -d / -f 5); do
        echo "$(cut -d ' ' -f 2 "/proc/$process/task/$thread/comm") $(ran_on "$thread")"
    done | sort -n | {
        echo "VCPU: 0 CPU: $(ran_on "$process") State: running"
        while read -r n cpu; do
            echo "VCPU: $n CPU: $cpu State: running"
        done
    } | xargs)"

# virt-top
version=$(sed -nE 's/^virt-top\t([0-9.]+)-.*/\1/p' "$LABYRINTH_NEW_TOP/versions")
tap_is "virt-top is that of the suite" \
    "$(top --version | grep -owF "$version" | head -n 1)" "$version"
tap_is "virt-top --script: no word" "$(top --script --csv "$work/csv")" ""
# The last line's cells as "DOMAIN COLUMN=VALUE". All before the first domain is
# the host's, and each domain's columns have the same names.
python3 -S -c 'import csv, sys
head, *_, last = csv.reader(open(sys.argv[1]))
start = head.index("Domain ID")
for cell in zip(head[:start], last):
    print("host %s=%s" % cell)
for at in range(start, len(last), len(head) - start):
    domain = dict(zip(head[start:], last[at:]))
    for cell in domain.items():
        print(domain["Domain name"], "%s=%s" % cell)
' "$work/csv" >"$work/cells"
# has WHO COLUMN=VALUE: the cell is so.
has() {
    tap_is "virt-top --csv: $1 ${2%=*}" \
        "$(grep -F "$1 ${2%=*}=" "$work/cells")" "$1 $2"
}
host_kib=$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)
for cell in "Physical CPUs=$(nproc --all)" Count=3 Running=2 Active=2 Inactive=1 \
    "Total hardware memory (KB)=$host_kib" \
    "Total memory (KB)=$((held[ada] + held[bob]))" \
    "Total guest memory (KB)=$((limit[ada] + limit[bob]))"; do
    has host "$cell"
done
top --stream >"$work/stream"
for name in ada bob; do
    share=$((held[$name] * 100 / host_kib))
    has "$name" "Domain ID=${id[$name]}"
    has "$name" "Mem (bytes)=${held[$name]}" # KiB, whatever it calls them
    has "$name" "%Mem=$share"
    tap_is "virt-top --stream: $name" \
        "$(awk -v name="$name" '$NF == name { line = $1 " " $2 " " $8 }
            END { print line }' "$work/stream")" "${id[$name]} R $share.0"
done
stop_broker
tap_is "the broker ends when asked" $? 0
tap_done
