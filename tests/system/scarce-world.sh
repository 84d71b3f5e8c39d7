# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For scarce-inside.sh, after broker.sh: a broker, ada, and how the host gets
# short of things.

total=32
[[ -d /var/lib/labyrinth ]] || mkdir -p /var/lib/labyrinth
mount -t tmpfs -o size=64k state /var/lib/labyrinth
mkdir -p /run/labyrinth
mount -t tmpfs -o size=64k run /run/labyrinth
broker=("$labyrinthd" --pool default=$((total * 2))M --adopt-timeout 120000)
vmm=("$labyrinth" run --kernel-timeout 200 --name)
bob=("${vmm[@]}" bob --broker /run/labyrinth/broker.sock --limit 8M
    "$demo_elf" storm 3 60)
v() { virsh -q -c "$uri" "$@" 2>&1; }

cat >"$work/eve.xml" <<END
<domain type='kvm'><name>eve</name><memory unit='MiB'>8</memory>
  <os><type arch='x86_64'>hvm</type><kernel>$demo_elf</kernel></os></domain>
END

# Not a wait for anything: it leaves the processor to the others.
nap() { read -r -t 0.02 _ <&"$never" || true; }
mkfifo "$work/never"
exec {never}<>"$work/never"

# until_true COMMAND...: ask until it is so, for a minute at most.
until_true() {
    local end=$((SECONDS + 60))
    while ((SECONDS < end)); do
        ! "$@" || return 0
        nap
    done
    return 1
}
is_back() { [[ $(<"$work/broker.log") == *'guest ada is back'* ]]; }

# One that nothing has happened to.
need_broker() {
    start_broker "${broker[@]:1}"
    until_true is_back
}

start_broker "${broker[@]:1}"
mkfifo "$work/console"
"${vmm[@]}" ada --guarantee 18M --limit 18M "$demo_elf" keep 0 50 \
    >"$work/console" 2>"$work/ada.err" &
ada_pid=$!
exec {ada_console}<"$work/console"

# turns WHAT: two more, the second begun from now on, find all as it was.
turns() {
    local line='' count=0
    while read -r -t 0 <&"$ada_console"; do
        IFS= read -r -t 60 line <&"$ada_console" || break
    done
    while ((count < 2)); do
        IFS= read -r -t 60 line <&"$ada_console" || break
        [[ $line == turn*intact ]] || break
        count=$((count + 1))
    done
    tap_is "$1" "$count ${line##* }" "2 intact"
}

# nothing_lost WHEN
nothing_lost() {
    turns "$1: ada finds all"
    if until_true back_is $((total - 9)); then
        tap_ok "$1: the pool is whole"
    else
        tap_not_ok "$1: the pool is whole" "$(v pool-dumpxml default)"
    fi
    audit_clean "$1"
}
back_is() { [[ $(leases blank) == "$1" ]]; }

# comes_and_goes WHAT [PATTERN [served]]: a guest, a viewer, an audit: served,
# or told why, like PATTERN.
comes_and_goes() {
    local status=0 said
    said=$("${bob[@]}" 2>&1) || status=$?
    if ((status == 0)) && [[ ! ${2:-} ]]; then
        tap_ok "$1: a guest is served"
    elif [[ ${3:-} ]]; then
        tap_is "$1: a guest is served" "$status: $said" 0
    else
        tap_like "$1: a guest is told why" "$status: $said" "^125: .*${2:-: .*}"
    fi
    v list >/dev/null || true
    v pool-dumpxml default >/dev/null || true
    "$labyrinth" audit >/dev/null 2>&1 || true
    if kill -0 "$broker_pid"; then
        tap_ok "$1: the broker lives"
    else
        tap_not_ok "$1: the broker lives" "$(<"$work/broker.log")"
        need_broker
    fi
}

# What is run under limits: LETTER NUMBER, as for ulimit

vmm_with() { (ulimit "-$1" "$2" && exec "${bob[@]}"); }

# Without the broker's socket in its way
alone_with() {
    # shellcheck disable=SC2016 # that shell's own words
    unshare --mount sh -c 'mount -t tmpfs run /run/labyrinth &&
        ulimit "$1" "$2" && shift 2 && exec "$@"' sh "-$1" "$2" \
        "$labyrinth" run --kernel-timeout 200 --limit 8M "$demo_elf" \
        storm 3 30
}

first_with() {
    (ulimit "-$1" "$2" && exec "$labyrinthd" --pool default=8M \
        --run-dir "$work/first" --state-dir none --libvirt-dir none) &
    local first=$! status=0
    until [[ -S $work/first/broker.sock ]] || ! kill -0 $first 2>/dev/null; do
        nap
    done
    kill -TERM $first 2>/dev/null || true
    wait $first || status=$?
    rm -rf "$work/first"
    return "$status"
}

# swept WHAT LETTER COMMAND LIMIT...: under each it does well, or ends and says
# why; at the last it does well. (127: not even libc could be loaded.)
swept() {
    local what=$1 letter=$2 command=$3 limit status said wrong='' well=0 told=0
    for limit in "${@:4}"; do
        status=0
        said=$("$command" "$letter" "$limit" 2>&1) || status=$?
        case $status in
        0) well=$((well + 1)) ;;
        1 | 125 | 126)
            told=$((told + 1))
            [[ $said == *labyrinth*:\ *:\ * ]] || wrong+="$limit: $said; "
            ;;
        127) [[ $said == *'shared libraries'* ]] || wrong+="$limit: $said; " ;;
        *) wrong+="$limit: status $status: $said; " ;;
        esac
    done
    [[ $status == 0 && $told != 0 ]] || wrong+="last: $status; told: $told"
    tap_is "$what: $told times it says why, $well times it does well" \
        "$wrong" ''
}

# Room

# fill FOLDER, unfill FOLDER: to the last byte
fill() { cat /dev/zero >"$1/fill" 2>/dev/null || true; }
unfill() { rm "$1/fill"; }

# room SIZE OPTION: a broker whose folders have that much
room() {
    local status=0 said
    mkdir "$work/room"
    mount -t tmpfs -o "size=$1,$2" room "$work/room"
    "$labyrinthd" --pool default=8M --run-dir "$work/room" --state-dir none \
        --libvirt-dir "$work/room" >"$work/said" 2>&1 &
    until grep -q ready "$work/said" || ! kill -0 $! 2>/dev/null; do
        nap
    done
    kill -TERM $! 2>/dev/null || true
    wait $! || status=$?
    said=$(<"$work/said")
    case $status in
    0) tap_ok "room of $1, $2: enough" ;;
    *) tap_like "room of $1, $2: says why" "$status: $said" \
        '^1: labyrinthd: .*: No space left on device' ;;
    esac
    umount "$work/room"
    rmdir "$work/room"
}

# Memory

# most_of PROCESS, size_of PROCESS: of address space, the most so far, and now, KiB
most_of() { awk '/VmPeak/ { print $2 }' "/proc/$1/status"; }
size_of() { awk '/VmSize/ { print $2 }' "/proc/$1/status"; }

# shares_of KIB: a little less, up to a little more
shares_of() {
    local share
    for share in 90 93 95 96 97 98 99 110; do
        echo $(($1 * share / 100))
    done
}

ended_or_short() {
    ! kill -0 "$broker_pid" 2>/dev/null ||
        [[ $(<"$work/broker.log") == *'no memory for a fresh lease'* ]]
}

make_group() {
    mkdir -p /sys/fs/cgroup/scarce &&
        echo +memory >/sys/fs/cgroup/cgroup.subtree_control &&
        [[ -e /sys/fs/cgroup/scarce/memory.max ]] &&
        echo /sys/fs/cgroup/scarce
}

# Time

# jumps TO...: while a guest comes and goes, with deadlines
jumps() {
    local to status=0 now
    now=$(date +%s)
    "${vmm[@]}" carol --limit 8M "$demo_elf" storm 5 400 >"$work/carol" 2>&1 &
    local carol=$!
    while kill -0 $carol 2>/dev/null; do
        for to; do
            date -s "$to" >/dev/null
            v list >/dev/null
        done
    done
    wait $carol || status=$?
    tap_is "the clock jumps while a guest storms" \
        "$status $(grep -c '^ok' "$work/carol")" '0 3'
    date -s "@$now" >/dev/null
}
