# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For scripts that run as root inside the testbed: a broker of one's own, and
# what virsh says of its pool. Nothing is left behind, however the script ends.

# On a machine's own Linux there may be others, a broker or a libvirt in
# earnest: start again, with a /run of this script's own, and with processes
# that all end with it.
if [[ ${LABYRINTH_TESTBED:-} != emulated && ! ${LABYRINTH_OWN_RUN:-} ]]; then
    export LABYRINTH_OWN_RUN=1
    exec unshare --mount --pid --fork --kill-child --mount-proc \
        bash -c 'mount -t tmpfs -o mode=755 run /run && exec bash "$@"' \
        own-run "$0" "$@"
fi

labyrinth=$abs_top_builddir/vmm/labyrinth
labyrinthd=$abs_top_builddir/vmm/labyrinthd
demo_elf=$abs_top_builddir/guest/labyrinth-demo.elf
uri=labyrinth:///system
work=$(mktemp -d)
broker_pid=
trap leave EXIT

# leave: end what runs, remove what was made.
leave() {
    local process
    for process in $(jobs -p); do
        { kill -KILL "$process" && wait "$process"; } 2>/dev/null || true
    done
    rm -rf "$work"
}

# begin_broker COMMAND...: a labyrinthd, whose log broker_says reads.
begin_broker() {
    mkfifo "$work/broker.fifo"
    "$@" 2>"$work/broker.fifo" &
    broker_pid=$!
    [[ ! ${broker_log:-} ]] || exec {broker_log}<&-
    exec {broker_log}<"$work/broker.fifo"
    rm "$work/broker.fifo"
    : >"$work/broker.log"
}

# broker_says TEXT: read its log up to a line with TEXT; false if it ends
# without. All lines so far are in $work/broker.log.
broker_says() {
    local line
    while IFS= read -r line <&"$broker_log"; do
        printf '%s\n' "$line" >>"$work/broker.log"
        [[ $line != *"$1"* ]] || return 0
    done
    return 1
}

# start_broker OPTION...: returns when the broker says that it is ready.
# Its log is $work/broker.log. Pools of so many M are of LABYRINTH_TEST_BACKING,
# if that is set: the same tests for each backing.
start_broker() {
    local option options=()
    for option; do
        [[ ! ${LABYRINTH_TEST_BACKING:-} || $option != *=*M ]] ||
            option+=,backing=$LABYRINTH_TEST_BACKING
        options+=("$option")
    done
    begin_broker "$labyrinthd" "${options[@]}"
    if broker_says ready; then
        cat <&"$broker_log" >>"$work/broker.log" &
        return 0
    fi
    printf 'the broker did not come up:\n' >&2
    cat "$work/broker.log" >&2
    return 1
}

# stop_broker: ask it to end; the status is its own.
stop_broker() {
    kill -TERM "$broker_pid"
    wait "$broker_pid"
}

# client FOLDER PROGRAM ARGUMENT...: one that fetch-clients has unpacked, on its
# own C library.
client() {
    local libraries=$1/libraries program=$1/programs/$2
    shift 2
    "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$program" "$@"
}

# leases STATE [POOL]: how many leases of the pool are in this state.
leases() {
    virsh -c "$uri" pool-dumpxml "${2:-default}" |
        sed -n "s/.*state name=['\"]$1['\"] leases=['\"]\([0-9]*\)['\"].*/\1/p"
}

# pool_whole TOTAL [POOL]: wait until every lease is blank again. The scrubbing goes
# on in the background, so ask until it is true, for a minute at most; each
# question is a round trip to the broker.
pool_whole() {
    local end=$((SECONDS + 60)) blank
    while ((SECONDS < end)); do
        blank=$(leases blank "${2:-default}")
        [[ $blank != "$1" ]] || return 0
    done
    virsh -c "$uri" pool-dumpxml "${2:-default}" >&2
    return 1
}

# audit_clean WHEN
audit_clean() {
    local said
    if said=$("$labyrinth" audit 2>&1); then
        tap_ok "$1: the audit is clean"
    else
        tap_not_ok "$1: the audit is clean" "$said"
    fi
}

# start NAME COMMAND...: a process that says a line, which is then in $said, and
# stays until finish. Its number is in $planted.
start() {
    local name=$1
    shift
    mkfifo "$work/$name.in" "$work/$name.out"
    "$@" <"$work/$name.in" >"$work/$name.out" &
    planted=$!
    exec {planted_in}>"$work/$name.in"
    IFS= read -r said <"$work/$name.out" || said=nothing
    rm "$work/$name.in" "$work/$name.out"
}

finish() {
    exec {planted_in}>&-
    { kill -KILL "$planted" && wait "$planted"; } 2>/dev/null || true
}
