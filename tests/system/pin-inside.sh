#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: a VMM returns a lease whose frames the kernel holds for it,
# in a pipe (vmsplice) and for a ring (io_uring). They live on after the cut.
# Nobody else's bytes come to it, nor its own to others; what it costs the pool
# is seen, and is over when it ends.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

total=8
pages=/proc/sys/vm/nr_hugepages

free_huge() { awk '/^HugePages_Free/ { print $2 }' /proc/meminfo; }
available() { awk '/^MemAvailable/ { print $2 }' /proc/meminfo; }

# settled BLANK: wait until so many are blank and all else is withdrawn.
settled() {
    local end=$((SECONDS + 60)) now=
    while ((SECONDS < end)); do
        now="$(leases blank) $(leases withdrawn)"
        [[ $now != "$1 $((total - $1))" ]] || break
    done
    echo "$now"
}

# pinned BACKING BLANK: so many leases are blank while it holds one's frames.
pinned() {
    local what="$1" during
    start_broker --pool default=$((total * 2))M,backing="$1"
    start pin "$abs_top_builddir/tests/system/hostile" \
        /run/labyrinth/broker.sock pin
    tap_is "$what: what it can read yet is its own" "$said" "its own"
    tap_is "$what: blank and withdrawn meanwhile" "$(settled "$2")" \
        "$2 $((total - $2))"
    during=$(available)
    printf '# %s: %d huge pages free meanwhile\n' "$what" "$(free_huge)"
    audit_clean "$what, meanwhile"
    finish
    tap_is "$what: blank when it has ended" "$(settled $total)" "$total 0"
    printf '# %s: %d KiB more memory available by its end\n' "$what" \
        $(($(available) - during))
    stop_broker
    tap_is "$what: the broker ends when asked" $? 0
}

# Before anything else is there to lie in their way.
had=$(<$pages)
echo $total >$pages
pinned shmem $total
if (($(<$pages) >= total)); then
    pinned hugetlb $((total - 1))
else
    tap_not_ok "hugetlb: $total huge pages"
fi
echo "$had" >$pages
tap_done
