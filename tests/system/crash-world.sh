# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For crash-inside.sh, after broker.sh: a broker that comes and goes; ada, who
# lives through it all; bob, who is killed and comes again under another name;
# and what must hold whatever was killed. One program at a time is traced.

kill_at=$abs_top_builddir/tests/system/kill-at
total=20
broker=("$labyrinthd" --pool default=$((total * 2))M --adopt-timeout 120000)
limit=60 # seconds for anything to happen
bob_pid='' bob_name='' bob_does='' bobs=0 bob_runs=''
half='' # of a line of the broker's log
eve_pid=''
declare -A broker_addresses vmm_addresses probe_at

# probes PROGRAM: "NAME ADDRESS" of each
probes() {
    readelf -n "$1" | awk '$1 == "Name:" { name = $2 }
        $1 == "Location:" { sub(",", "", $2); print name, $2 }'
}

# read_addresses TABLE PROGRAM: a compiler may have put one at two places.
read_addresses() {
    local -n table=$1
    local name address
    while read -r name address; do
        printf -v address '%#x' "$address"
        table[$name]+=${table[$name]:+,}$address
        probe_at[$1/$address]=$name
    done < <(probes "$2")
}

# A zombie has no program any more.
lives() { [[ $1 && -e /proc/$1/exe ]]; }
gone() { ! lives "$1"; }

# until_true COMMAND...: ask until it is so, for a minute at most.
until_true() {
    local end=$((SECONDS + limit))
    while ((SECONDS < end)); do
        ! "$@" || return 0
        # Not a wait for anything: it leaves the processor to the others.
        read -r -t 0.02 _ <&"$never" || true
    done
    fault "not in $limit s: $*"
    return 1
}

# Faults of the running case.
faults=()
fault() { faults+=("$*"); }

# Guests

# vmm NAME OPTION...: the words of a command
vmm() { words=("$labyrinth" run --name "$@"); }

bob_words() {
    bobs=$((bobs + 1))
    bob_name=bob-$bobs bob_does=$1
    vmm "$bob_name" --guarantee 4M --limit 24M --kernel-timeout 500 \
        "$demo_elf" "$1" $((bobs % 15 + 1)) 100
    [[ ! ${bob_console:-} ]] || exec {bob_console}<&-
    mkfifo "$work/console"
}

# Bob is what runs next; its console can be read.
note_bob() {
    bob_pid=$!
    exec {bob_console}<"$work/console"
    rm "$work/console"
    bob_runs=
}

# forget_turns FD: read what a guest has said until now.
forget_turns() {
    local line
    while read -r -t 0 <&"$1"; do
        IFS= read -r -t "$limit" line <&"$1" || return 0
        [[ $line == turn*intact ]] || fault "a guest says: $line"
    done
}

# intact FD NAME: two more turns, the second begun after that, find all as it
# was.
intact() {
    local line turns=0
    while ((turns < 2)); do
        IFS= read -r -t "$limit" line <&"$1" && [[ $line == turn*intact ]] ||
            {
                fault "$2 says no more than: $line"
                return 0
            }
        turns=$((turns + 1))
    done
}

# need_bob EXERCISE: it runs, and does that.
need_bob() {
    need_broker
    if lives "$bob_pid" && [[ $bob_does == "$1" && $bob_runs ]]; then
        return
    fi
    need_no_bob
    bob_words "$1"
    "${words[@]}" >"$work/console" 2>"$work/bob.err" &
    note_bob
    IFS= read -r -t "$limit" _ <&"$bob_console" || fault "bob does not begin"
    bob_runs=yes
}

bob_keeps() { lives "$bob_pid" && [[ $bob_does == keep && $bob_runs ]]; }

kill_bob() { kill -KILL "$bob_pid" 2>/dev/null || true; }

need_no_bob() {
    kill_bob
    wait "$bob_pid" 2>/dev/null || true
    bob_pid='' bob_runs=''
    need_broker
}

# hold COMMAND...: to be run in the background; it begins at release, and its
# process is known before.
hold() { read -r _ <&"$door" && exec "$@"; }
release() { echo >&"$door"; }

# A door of its own for who is held next: what nobody came for is forgotten.
make_door() {
    [[ ! ${door:-} ]] || exec {door}<&-
    mkfifo "$work/door"
    exec {door}<>"$work/door"
    rm "$work/door"
}

hold_bob() {
    make_door
    bob_words "$1"
    hold "${words[@]}" >"$work/console" 2>"$work/bob.err" &
    note_bob
}

# One that wants all there is.
start_eve() {
    vmm eve-$bobs --guarantee 4M --limit $((total * 2))M --kernel-timeout 500 \
        "$demo_elf" hog
    "${words[@]}" >/dev/null 2>"$work/eve.err" &
    eve_pid=$!
}

# administer OPTION...: take what bob holds above its guarantee.
administer() {
    "$labyrinth" revoke "$@" "$bob_name" >/dev/null 2>"$work/revoke.err" &
}

# The broker

kill_broker() {
    kill -KILL "$broker_pid" 2>/dev/null || true
    wait "$broker_pid" 2>/dev/null || true
}

hold_broker() {
    make_door
    begin_broker hold "${broker[@]}"
    back=
}

is_back_or_gone() { # PID NAME: as the broker's log says
    local line
    while IFS= read -r -t 0.02 line <&"$broker_log"; do
        printf '%s%s\n' "$half" "$line" >>"$work/broker.log"
        half=
    done
    half+=$line
    gone "$1" || [[ $(<"$work/broker.log") == *"guest $2 is back"* ]]
}

# There is one; if it is a new one, who lives has come back to it.
need_broker() {
    if gone "$broker_pid"; then
        wait "$broker_pid" 2>/dev/null || true
        begin_broker "${broker[@]}"
        broker_says ready || fault "the broker does not come up"
        back=
    fi
    [[ ! $back ]] || return 0
    until_true is_back_or_gone "$ada_pid" ada || true
    until_true is_back_or_gone "$bob_pid" "$bob_name" || true
    back=yes
}

# Tracing

# aim VICTIM HIT STEPS ADDRESS...
aim() {
    local IFS=,
    sight=(-n "$2" -s "$3" -r "$work/report")
    victim=$1
    sight_at="${*:4}"
    faults=()
}

# target PID: whom to kill beside, or instead.
target() {
    [[ $victim == self || ! $1 ]] || sight+=(-k "$1")
    [[ $victim != other ]] || sight+=(-o)
}

armed() {
    local word
    read -r -t "$limit" word _ <&"$report" && [[ $word == armed ]] ||
        fault "not armed: ${word:-}"
}

# trace_running PID OTHER
trace_running() {
    target "$2"
    "$kill_at" -p "$1" "${sight[@]}" "$sight_at" 2>"$work/kill-at.err" &
    armed
}

# trace_broker OTHER, trace_bob EXERCISE OTHER: from its first instruction on.
trace_broker() {
    target "$1"
    begin_broker "$kill_at" "${sight[@]}" "$sight_at" "${broker[@]}"
    back=
    armed
}

trace_bob() {
    target "$2"
    bob_words "$1"
    "$kill_at" "${sight[@]}" "$sight_at" "${words[@]}" >"$work/console" \
        2>"$work/bob.err" &
    note_bob
    armed
}

# What must hold

# has KEY: of the audit's pool, the number.
has() {
    if [[ $audit =~ \"$1\":\ *([0-9]+) ]]; then
        echo "${BASH_REMATCH[1]}"
    else
        echo 0
    fi
}

audit_says_all_back() {
    audit=$("$labyrinth" audit --json 2>"$work/audit.err") || {
        fault "the audit: $audit $(<"$work/audit.err")"
        return 0
    }
    local name
    for name in bob-$bobs eve-$bobs; do
        [[ $name != "$bob_name" ]] || ! lives "$bob_pid" || continue
        [[ $audit != *"\"$name\""* ]] || return 1
    done
}

check_audit() {
    local state all=0
    until_true audit_says_all_back || true
    for state in blank leased revoking dirty withdrawn; do
        all=$((all + $(has $state)))
    done
    ((all == total)) || fault "the states sum to $all, not $total: $audit"
}

check_memory() {
    lives "$ada_pid" || fault "ada is dead: $(<"$work/ada.err")"
    intact "$ada_console" ada
    ! bob_keeps || intact "$bob_console" "$bob_name"
}

# What a VMM has to say of its broker, or of its guest.
check_words() {
    local said
    said=$(cat "$work/ada.err" "$work/bob.err" 2>/dev/null)
    [[ $said != *'which holds'* ]] || fault "guest and broker differ"
    [[ $said != *'without a broker'* ]] || fault "a guest was not adopted"
}

# bury PID: it is to be dead, and a child of ours.
bury() {
    until_true gone "$1" || return 0
    wait "$1" 2>/dev/null || true
}

# After a case that failed: nobody is traced any more, and no report is left.
begin_again() {
    : >"$work/ada.err"
    kill_broker
    need_no_bob
    while read -r -t 1 _ <&"$report"; do
        :
    done
}

# conclude WHO VICTIM WHAT: the case has come to its kill. In WHAT, an @ is for
# the probe.
conclude() {
    local who=$1 victim=$2 what=$3 word='' place='' self=$broker_pid other=$bob_pid
    [[ $who == broker ]] || self=$bob_pid other=$broker_pid
    read -r -t "$limit" word place <&"$report" || fault "not come by"
    [[ $word == hit ]] || fault "not hit: $word $place $(<"$work/kill-at.err")"
    if [[ $eve_pid ]]; then
        kill -KILL "$eve_pid" 2>/dev/null || true
        wait "$eve_pid" 2>/dev/null || true
        eve_pid=''
    fi
    [[ $victim == other ]] || bury "$self"
    [[ $victim == self ]] || bury "$other"
    need_broker
    # While the audit looks, they make their turns.
    forget_turns "$ada_console"
    ! bob_keeps || forget_turns "$bob_console"
    check_audit
    check_memory
    check_words
    what=${what/@/at ${probe_at[${who}_addresses/$place]:-no probe}}
    if ((${#faults[@]} == 0)); then
        tap_ok "$what"
    else
        tap_not_ok "$what" "${faults[@]}" "$(tail -n 8 "$work/broker.log")" \
            "$(cat "$work"/*.err)"
        begin_again
    fi
}

begin_world() {
    # On huge pages it takes half the time; and there is none to spare, so that
    # the next broker does not come up if one is lost.
    [[ ${LABYRINTH_TESTBED:-} != emulated ]] ||
        echo "$total" >/proc/sys/vm/nr_hugepages
    read_addresses broker_addresses "$labyrinthd"
    read_addresses vmm_addresses "$labyrinth"
    mkfifo "$work/never" "$work/report"
    exec {never}<>"$work/never" {report}<>"$work/report"
    begin_broker "${broker[@]}"
    broker_says ready
    back=yes
    mkfifo "$work/console"
    vmm ada --guarantee 18M --limit 18M "$demo_elf" keep 0 100
    "${words[@]}" >"$work/console" 2>>"$work/ada.err" &
    ada_pid=$!
    exec {ada_console}<"$work/console"
    rm "$work/console"
    IFS= read -r -t "$limit" _ <&"$ada_console"
}

end_world() {
    need_no_bob
    kill -KILL "$ada_pid"
    wait "$ada_pid" 2>/dev/null || true
    if pool_whole "$total"; then
        tap_ok "the pool is whole at the end"
    else
        tap_not_ok "the pool is whole at the end" "$(<"$work/broker.log")"
    fi
}
