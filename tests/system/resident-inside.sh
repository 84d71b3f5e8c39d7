#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: the first touches of granted pages cost no page fault of
# the VMM's and no exit to it, and on Linux 6.11 and newer no exit at all; by
# each transport, beside other processors, on small pages and on huge ones.
# Where a kernel counts nothing, the guest is told so.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

# guest WHAT COMMAND...: a guest's results and its exit status.
guest() {
    local what=$1 status=0
    shift
    "$@" >"$work/out" 2>"$work/err" || status=$?
    tap_pass_on "$what" <"$work/out"
    tap_is "$what: exit status" "$status" 0
    [[ ! -s $work/err ]] || sed 's/^/# /' "$work/err"
}

resident=("$labyrinth" run --memory 4M --guarantee 14M --limit 20M)
IFS=. read -r major minor _ <<<"$(uname -r)"
ahead='at the first touch'
((major * 100 + minor < 611)) || ahead=ahead

# each_way PAGES: by each transport that there is, on one processor and on two.
each_way() {
    local transport cpus
    for transport in port vmcall; do
        [[ $transport == port || $ahead == ahead ]] || continue
        for cpus in 1 2; do
            guest "$1, $transport, $cpus" "${resident[@]}" --cpus "$cpus" \
                --transport "$transport" "$demo_elf" resident
            tap_like "$1, $transport, $cpus: who fills the tables" \
                "$(<"$work/out")" "tables $ahead"
        done
    done
}

# mapped_ahead PAGES: all leases of the guarantee are mapped before the guest
# has been granted one. Its first line goes to a pipe that is full: it waits.
mapped_ahead() {
    local pid mapped
    mkfifo "$work/full"
    exec {full}<>"$work/full"
    head -c 65536 /dev/zero >&"$full"
    "${resident[@]}" "$demo_elf" resident >&"$full" 2>"$work/err" &
    pid=$!
    until [[ $(<"/proc/$pid/syscall") == '1 0x1 '* ]]; do
        kill -0 "$pid" || break
    done
    mapped=$(awk '/^[0-9a-f]+-[0-9a-f]+ / { lease = /memfd:labyrinth:/ }
        lease && /^(Rss|Private_Hugetlb|Shared_Hugetlb):/ { kib += $2 }
        END { print kib / 1024 }' "/proc/$pid/smaps")
    tap_is "$1: MiB of leases mapped before the first grant" "$mapped" 14
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    exec {full}<&-
    rm "$work/full"
}

# The broker takes huge pages where all of a pool can be had, and else
# transparent ones. Reserved while memory is not in pieces yet.
huge_pages=/proc/sys/vm/nr_hugepages
huge_before=$(<"$huge_pages")
trap 'leave; echo "$huge_before" >"$huge_pages"' EXIT
echo 12 >"$huge_pages"

start_broker --pool default=64M,backing=shmem
tap_like "the first pool is of small pages" "$(<"$work/broker.log")" shmem
mapped_ahead "small pages"
each_way "small pages"
stop_broker

start_broker --pool default=64M
tap_like "a pool that they are too few for has transparent ones" \
    "$(<"$work/broker.log")" '\(thp\)'
mapped_ahead "transparent huge pages"
each_way "transparent huge pages"
stop_broker

start_broker --pool default=24M
tap_like "the third pool is of huge pages" "$(<"$work/broker.log")" huge
mapped_ahead "huge pages"
each_way "huge pages"
stop_broker

# As before Linux 5.14: KVM_GET_STATS_FD, and KVM_CAP_BINARY_STATS_FD asked for
# by KVM_CHECK_EXTENSION; and then a capability that does not hold.
without=$abs_top_builddir/tests/system/without-ioctl
start_broker --pool default=64M
guest "no statistics" "$without" 0xae03:203 0xaece -- \
    "$labyrinth" run --limit 40M "$demo_elf" selftest
status=0
"$without" 0xaece -- "${resident[@]}" "$demo_elf" resident >"$work/out" \
    2>&1 || status=$?
tap_is "statistics that cannot be opened: exit status" "$status" 1
tap_like "statistics that cannot be opened: the guest is told" \
    "$(<"$work/out")" 'lab_stats.* is -61'
stop_broker
tap_done
