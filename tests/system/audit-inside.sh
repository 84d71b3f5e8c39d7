#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Inside the testbed: audits during a storm of three guests; then each kind of
# violation, planted by hand, is named, and gone when it is.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/broker.sh"

socket=/run/labyrinth/broker.sock
plant=$abs_top_builddir/tests/system/plant
liar=$abs_top_builddir/tests/system/liar
found=$work/found.json

# audit [ARG...]: its exit status; what it says is in $found.
audit() {
    local status=0
    "$labyrinth" audit "$@" >"$found" 2>"$work/audit.err" || status=$?
    # What follows reads JSON, whatever came.
    [[ -s $found ]] || printf '{"clean": "%s", "checked": {"frames": 0, "looks": 0},
        "differences": []}' "$(tr -d '"\n' <"$work/audit.err")" >"$found"
    printf '%d' "$status"
}

# of EXPRESSION...: what Python makes of the JSON, which it calls `found`; a line
# for each. first(CHECK) is the first difference of that check.
of() {
    python3 -S -c 'import json, sys
found = json.load(open(sys.argv[1]))
def first(check):
    return next(d for d in found["differences"] if d["check"] == check)
for expression in sys.argv[2:]:
    print(eval(expression))' "$found" "$@"
}

# Which checks found something.
checks='" ".join(sorted({d["check"] for d in found["differences"]}))'

# clean WHAT: so it should be; $frames and $looks are how much was looked at.
clean() {
    local status said
    status=$(audit --json)
    said=$(of "'%d %d %s %s' % (found['checked']['frames'],
        found['checked']['looks'], found['clean'], $checks)")
    read -r frames looks said <<<"$said"
    tap_is "$1: clean" "$status $said" "0 True"
}

# A storm: guests that come, grant and release, and go, again and again, until
# one of them is killed.
storm() {
    local seed=$2 status=0
    while ((status == 0)); do
        nice "$labyrinth" run --name "$1" --limit 32M "$demo_elf" \
            storm "$seed" 3000 >"$work/$1.out" 2>&1 || status=$?
        seed=$((seed + 1))
    done
}

# finds WHAT CHECKS [EXPRESSION VALUE]...: exactly these checks are named.
finds() {
    local what=$1 expressions=("$checks") wanted=("$2") values status i
    shift 2
    while (($# > 0)); do
        expressions+=("$1") wanted+=("$2")
        shift 2
    done
    status=$(audit --json)
    mapfile -t values < <(of "${expressions[@]}")
    tap_is "$what: found" "$status ${values[0]}" "1 ${wanted[0]}"
    for ((i = 1; i < ${#wanted[@]}; i++)); do
        tap_is "$what: ${expressions[i]}" "${values[i]:-}" "${wanted[i]}"
    done
}

start_broker --pool default=64M,backing=shmem --pool other=4M
clean "a pool without guests"

declare -A pid
for guest in ada bob cyd; do
    storm "$guest" $((RANDOM % 1000)) 2>/dev/null &
    pid[$guest]=$!
done
total=0
for round in {1..6}; do
    clean "in a storm of three, audit $round"
    printf '# %d page frames, the last of %d looks\n' "$frames" "$looks"
    total=$((total + frames))
done
tap_is "page frames were looked at" "$((total > 0))" 1
tap_is "as text: exit status" "$(audit)" 0
tap_like "as text: the pool" "$(<"$found")" 'default +shmem +32 '
tap_like "as text: a verdict" "$(tail -1 "$found")" '^clean$'
for guest in ada bob cyd; do
    while kill -0 "${pid[$guest]}" 2>/dev/null; do
        pkill -KILL -P "${pid[$guest]}" || true # and so the storm ends
    done
    wait "${pid[$guest]}" || true
done
pool_whole 32
clean "after the storm"

# One honest guest, whose leases stay where they are.
mkfifo "$work/ada"
"$labyrinth" run --name ada --guarantee 8M --limit 8M "$demo_elf" spin \
    >"$work/ada" 2>"$work/ada.err" &
ada=$!
exec {console}<"$work/ada"
IFS= read -r _ <&"$console"
cat <&"$console" >/dev/null &
clean "one guest"
tap_is "its page frames are all looked at" "$frames" 2048

# vmm WAY CHECKS [EXPRESSION VALUE]...: a VMM that does not do as it should.
vmm() {
    local way=$1
    shift
    start "$way" "$plant" vmm "$socket" bob "$way"
    finds "a VMM: $way" "$@"
    finish
}
start whole "$plant" vmm "$socket" bob whole
clean "a VMM that does as it should"
finish
vmm nothing "unmapped" "first('unmapped')['guest']" bob
vmm half "mapped-partly"
vmm twice "frame-shared mapped-twice" 'len(found["differences"])' 4
vmm private "frame-copy mapped-private"
vmm unlocked "not-locked"
vmm patchy "not-locked"
vmm sparse "not-locked not-resident"
vmm forkable "forkable"
vmm dumpable "dumpable"
vmm keep "descriptor-kept" "len(found['differences'])" 2
vmm child "forkable mapped-elsewhere"
clean "all of them gone"

# The broker's descriptor of a lease by the name of its file, which ends in the
# extent's number.
file_of() {
    local link
    for link in "/proc/$broker_pid/fd/"*; do
        [[ $(readlink "$link") != "/memfd:labyrinth:default:$1 (deleted)" ]] ||
            { printf '%s' "$link"; return; }
    done
}
mapfile -t mine < <(sed -n 's/.*memfd:labyrinth:default:\([0-9]*\).*/\1/p' \
    "/proc/$ada/maps")
lease=$(file_of "${mine[0]}")
for blank in {0..31}; do
    [[ " ${mine[*]} " == *" $blank "* ]] || break
done

start stranger "$plant" map "$lease"
finds "a stranger maps ada's lease" "frame-shared mapped-elsewhere" \
    "first('mapped-elsewhere')['pid']" "$planted" \
    "first('mapped-elsewhere')['guest']" ada \
    "first('mapped-elsewhere')['extent']" "${mine[0]}" \
    "first('frame-shared')['frame'] > 0" True
tap_is "and as text: exit status" "$(audit)" 1
tap_like "and as text: a sentence" "$(<"$found")" \
    "pool default, extent ${mine[0]}, guest ada \(process $ada\): process $planted maps it too"
tap_is "another pool is clean" "$(audit --json other)" 0
tap_is "the pool by its name is not" "$(audit --json default)" 1
finish
start holder "$plant" hold "$lease"
finds "a stranger holds ada's lease" "descriptor-elsewhere" \
    "first('descriptor-elsewhere')['pid']" "$planted"
finish
start apart "$plant" apart "$lease"
finds "a thread holds it apart from the others" "descriptor-elsewhere" \
    "first('descriptor-elsewhere')['pid']" "$planted"
finish
start orphan "$plant" orphan "$lease"
finds "a process without its first thread maps it" \
    "frame-shared mapped-elsewhere" \
    "first('mapped-elsewhere')['pid']" "$planted"
finish
start early "$plant" map "$(file_of "$blank")"
finds "a stranger maps what is nobody's" "mapped-unowned" \
    "first('mapped-unowned')['extent']" "$blank"
finish
start keeper "$plant" hold "$(file_of "$blank")"
finds "a stranger holds what is nobody's" "descriptor-elsewhere"
finish
start thief "$plant" vmm "$socket" bob whole "$lease"
finds "another guest's VMM maps ada's lease" "frame-shared mapped-elsewhere"
tap_like "and it is named" "$(of "first('mapped-elsewhere')['text']")" \
    "guest bob's VMM \(process $planted\) maps it too"
finish
clean "all of them gone"

# KSM, where the kernel has it: what it merges is a private copy. The pages of
# two guests become one.
ksm=/sys/kernel/mm/ksm
merged() { (($(<"/proc/$1/ksm_merging_pages") == 1024)); }
run_before=$(<$ksm/run) scan_before=$(<$ksm/pages_to_scan)
start merge "$plant" vmm "$socket" bob merge
first=$planted first_in=$planted_in
start merge-too "$plant" vmm "$socket" cyd merge
echo 10000 >$ksm/pages_to_scan
echo 1 >$ksm/run
end=$((SECONDS + 120))
until merged "$first" && merged "$planted" || ((SECONDS >= end)); do
    read -r -t 0.1 _ <&"$console" || true # ksmd's turn
done
finds "two VMMs let KSM merge their leases" \
    "frame-copy frame-ksm frame-shared frame-twice mapped-private mergeable" \
    "sorted({d['guest'] for d in found['differences'] if d['check'] == 'frame-twice'})" \
    "['bob', 'cyd']"
finish
planted=$first planted_in=$first_in
finish
echo "$run_before" >$ksm/run
echo "$scan_before" >$ksm/pages_to_scan

# Swap: in the testbed alone, whose memory is nobody else's.
if [[ ${LABYRINTH_TESTBED:-} == emulated ]]; then
    modprobe zram
    echo 64M >/sys/block/zram0/disksize
    mkswap /dev/zram0 >/dev/null
    swapon /dev/zram0
    vmm swapped "not-locked not-resident swapped"
    swapoff /dev/zram0
    # A disk that takes its time has a cache; a private copy can be in it.
    modprobe loop
    truncate -s 64M /dev/shm/swap
    disk=$(losetup --find --show /dev/shm/swap)
    mkswap "$disk" >/dev/null
    swapon "$disk"
    vmm cached "frame-copy frame-swapcache mapped-private not-locked"
    swapoff "$disk"
fi

# A ledger that is wrong, as a broker would tell it: one to whom the real one is
# a stranger with many descriptors.
lie() {
    start "$1" "$liar" "$socket" "/run/$1.sock" "$1"
    tap_is "a ledger with wrong $1: exit status" \
        "$(audit --json --broker "/run/$1.sock")" 1
    tap_is "a ledger with wrong $1: found" "$(of "$checks")" \
        "descriptor-elsewhere $2"
    finish
}
lie sums "ledger-sums"
lie held "ledger-sums"
lie owner "ledger-owner ledger-sums mapped-elsewhere"
lie limit "ledger-guarantee ledger-limit"
lie guarantee "ledger-guarantee"
lie blank "ledger-owner ledger-sums mapped-unowned"
lie backing "frame-backing"
clean "in truth"

# What cannot be looked at is not clean.
cannot() {
    local what=$1 pattern=$2
    shift 2
    tap_is "$what: exit status" "$(audit "$@")" 2
    tap_like "$what: says why" "$(<"$work/audit.err")" "$pattern"
}
start nonsense "$liar" "$socket" /run/nonsense.sock nonsense
cannot "an answer without sense" 'makes no sense' --broker /run/nonsense.sock
finish
cannot "no broker" 'connect to the broker' --broker /run/none.sock
cannot "no such pool" 'no pool named pond' pond
cannot "an unknown option" 'unrecognized option' --fast
cannot "two pools" 'one POOL at most' default other
status=0
setpriv --reuid=65534 --regid=65534 --clear-groups -- \
    "$labyrinth" audit >/dev/null 2>"$work/audit.err" || status=$?
tap_is "as nobody: exit status" "$status" 2

# The last, as it stays: the broker itself maps what it has lent.
start inside "$plant" inside "$lease"
finds "the broker maps ada's lease" "frame-shared mapped-elsewhere" \
    "first('mapped-elsewhere')['pid']" "$broker_pid" \
    "first('mapped-elsewhere')['extent']" "${mine[0]}"
finish

{ kill -KILL "$ada" && wait "$ada"; } 2>/dev/null || true
stop_broker
tap_is "the broker ends when asked" $? 0

# Huge pages, likewise in the testbed alone.
if [[ ${LABYRINTH_TESTBED:-} == emulated ]]; then
    echo 8 >/proc/sys/vm/nr_hugepages
    start_broker --pool default=16M,backing=hugetlb
    start whole "$plant" vmm "$socket" bob whole
    clean "huge pages"
    tap_is "huge pages: they are" "$(of 'found["pools"][0]["backing"]')" hugetlb
    tap_is "huge pages: all frames" "$frames" 1024
    finish
    start unlocked "$plant" vmm "$socket" bob unlocked
    clean "huge pages need no lock"
    finish
    vmm twice "frame-shared mapped-twice"
fi
tap_done
