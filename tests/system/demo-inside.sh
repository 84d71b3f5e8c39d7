#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: the demo itself. Says each command that it runs, and
# draws the pool: one character for each lease, its owner's initial.
set -euo pipefail
. "$abs_top_srcdir/tests/system/broker.sh"
PATH=$abs_top_builddir/vmm:$PATH
total=64

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

# One line: who holds which share of the pool right now, as virsh tells.
draw() {
    virsh -q -c "$uri" vol-list default --details | awk -v total=$total '
        { for (i = 3; i < NF; i++) if ($i == "MiB" || $i == "GiB") break
          # name path type capacity unit allocation unit
          held = int($(NF - 1) / 2 + 0.5); name = $1
          for (i = 0; i < held; i++) bar = bar substr(name, 1, 1)
          used += held
          words = words sprintf(", %s %d", name, held * 2) }
        END { for (i = used; i < total; i++) bar = bar "."
              printf "  [%s] free %d MiB%s\n", bar, (total - used) * 2, words }'
}

say "1. A broker that owns a pool of $((total * 2)) MiB: $total leases of 2 MiB each."
echo "\$ labyrinthd --pool default=$((total * 2))M &"
start_broker --pool default=$((total * 2))M
cat "$work/broker.log"

say "2. Two guests, each in a process of its own, on Linux $(uname -r) with /dev/kvm."
declare -A pid
# start_guest NAME PAGES ROUNDS: up to so many pages and down again, paced by
# writing and checking all that is held 20 times a step.
start_guest() {
    echo "\$ labyrinth run --name $1 --guarantee 8M --limit 64M labyrinth-demo.elf hold $2 $3 20 &"
    "$labyrinth" run --name "$1" --guarantee 8M --limit 64M "$demo_elf" \
        hold "$2" "$3" 20 >"$work/$1.out" 2>&1 &
    pid[$1]=$!
}
start_guest ada 12288 2
start_guest bob 6144 3
until [[ -s $work/ada.out && -s $work/bob.out ]]; do
    kill -0 "${pid[ada]}" "${pid[bob]}" 2>/dev/null || break
done

say "3. Stock virsh sees both, and a pool whose numbers move."
show virsh -c "$uri" list
show virsh -c "$uri" pool-list --details
show virsh -c "$uri" vol-list default --details

echo "The pool, lease by lease (a: ada's, b: bob's, .: free), as virsh tells it:"
shown=0 last=
while kill -0 "${pid[ada]}" 2>/dev/null || kill -0 "${pid[bob]}" 2>/dev/null; do
    now=$(draw)
    if [[ $now != "$last" ]] && ((shown++ < 40)); then
        printf '%s\n' "$now"
    fi
    last=$now
done

failed=0
for guest in ada bob; do
    status=0
    wait "${pid[$guest]}" || status=$?
    say "Guest $guest ended with exit status $status. Its console's last lines:"
    tail -n 4 "$work/$guest.out" | sed 's/^/  /'
    ((status == 0)) || failed=1
done

say "4. The pool is whole again: no page lost, none with two owners."
pool_whole "$total" || failed=1
draw
show virsh -c "$uri" pool-info default
stop_broker || failed=1
if ((failed)); then
    echo "Something went wrong above."
    exit 1
fi
