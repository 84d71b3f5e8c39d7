#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed, with two NUMA nodes: what backing.sh says. Of
# LABYRINTH_TEST_BACKING alone, if that is set, and whatever nodes there are.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

huge=hugepages/hugepages-2048kB
node() { echo "/sys/devices/system/node/node$1/$huge/$2_hugepages"; }
shmem=/sys/kernel/mm/transparent_hugepage/shmem_enabled
v() { virsh -q -c "$uri" "$@" 2>&1; }

# until_true COMMAND...: ask until it is so, for two minutes at most.
until_true() {
    local end=$((SECONDS + 120))
    while ((SECONDS < end)); do
        ! "$@" || return 0
    done
    printf '# not in two minutes: %s\n' "$*"
    v pool-dumpxml default | sed 's/^/# /'
    return 1
}

# becomes WHAT COMMAND...: it is true in the end.
becomes() {
    if until_true "${@:2}"; then tap_ok "$1"; else tap_not_ok "$1"; fi
}

# pool KEY [POOL]: total, size or a state of its leases.
pool() {
    case $1 in
    total | size)
        v pool-dumpxml "${2:-default}" |
            sed -n "s/.*<labyrinth:leases .* $1='\([0-9]*\)'.*/\1/p"
        ;;
    *) leases "$1" "${2:-default}" ;;
    esac
}
has() { [[ $(pool "$1" "${3:-default}") == "$2" ]]; }

# is_whole: no state but one for each lease, and the auditor finds nothing.
is_whole() {
    local sums status=0
    sums=$(v pool-dumpxml default | awk -F"'" '/<labyrinth:leases / { total = $4 }
        /<labyrinth:state / { sum += $4 } END { print total " " sum }')
    tap_is "$1: each lease is in one state" "${sums#* }" "${sums% *}"
    "$labyrinth" audit >"$work/audit" 2>&1 || status=$?
    tap_is "$1: the audit" "$status" 0
    ((status == 0)) || sed 's/^/# /' "$work/audit"
}

# start_hog NAME OPTION...: a guest that takes all that it may, and keeps it.
declare -A pid
start_hog() {
    mkfifo "$work/$1"
    "$labyrinth" run --name "$1" --kernel-timeout 0 "${@:2}" "$demo_elf" hog \
        >"$work/$1" 2>"$work/$1.err" &
    pid[$1]=$!
    exec {console}<"$work/$1"
    rm "$work/$1"
    IFS= read -r _ <&"$console" || sed 's/^/# /' "$work/$1.err"
    cat <&"$console" >/dev/null &
}
end_guest() {
    kill -KILL "${pid[$1]}"
    wait "${pid[$1]}" 2>/dev/null || true
}
# Its only processor waits in the VMM, not in the guest; or it has ended.
sleeps() {
    [[ $(cat "/proc/$1/syscall" 2>/dev/null || true) == '202 '* ]] ||
        ! kill -0 "$1" 2>/dev/null
}

# refused WHAT PATTERN COMMAND...: it fails, and says why.
refused() {
    local said
    if said=$("${@:3}" 2>&1); then
        tap_not_ok "$1" "it did not fail" "$said"
    else
        tap_like "$1" "$said" "$2"
    fi
}

# life BACKING: a pool of 16 leases that becomes one of 24, then of 8.
life() {
    local b=$1 before status=0
    start_broker --pool "default=32M,backing=$b" --take-after 0
    tap_like "$b: the log says it" "$(<"$work/broker.log")" "backing .*\($b\)"
    tap_like "$b: the pool's XML says it" "$(v pool-dumpxml default)" \
        "<labyrinth:backing>$b</labyrinth:backing>"
    start_hog hog --memory 2M --guarantee 4M --limit 28M
    tap_is "$b: what a guest holds" "$(pool leased)" 14
    is_whole "$b: held"

    # Grow: for one who waits for more than there is.
    "$labyrinth" run --name ada --memory 2M --guarantee 2M --limit 20M \
        --kernel-timeout 120000 "$demo_elf" hold 2048 1 1 >"$work/ada" 2>&1 &
    pid[ada]=$!
    becomes "$b: a guest has taken the rest" has leased 16
    until_true sleeps "${pid[ada]}"
    before=$(<"/proc/${pid[ada]}/comm")
    tap_is "$b: and waits" "$before" labyrinth
    tap_is "$b: allocpages" "$(v allocpages 2M 8 --add)" ""
    wait "${pid[ada]}" || status=$?
    tap_is "$b: who waited ends well" "$status" 0
    tap_like "$b: and got what it waited for" "$(<"$work/ada")" \
        'holding +2048 pages.*all given back'
    becomes "$b: the pool has grown" has blank 10
    tap_is "$b: to its size" "$(pool total) of $(pool size)" "24 of 24"
    tap_like "$b: as everybody sees" "$(v pool-info default)" \
        'Capacity: +48.00 MiB'
    tap_is "$b: freepages tells what is free" "$(v freepages -1 2M)" \
        "2048KiB: 10"
    is_whole "$b: grown"
    refused "$b: more than the host has" 'are needed.*are? (free|available)|needed, the host has' \
        v allocpages 2M 30000
    refused "$b: less than is promised" '2 leases are promised to its guests' \
        v allocpages 2M 1
    tap_is "$b: nothing came of these" "$(pool total) of $(pool size)" \
        "24 of 24"

    # A broker that is killed: the next one has all of it, on the same options.
    kill -KILL "$broker_pid"
    wait "$broker_pid" 2>/dev/null || true
    start_broker --pool "default=32M,backing=$b" --take-after 0
    becomes "$b: the guest is back" grep -q 'guest hog is back' "$work/broker.log"
    tap_is "$b: in a pool that is as large" \
        "$(pool total) of $(pool size), $(pool leased)" "24 of 24, 14"
    is_whole "$b: adopted"

    # Shrink: what is free at once, the rest as it comes back.
    tap_is "$b: allocpages for fewer" "$(v allocpages 2M 8)" ""
    becomes "$b: what was free is gone" has blank 0
    tap_is "$b: what is held stays" "$(pool leased), $(pool total) of $(pool size)" \
        "14, 14 of 8"
    is_whole "$b: shrunk under a guest"
    end_guest hog
    becomes "$b: what comes back is withdrawn" has total 8
    becomes "$b: but for the pool's size" has blank 8
    is_whole "$b: shrunk"
    kill -KILL "$broker_pid"
    wait "$broker_pid" 2>/dev/null || true
    start_broker --pool "default=32M,backing=$b"
    tap_is "$b: a size that was changed stays" "$(pool total)" 8
    stop_broker
    start_broker --pool "default=34M,backing=$b"
    tap_is "$b: until another one is asked for" "$(pool total)" 17
    tap_is "$b: allocpages back to that" "$(v allocpages 2M 17)" ""
    stop_broker
    tap_is "$b: no journal is left" "$(find /run/labyrinth -name '*.ledger')" ""
}

# on_nodes BACKING: one pool on each node, and what is allocated where.
on_nodes() {
    local b=$1 where
    start_broker --pool "near=8M,backing=$b,node=0" \
        --pool "far=8M,backing=$b,node=1"
    becomes "$b: the log says the node" \
        grep -q 'pool far .*on NUMA node 1' "$work/broker.log"
    tap_like "$b: the XML says the node" "$(v pool-dumpxml far)" \
        '<labyrinth:node>1</labyrinth:node>'
    tap_is "$b: allocpages on a cell" "$(v allocpages 2M 12 --cellno 1)" ""
    becomes "$b: it is the pool of that node that grows" has blank 12 far
    tap_is "$b: not the other" "$(pool size near)" 4
    tap_is "$b: freepages, by cell" "$(v freepages 0 2M), $(v freepages 1 2M)" \
        "2048KiB: 4, 2048KiB: 12"
    refused "$b: without a cell it is neither" 'near, far' v allocpages 2M 4
    start_hog eve --pool far --memory 2M --guarantee 20M --limit 20M
    where=$(awk '/memfd:labyrinth:far/ { for (i = 1; i <= NF; i++)
        if ($i ~ /^N[0-9]+=/) { sub("=.*", "", $i); sum[$i]++ } }
        END { for (n in sum) printf "%s:%d ", n, sum[n] }' \
        "/proc/${pid[eve]}/numa_maps")
    tap_is "$b: all leases lie on it" "$where" "N1:10 "
    end_guest eve
    stop_broker
    rm /run/labyrinth/far.ledger # or it would be as large the next time
}

if [[ ${LABYRINTH_TEST_BACKING:-} ]]; then
    life "$LABYRINTH_TEST_BACKING"
    tap_done
    exit
fi

echo 44 >"$(node 0 nr)"
echo 44 >"$(node 1 nr)"
tap_is "huge pages, of each node" "$(cat "$(node 0 free)" "$(node 1 free)" | tr '\n' ' ')" "44 44 "

free_before=$(($(<"$(node 0 free)") + $(<"$(node 1 free)")))
life hugetlb
tap_is "hugetlb: all huge pages are free again" \
    "$(($(<"$(node 0 free)") + $(<"$(node 1 free)")))" "$free_before"
on_nodes hugetlb
refused "too few huge pages on a node" \
    'pool far: 50 huge pages of 2 MiB are needed on NUMA node 1, 44 are free' \
    "$labyrinthd" --pool far=100M,backing=hugetlb,node=1
refused "a node that is not there" 'pool far: the host has no NUMA node 7' \
    "$labyrinthd" --pool far=8M,node=7
echo 0 >"$(node 0 nr)"
echo 0 >"$(node 1 nr)"

# Without huge pages the best is a transparent one, by whichever way.
for mode in never advise; do
    echo $mode >$shmem
    start_broker --pool default=16M
    tap_like "shmem_enabled $mode: transparent huge pages" \
        "$(<"$work/broker.log")" '\(thp\)'
    start_hog hog --memory 2M --guarantee 4M --limit 14M
    is_whole "shmem_enabled $mode: held"
    end_guest hog
    stop_broker
done
echo never >$shmem
life thp
on_nodes thp

# The kernel gives no more of them: what is lost is out of service till it does.
start_broker --pool default=16M,backing=thp
start_hog hog --memory 2M --guarantee 4M --limit 8M
echo deny >$shmem
end_guest hog
becomes "denied: what comes back is withdrawn" has withdrawn 4
tap_like "denied: the pool is degraded" "$(v pool-info default)" degraded
tap_like "denied: the log says why" "$(<"$work/broker.log")" \
    'no memory for a fresh lease'
refused "denied: it cannot grow" 'no transparent huge pages' v allocpages 2M 12
tap_is "denied: freed is freed" "$(pool total)" 8
echo never >$shmem
becomes "allowed again: all are back" has blank 8
is_whole "allowed again"
stop_broker
echo deny >$shmem
refused "denied: no such pool" 'this kernel gives memory files no transparent' \
    "$labyrinthd" --pool default=16M,backing=thp
start_broker --pool default=16M
tap_like "denied: the best is small pages" "$(<"$work/broker.log")" '\(shmem\)'
stop_broker
echo never >$shmem

life shmem
on_nodes shmem
tap_done
